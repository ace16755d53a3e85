package timesync

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// rule makes a rule for hosts that have a clock of their own; judge gets the services in use.
func rule(judge func(f Fact, used []int, declared estate.View) check.Result) check.Rule {
	return check.On(func(f Fact, declared estate.View, _ check.Params) check.Result {
		var used []int
		for i, s := range f.Services {
			if f.used(s) {
				used = append(used, i)
			}
		}
		switch {
		case f.Container && len(used) == 0:
			return check.Inapplicable("the clock belongs to the host of this container")
		case !f.Init && len(f.Services) == 0 && f.Missing()[partBoot].Cause == "":
			return check.Inapplicable("nothing here starts services (no init program)")
		}
		for _, part := range []string{partProcesses, partPrograms} {
			if p, ok := f.Missing()[part]; ok && !(part == partProcesses && f.Static) {
				return check.Unclear(&p)
			}
		}
		return judge(f, used, declared)
	})
}

func names(f Fact, used []int) string {
	var out []string
	for _, i := range used {
		out = append(out, f.Services[i].Name)
	}
	return strings.Join(out, ", ")
}

func sample() Fact {
	return Fact{Init: true, Services: []Service{{Name: "chrony", Installed: true, Enabled: "/etc/systemd/system/multi-user.target.wants/chrony.service",
		Running: true, Servers: []Entry{{"2.debian.pool.ntp.org", "/etc/chrony/chrony.conf:8"}}}}}
}

func sampleWith(change func(s *Service)) Fact {
	f := sample()
	change(&f.Services[0])
	return f
}

// Running demands that something keeps the clock right.
var Running = &check.Check{
	ID:           "timesync-running",
	Title:        "A time service sets the clock",
	Doc:          "With a wrong clock logs of two hosts cannot be laid side by side, certificates are refused or accepted past their end, and one-time codes fail.",
	Remedy:       "sudo apt-get install systemd-timesyncd && sudo systemctl enable --now systemd-timesyncd\nor: sudo apt-get install chrony",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 2.3.1.1"},
	Needs:        []string{partBoot, partPrograms, partProcesses},
	Rule: rule(func(f Fact, used []int, _ estate.View) check.Result {
		if len(used) > 0 {
			return check.Passed(names(f, used) + " sets the clock")
		}
		detail := "no time service is installed"
		if len(f.Services) > 0 {
			detail = f.Services[0].Name + " is installed and does not run"
			if f.Static {
				detail = f.Services[0].Name + " is installed and not enabled"
			}
		}
		return check.Failed("", []check.Violation{{Key: "program:timesync", Detail: detail, At: "/services", Source: "processes"}})
	}),
	Examples: []check.Example{
		check.Passes("chrony", sample()),
		check.Fails("stopped", sampleWith(func(s *Service) { s.Running = false }), "program:timesync"),
		check.Fails("none at all", Fact{Init: true}, "program:timesync"),
		check.Skips("a container", Fact{Container: true, Services: []Service{{Name: "timesyncd", Installed: true}}}),
	},
}

// Single demands that one service alone sets the clock.
var Single = &check.Check{
	ID:           "timesync-single",
	Title:        "One time service alone sets the clock",
	Doc:          "Two services pull the clock to and fro; which server is believed is left to chance.",
	Remedy:       "sudo systemctl disable --now systemd-timesyncd   (when chrony is to stay)",
	Requirements: []string{"A.5.2.1", "A.5.2.2"},
	References:   []string{"CIS Debian 12 2.3.1.1"},
	Needs:        []string{partBoot, partPrograms},
	Rule: rule(func(f Fact, used []int, _ estate.View) check.Result {
		switch len(used) {
		case 0:
			return check.Inapplicable("no time service sets the clock; timesync-running asks for one")
		case 1:
			return check.Passed(names(f, used) + " alone sets the clock")
		}
		var vs []check.Violation
		for _, i := range used {
			vs = append(vs, check.Violation{Key: "service:" + f.Services[i].Name, At: fmt.Sprintf("/services/%d", i), Source: "processes",
				Detail: f.Services[i].Name + " is one of several that set the clock: " + names(f, used)})
		}
		return check.Failed("", vs)
	}),
	Examples: []check.Example{
		check.Passes("chrony alone", sample()),
		check.Passes("the other is stopped", Fact{Init: true, Services: []Service{sample().Services[0], {Name: "timesyncd", Installed: true}}}),
		check.Fails("two run", Fact{Init: true, Services: []Service{sample().Services[0], {Name: "timesyncd", Running: true}}}, "service:chrony", "service:timesyncd"),
		check.Skips("none runs", Fact{Init: true}),
	},
}

// Servers asks that the servers are chosen, not left to the program's maker.
var Servers = &check.Check{
	ID:           "timesync-servers",
	Title:        "The time servers are named",
	Doc:          "Without named servers the clock follows whatever the program was built with, or whatever the network's DHCP says. Whoever sets the clock decides which certificates are valid.",
	Remedy:       "timesyncd: NTP=ntp1.example.org ntp2.example.org in /etc/systemd/timesyncd.conf.d/60-servers.conf, then: sudo systemctl restart systemd-timesyncd\nchrony: server ntp1.example.org iburst in /etc/chrony/sources.d/local.sources, then: sudo chronyc reload sources",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 2.3.2.1", "CIS Debian 12 2.3.3.1"},
	Needs:        []string{partBoot, partPrograms, partConfig},
	Rule: rule(func(f Fact, used []int, _ estate.View) check.Result {
		if len(used) == 0 {
			return check.Inapplicable("no time service sets the clock; timesync-running asks for one")
		}
		if p, ok := f.Missing()[partConfig]; ok {
			return check.Unclear(&p)
		}
		var vs []check.Violation
		for _, i := range used {
			s := f.Services[i]
			if len(s.Servers) == 0 {
				vs = append(vs, check.Violation{Key: "service:" + s.Name, At: fmt.Sprintf("/services/%d", i), Source: strings.Join(s.Files, ", "),
					Detail: s.Name + " names no server in its configuration"})
			}
		}
		return check.Failed(names(f, used)+" names its servers", vs)
	}),
	Examples: []check.Example{
		check.Passes("a pool", sample()),
		check.Fails("none named", Fact{Init: true, Services: []Service{{Name: "timesyncd", Running: true, Files: []string{"/etc/systemd/timesyncd.conf"}}}}, "service:timesyncd"),
		check.Skips("none runs", Fact{Init: true}),
	},
}

