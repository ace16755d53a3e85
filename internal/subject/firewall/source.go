package firewall

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// The commands that show the rules in force. Reading loads no kernel module of the old iptables:
// iptables-legacy-save shows only tables that are loaded.
var (
	nftList = &host.Command{Name: "nft-ruleset", Argv: []string{"nft", "-j", "list", "ruleset"}, Root: true, Why: "rules of nftables"}
	saved4  = &host.Command{Name: "iptables-save", Argv: []string{"iptables-save", "-t", "filter"}, Root: true, Why: "rules of iptables, IPv4"}
	saved6  = &host.Command{Name: "ip6tables-save", Argv: []string{"ip6tables-save", "-t", "filter"}, Root: true, Why: "rules of iptables, IPv6"}
)

const (
	ufwConf      = "/etc/ufw/ufw.conf"
	ufwDefaults  = "/etc/default/ufw"
	firewalldXML = "/firewalld/zones/"
	ifInet6      = "/proc/net/if_inet6"
	forward4     = "/proc/sys/net/ipv4/ip_forward"
	forward6     = "/proc/sys/net/ipv6/conf/all/forwarding"
)

var (
	nftFiles   = [...]string{"/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"}
	savedFiles = [...][2]string{{"ip", "/etc/iptables/rules.v4"}, {"ip6", "/etc/iptables/rules.v6"}, {"ip", "/etc/sysconfig/iptables"},
		{"ip6", "/etc/sysconfig/ip6tables"}, {"ip", "/etc/iptables/rules-save"}, {"ip6", "/etc/iptables/rules6-save"}}
	ufwFiles  = [...]string{"/etc/ufw/before.rules", "/etc/ufw/user.rules", "/etc/ufw/after.rules"}
	ufw6Files = [...]string{"/etc/ufw/before6.rules", "/etc/ufw/user6.rules", "/etc/ufw/after6.rules"}
	// units that load rules at boot, and the framework that each stands for
	loaders = [...][2]string{{"nftables", "nftables"}, {"ufw", "ufw"}, {"firewalld", "firewalld"}, {"netfilter-persistent", "iptables"},
		{"iptables", "iptables"}, {"ip6tables", "iptables"}}
)

// Source gathers packet filter rules.
var Source = host.Define(host.Spec[Fact]{
	Title:  "Packet filter",
	Needs:  needs(),
	Follow: follow,
	Parse:  parse,
})

func needs() []host.Need {
	read := []string{ufwConf, ufwDefaults, "/etc/firewalld/firewalld.conf", "/etc/firewalld/zones/*.xml", "/usr/lib/firewalld/zones/*.xml", ifInet6, forward4, forward6}
	read = append(read, nftFiles[:]...)
	read = append(read, ufwFiles[:]...)
	read = append(read, ufw6Files[:]...)
	for _, f := range savedFiles {
		read = append(read, f[1])
	}
	var stat []string
	for _, l := range loaders {
		stat = append(stat, wants(l[0])...)
	}
	return host.Join(host.Read(read...), host.Stat(stat...), host.ContainerNeeds(), host.Run(nftList, saved4, saved6))
}

func wants(unit string) []string {
	return []string{"/etc/systemd/system/*.wants/" + unit + ".service", "/usr/lib/systemd/system/*.wants/" + unit + ".service", "/etc/runlevels/*/" + unit}
}

// follow names the files that nftables scripts include.
func follow(ev *host.Evidence) []host.Need {
	var more []string
	for _, f := range scripts(ev) {
		more = append(more, includes(f.Text())...)
	}
	return host.Read(more...)
}

// scripts gives the nftables files that are loaded at boot and what they include, each once.
func scripts(ev *host.Evidence) []host.File {
	var out []host.File
	queue := nftFiles[:]
	seen := map[string]bool{}
	for i := 0; i < len(queue) && i < 200; i++ {
		if seen[queue[i]] {
			continue
		}
		seen[queue[i]] = true
		files := []host.File{ev.File(queue[i])}
		if host.IsPattern(queue[i]) {
			files, _ = ev.Glob(queue[i]) // a folder that cannot be listed leaves the includes out; the running rules decide
		}
		for _, f := range files {
			if f.Found() {
				out = append(out, f)
				queue = append(slices.Clone(queue), includes(f.Text())...)
			}
		}
	}
	return out
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	f := Fact{Container: host.Container(ev) != ""}
	f.kernel(ev)
	f.Frameworks = frameworks(ev, &f)
	f.OnDisk = onDisk(ev, f.Frameworks)
	f.commands(ev)
	f.running(ev)
	if f.Missing()[partRules].Cause == fact.Denied {
		f.Container = false // somebody with more rights may see rules in it
	}
	if f.Container && (f.Running == nil || !f.Running.IPv4.Input.Filtered && !f.Running.IPv6.Input.Filtered) {
		return Fact{Container: true}
	}
	f.Container = false // one that filters for itself is judged like any host
	return f
}

