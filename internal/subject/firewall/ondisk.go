package firewall

import (
	"encoding/xml"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// onDisk reads the rules that the enabled frameworks load at boot; nil when there are none.
func onDisk(ev *host.Evidence, ws []Framework) *Ruleset {
	var tables []*table
	for _, w := range ws {
		if !w.Enabled {
			continue
		}
		switch w.Name {
		case "nftables":
			for _, f := range scripts(ev) {
				tables = append(tables, parseNFTText(f.Text())...)
			}
		case "iptables":
			for _, s := range savedFiles {
				if t, ok := parseIPTables(s[0], ev.File(s[1]).Text()); ok {
					tables = append(tables, t)
				}
			}
		case "ufw":
			tables = append(tables, ufw(ev, "ip", ufwFiles[:], "ufw"))
			if !strings.EqualFold(setting(ev.File(ufwDefaults).Text(), "IPV6"), "no") {
				tables = append(tables, ufw(ev, "ip6", ufw6Files[:], "ufw6"))
			}
		case "firewalld":
			tables = append(tables, firewalld(ev))
		}
	}
	if len(tables) == 0 {
		return nil
	}
	return summary(tables)
}

// ufw puts its files together as its init script does.
func ufw(ev *host.Evidence, family string, files []string, prefix string) *table {
	var all strings.Builder
	for _, name := range files {
		all.WriteString(ev.File(name).Text())
		all.WriteString("\n")
	}
	t, _ := parseIPTables(family, all.String())
	defaults := ev.File(ufwDefaults).Text()
	for _, h := range [...][3]string{{"INPUT", "input", "DEFAULT_INPUT_POLICY"}, {"FORWARD", "forward", "DEFAULT_FORWARD_POLICY"}} {
		c := t.chain(h[0])
		c.hook, c.policy = h[1], strings.ToLower(setting(defaults, h[2]))
		if c.policy == "reject" || c.policy == "" { // ufw refuses when nothing is set
			c.policy = "drop"
		}
		for _, part := range []string{"before", "user", "after"} {
			c.rules = append(c.rules, rule{verdict: "jump", target: prefix + "-" + part + "-" + h[1]})
		}
	}
	return t
}

// zone is a zone file of firewalld; see firewalld.zone(5).
type zone struct {
	Target string `xml:"target,attr"`
	Ports  []struct {
		Port     string `xml:"port,attr"`
		Protocol string `xml:"protocol,attr"`
	} `xml:"port"`
	Services []struct {
		Name string `xml:"name,attr"`
	} `xml:"service"`
	Interfaces []struct {
		Name string `xml:"name,attr"`
	} `xml:"interface"`
	Sources []struct {
		Address string `xml:"address,attr"`
	} `xml:"source"`
}

// firewalld gives the rules of the default zone and of those that have interfaces or sources. Its
// services stand for their usual ports by name.
func firewalld(ev *host.Evidence) *table {
	t := newTable("inet", "firewalld")
	input, forward := t.chain("filter_INPUT"), t.chain("filter_FORWARD")
	input.hook, input.policy, forward.hook, forward.policy = "input", "accept", "forward", "accept"
	input.rules = []rule{{state: true, verdict: "accept"}, {in: "lo", verdict: "accept"}}
	standard := setting(ev.File("/etc/firewalld/firewalld.conf").Text(), "DefaultZone")
	if standard == "" {
		standard = "public"
	}
	zones := map[string]zone{}
	var names []string
	for _, dir := range []string{"/usr/lib", "/etc"} { // the later one replaces a zone of that name
		files, _ := ev.Glob(dir + firewalldXML + "*.xml")
		for _, f := range files {
			var z zone
			if f.Found() && xml.Unmarshal(f.Data, &z) == nil {
				name := base(f.Path, ".xml")
				if _, ok := zones[name]; !ok {
					names = append(names, name)
				}
				zones[name] = z
			}
		}
	}
	for _, name := range names {
		if z := zones[name]; name != standard && (len(z.Interfaces) > 0 || len(z.Sources) > 0) {
			for _, i := range z.Interfaces {
				z.rules(t.chain("zone_"+name), input, rule{in: i.Name})
			}
			for _, s := range z.Sources {
				z.rules(t.chain("zone_"+name), input, rule{sources: []string{s.Address}})
			}
		}
	}
	zones[standard].rules(t.chain("zone_"+standard), input, rule{})
	input.rules = append(input.rules, rule{verdict: "reject"})
	forward.rules = append(forward.rules, rule{verdict: "reject"})
	return t
}

func (z zone) rules(c, input *chain, given rule) {
	c.rules = nil
	for _, p := range z.Ports {
		c.rules = append(c.rules, rule{proto: p.Protocol, ports: []string{p.Port}, verdict: "accept"})
	}
	for _, s := range z.Services {
		c.rules = append(c.rules, rule{ports: []string{s.Name}, verdict: "accept"})
	}
	if z.Target == "ACCEPT" {
		c.rules = append(c.rules, rule{verdict: "accept"})
	}
	given.verdict, given.target = "jump", c.name
	input.rules = append(input.rules, given)
}