// Unprivileged demands that the service drops root.
var Unprivileged = &check.Check{
	ID:           "timesync-unprivileged",
	Title:        "The time service does not run as root",
	Doc:          "It reads packets from the network all day. Setting the clock needs one capability, not root.",
	Remedy:       "chrony: remove \"user root\" from chrony.conf and -u root from DAEMON_OPTS in /etc/default/chrony, then: sudo systemctl restart chrony",
	Requirements: []string{"A.5.2.6"},
	References:   []string{"CIS Debian 12 2.3.3.2"},
	Needs:        []string{partBoot, partPrograms, partProcesses},
	Rule: rule(func(f Fact, used []int, _ estate.View) check.Result {
		if len(used) == 0 {
			return check.Inapplicable("no time service sets the clock; timesync-running asks for one")
		}
		var vs []check.Violation
		for _, i := range used {
			if f.Services[i].AsRoot {
				vs = append(vs, check.Violation{Key: "service:" + f.Services[i].Name, At: fmt.Sprintf("/services/%d/as_root", i), Source: "processes",
					Detail: "every process of " + f.Services[i].Name + " runs as root"})
			}
		}
		return check.Failed(names(f, used)+" runs as a user of its own", vs)
	}),
	Examples: []check.Example{
		check.Passes("own user", sample()),
		check.Fails("root", sampleWith(func(s *Service) { s.AsRoot = true }), "service:chrony"),
		check.Skips("none runs", Fact{Init: true}),
	},
}

// Restricted demands that a client does not serve everybody.
var Restricted = &check.Check{
	ID:           "timesync-restricted",
	Title:        "The time service does not answer everybody",
	Doc:          "An open time server amplifies attacks on others with forged sender addresses, and control queries tell versions and peers.",
	Remedy:       "ntp: restrict default kod nomodify nopeer noquery limited\nchrony: remove \"allow\" or name the network: allow 10.0.0.0/8\nA host that is meant to serve time declares a service on 123/udp in the estate.",
	Requirements: []string{"A.5.2.2", "A.5.2.7"},
	Needs:        []string{partBoot, partPrograms, partConfig},
	Rule: rule(func(f Fact, used []int, declared estate.View) check.Result {
		if len(used) == 0 {
			return check.Inapplicable("no time service sets the clock; timesync-running asks for one")
		}
		_, serves := declared.Service(123, "udp")
		var vs []check.Violation
		fault := func(i int, part, detail, source string) {
			vs = append(vs, check.Violation{Key: "service:" + f.Services[i].Name, At: fmt.Sprintf("/services/%d/%s", i, part), Source: source, Detail: detail})
		}
		for _, i := range used {
			s := f.Services[i]
			if !serves && s.Name != "ntp" {
				for _, a := range s.Allowed {
					if open[strings.ToLower(a.Value)] {
						fault(i, "allowed", s.Name+" answers everybody who asks for the time ("+a.Value+")", a.Source)
					}
				}
			}
			if s.Name != "ntp" || f.Missing()[partConfig].Cause != "" {
				continue
			}
			guarded := ""
			for _, r := range s.Restrict {
				if strings.Contains(r.Value, "noquery") || strings.Contains(r.Value, "ignore") {
					guarded = r.Value
				} else {
					fault(i, "restrict", "restrict "+r.Value+" allows control queries (no noquery)", r.Source)
				}
			}
			if guarded == "" && len(s.Restrict) == 0 {
				fault(i, "restrict", "no restrict default: everybody may ask ntpd anything", strings.Join(s.Files, ", "))
			}
		}
		return check.Failed(names(f, used)+" does not answer everybody", vs)
	}),
	Examples: []check.Example{
		check.Passes("a client only", sample()),
		check.Passes("for one network", sampleWith(func(s *Service) { s.Allowed = []Entry{{"10.0.0.0/8", "/etc/chrony/chrony.conf:9"}} })),
		check.Fails("for all", sampleWith(func(s *Service) { s.Allowed = []Entry{{"all", "/etc/chrony/chrony.conf:9"}} }), "service:chrony"),
		check.Fails("ntp without restrict", Fact{Init: true, Services: []Service{{Name: "ntp", Running: true}}}, "service:ntp"),
		check.Passes("ntp with Debian's restrict", Fact{Init: true, Services: []Service{{Name: "ntp", Running: true,
			Restrict: []Entry{{"default kod nomodify nopeer noquery limited", "/etc/ntpsec/ntp.conf:44"}}}}}),
		check.Skips("none runs", Fact{Init: true}),
	},
}

// open are the ways to say everybody.
var open = map[string]bool{"all": true, "0/0": true, "0.0.0.0/0": true, "::/0": true, "*": true, "on *": true, "all 0.0.0.0/0": true}