func (f *Fact) kernel(ev *host.Evidence) {
	for line := range strings.Lines(ev.File(ifInet6).Text()) {
		fields := strings.Fields(line)
		f.IPv6 = f.IPv6 || len(fields) == 6 && fields[5] != "lo"
	}
	for _, name := range []string{forward4, forward6} {
		f.Forwards = f.Forwards || strings.TrimSpace(ev.File(name).Text()) == "1"
	}
	for _, name := range []string{forward4, forward6, ifInet6} {
		f.Note(partKernel, ev.File(name).Err) // without IPv6 two of them do not exist
	}
	if ev.Rootfs {
		f.Note(partKernel, &fact.Problem{Cause: fact.Unsupported, Source: "addresses and forwarding", Text: "a file tree does not run"})
	}
}

// commands notes scripts that add rules one by one: what they amount to is not understood.
func (f *Fact) commands(ev *host.Evidence) {
	if !slices.ContainsFunc(f.Frameworks, func(w Framework) bool { return w.Name == "nftables" && w.Enabled }) {
		return
	}
	for _, s := range scripts(ev) {
		if nftCommand.Match(s.Data) {
			f.Note(partDisk, &fact.Problem{Cause: fact.NotParsable, Source: s.Path, Text: "it adds rules by commands; write them as tables: nft list ruleset"})
			f.OnDisk = nil
		}
	}
}

// running reads the rules in force. A tool that is not installed shows nothing and hides nothing
// that the others would not show.
func (f *Fact) running(ev *host.Evidence) {
	if ev.Rootfs {
		if f.OnDisk == nil {
			f.Note(partRules, &fact.Problem{Cause: fact.Unsupported, Source: "packet filter rules", Text: "a file tree does not run"})
		}
		return
	}
	var tables []*table
	nft := ev.Output(nftList)
	f.Note(partRules, nft.Err)
	if nft.Err == nil {
		found, err := parseNFT(nft.Stdout)
		if err != nil {
			f.Note(partRules, &fact.Problem{Cause: fact.NotParsable, Source: nftList.String(), Text: err.Error()})
		}
		tables = found
	}
	for _, c := range []struct {
		family  string
		command *host.Command
	}{{"ip", saved4}, {"ip6", saved6}} {
		out := ev.Output(c.command)
		f.Note(partRules, out.Err)
		t, ok := parseIPTables(c.family, string(out.Stdout))
		if out.Err != nil || !ok {
			continue
		}
		// nft shows matches of iptables as names only; iptables-save shows the same table in full.
		tables = slices.DeleteFunc(tables, func(n *table) bool { return n.family == c.family && n.name == "filter" && n.chains["INPUT"] != nil })
		tables = append(tables, t)
	}
	if _, gap := f.Missing()[partRules]; gap {
		return
	}
	f.Running = summary(tables)
}

// frameworks lists what sets up packet filter rules at boot, or could.
func frameworks(ev *host.Evidence, f *Fact) []Framework {
	found := map[string]Framework{}
	for _, l := range loaders {
		for _, pattern := range wants(l[0]) {
			links, p := ev.StatGlob(pattern)
			f.Note(partDisk, p)
			if len(links) > 0 {
				found[l[1]] = Framework{l[1], true, links[0].Path}
			}
		}
	}
	add := func(name, file string) {
		if _, ok := found[name]; !ok && ev.File(file).Found() {
			found[name] = Framework{name, false, file}
		}
	}
	for _, file := range nftFiles {
		add("nftables", file)
		f.Note(partDisk, ev.File(file).Err)
	}
	for _, file := range savedFiles {
		add("iptables", file[1])
		f.Note(partDisk, ev.File(file[1]).Err)
	}
	add("firewalld", "/etc/firewalld/firewalld.conf")
	f.Note(partDisk, ev.File(ufwConf).Err)
	if conf := ev.File(ufwConf); conf.Found() { // the unit is always enabled; this switch decides
		found["ufw"] = Framework{"ufw", strings.EqualFold(setting(conf.Text(), "ENABLED"), "yes"), ufwConf}
	} else {
		delete(found, "ufw")
	}
	var out []Framework
	for _, name := range []string{"firewalld", "iptables", "nftables", "ufw"} {
		if w, ok := found[name]; ok {
			out = append(out, w)
		}
	}
	return out
}

// setting reads NAME=value or NAME="value" of a shell-like file; the last one counts.
func setting(data, name string) (value string) {
	for line := range strings.Lines(data) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.TrimSpace(k) == name {
			value = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return value
}

func base(p, ext string) string { return strings.TrimSuffix(path.Base(p), ext) }
