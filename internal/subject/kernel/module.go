package kernel

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// watchedModules are those that the checks know, with the place of their file.
var watchedModules = []struct{ name, pattern string }{
	{"cramfs", "/lib/modules/*/kernel/fs/cramfs/cramfs.ko*"},
	{"freevxfs", "/lib/modules/*/kernel/fs/freevxfs/freevxfs.ko*"},
	{"hfs", "/lib/modules/*/kernel/fs/hfs/hfs.ko*"},
	{"hfsplus", "/lib/modules/*/kernel/fs/hfsplus/hfsplus.ko*"},
	{"jffs2", "/lib/modules/*/kernel/fs/jffs2/jffs2.ko*"},
	{"udf", "/lib/modules/*/kernel/fs/udf/udf.ko*"},
	{"dccp", "/lib/modules/*/kernel/net/dccp/dccp.ko*"},
	{"sctp", "/lib/modules/*/kernel/net/sctp/sctp.ko*"},
	{"rds", "/lib/modules/*/kernel/net/rds/rds.ko*"},
	{"tipc", "/lib/modules/*/kernel/net/tipc/tipc.ko*"},
	{"usb_storage", "/lib/modules/*/kernel/drivers/usb/storage/usb-storage.ko*"},
}

func isWatched(module string) bool {
	for _, m := range watchedModules {
		if m.name == module {
			return true
		}
	}
	return false
}

// canonical gives the form of /proc/modules: underscores.
func canonical(module string) string { return strings.ReplaceAll(module, "-", "_") }

func (f *Fact) modules(ev *host.Evidence) {
	m := &f.Modules
	if !f.Tree {
		loaded := ev.File("/proc/modules")
		f.Note(partModules, loaded.Err)
		m.Off = loaded.Err != nil && loaded.Err.Cause == fact.NotFound || f.Running["kernel.modules_disabled"] == "1"
		for line := range strings.Lines(loaded.Text()) {
			if w := strings.Fields(line); len(w) > 0 && isWatched(w[0]) {
				m.Loaded = append(m.Loaded, w[0])
			}
		}
		slices.Sort(m.Loaded)
	}
	for _, w := range watchedModules {
		if f.exists(ev, partModules, []string{w.pattern}) != "" {
			m.Available = append(m.Available, w.name)
		}
	}
	for _, file := range f.dropIns(ev, partModprobe, modprobeFolders) {
		m.Rules = append(m.Rules, moduleRules(file.Real, file.Text())...)
	}
	for _, b := range f.Boot {
		if b.Name == "module_blacklist" || b.Name == "modprobe.blacklist" {
			for name := range strings.SplitSeq(b.Value, ",") {
				if isWatched(canonical(name)) {
					m.Rules = append(m.Rules, ModuleRule{Module: canonical(name), Kind: "blacklist", Source: b.Source})
				}
			}
		}
	}
}

// moduleRules reads modprobe.d(5): of the lines about watched modules, install and blacklist.
func moduleRules(name, text string) []ModuleRule {
	var out []ModuleRule
	n, first, pending := 0, 0, ""
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if pending == "" {
			first = n
		}
		if before, more := strings.CutSuffix(line, `\`); more {
			pending += before + " "
			continue
		}
		w := strings.Fields(pending + line)
		pending = ""
		if len(w) < 2 || strings.HasPrefix(w[0], "#") || !isWatched(canonical(w[1])) {
			continue
		}
		if w[0] == "install" && len(w) > 2 || w[0] == "blacklist" {
			out = append(out, ModuleRule{canonical(w[1]), w[0], clip(strings.Join(w[2:], " "), 100), fmt.Sprintf("%s:%d", name, first)})
		}
	}
	return out
}

// barred tells by which rule a module cannot be loaded on demand, "" when it can. Demand goes by an
// alias (fs-cramfs, net-pf-21), which a blacklist ignores as well.
func (m Modules) barred(module string) string {
	for _, r := range m.Rules {
		if r.Module != canonical(module) {
			continue
		}
		program, _, _ := strings.Cut(r.Command, " ")
		if r.Kind == "blacklist" || path.Base(program) == "false" || path.Base(program) == "true" || program == ":" {
			return r.Source
		}
	}
	return ""
}

// without makes a check that modules cannot be loaded; the catalogue's list "modules" names them.
func without(c check.Check) *check.Check {
	c.Requirements = []string{"A.5.2.1"}
	c.Rule = check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if why := f.elsewhere(); why != "" {
			return check.Inapplicable(why)
		}
		if why := f.kernelless(); why != "" {
			return check.Inapplicable(why)
		}
		m := f.Modules
		var vs []check.Violation
		for _, name := range p.Strings("modules") {
			id := canonical(name)
			loaded := slices.Contains(m.Loaded, id)
			switch {
			case declared.Runs(name) || declared.Runs(id):
			case loaded:
				vs = append(vs, check.Violation{Key: "module:" + id, At: "/modules/loaded", Source: "/proc/modules", Detail: "the module " + name + " is loaded"})
			case slices.Contains(m.Available, id) && !m.Off && m.barred(id) == "":
				if _, missing := f.Gaps[partModprobe]; missing {
					continue // it may be barred there; said below
				}
				vs = append(vs, check.Violation{Key: "module:" + id, At: "/modules/available", Source: "/lib/modules",
					Detail: "the module " + name + " is installed and can be loaded: no install or blacklist line in modprobe.d"})
			}
		}
		for _, part := range []string{partModules, partModprobe} {
			if gap, missing := f.Gaps[part]; missing && len(vs) > 0 {
				return check.Failed("", vs).Beside(gap.Error())
			} else if missing {
				return check.Unclear(&gap)
			}
		}
		if len(vs) > 0 {
			return check.Failed("", vs)
		}
		if m.Off {
			return check.Passed("this kernel loads no modules")
		}
		return check.Passed("none of " + strings.Join(p.Strings("modules"), ", ") + " is loaded or can be loaded")
	})
	return &c
}

func bar(modules ...string) string {
	b := "cat > /etc/modprobe.d/60-unneeded.conf <<'END'\n"
	for _, m := range modules {
		b += "install " + m + " /bin/false\nblacklist " + m + "\n"
	}
	return b + "END\nmodprobe -r " + strings.Join(modules, " ")
}

// OddFilesystems judges modules of file systems.
var OddFilesystems = without(check.Check{
	ID:         "kernel-filesystem-modules",
	Title:      "File systems that no server needs cannot be loaded",
	Doc:        "A crafted disk or image reaches the driver of its file system; those that hardly anyone uses are tested least.",
	Remedy:     bar("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2", "udf") + "\n\nDeclare a module that is needed under runs: of the system.",
	References: []string{"CIS Debian 12 1.1.1.1", "CIS Debian 12 1.1.1.2", "CIS Debian 12 1.1.1.3", "CIS Debian 12 1.1.1.4", "CIS Debian 12 1.1.1.5"},
	Examples: []check.Example{
		check.Passes("not installed", run()),
		check.Passes("barred", Fact{Modules: Modules{Available: []string{"cramfs"}, Rules: []ModuleRule{{"cramfs", "install", "/bin/false", "/etc/modprobe.d/a.conf:1"}}}}),
		check.Fails("loaded though barred", Fact{Modules: Modules{Loaded: []string{"cramfs"}, Rules: []ModuleRule{{"cramfs", "install", "/bin/false", "/etc/modprobe.d/a.conf:1"}}}}, "module:cramfs"),
		check.Fails("can be loaded", Fact{Modules: Modules{Available: []string{"hfs", "jffs2"}, Rules: []ModuleRule{{"jffs2", "blacklist", "", "/etc/modprobe.d/a.conf:1"}}}}, "module:hfs"),
		check.Skips("an image for containers", Fact{Tree: true}),
		check.Skips("a container", Fact{Container: "lxc"}),
	},
})

// OddProtocols judges modules of network protocols.
var OddProtocols = without(check.Check{
	ID:         "kernel-protocol-modules",
	Title:      "Network protocols that no server needs cannot be loaded",
	Doc:        "Any user can open a socket of such a protocol, which loads its module; errors in dccp, sctp, rds and tipc have made users root.",
	Remedy:     bar("dccp", "sctp", "rds", "tipc") + "\n\nDeclare a module that is needed under runs: of the system.",
	References: []string{"CIS Debian 12 3.2.1", "CIS Debian 12 3.2.2", "CIS Debian 12 3.2.3", "CIS Debian 12 3.2.4"},
	Examples: []check.Example{
		check.Passes("a kernel without modules", Fact{Modules: Modules{Off: true, Available: []string{"rds"}}}),
		check.Passes("declared", Fact{Modules: Modules{Loaded: []string{"sctp"}}}).Given(router),
		check.Fails("loaded and not declared", Fact{Modules: Modules{Loaded: []string{"sctp"}}}, "module:sctp"),
		check.Fails("can be loaded", Fact{Modules: Modules{Available: []string{"rds", "tipc"}}}, "module:rds", "module:tipc"),
	},
})

// USBStorage judges the module for USB disks.
var USBStorage = without(check.Check{
	ID:     "kernel-usb-storage",
	Title:  "USB disks cannot be attached",
	Doc:    "A USB stick carries data out past every log, and programs in. Servers do not need one.",
	Remedy: bar("usb-storage") + "\n\nDeclare usb-storage under runs: of the system where it is needed.",
	Examples: []check.Example{
		check.Passes("barred", Fact{Modules: Modules{Available: []string{"usb_storage"}, Rules: []ModuleRule{{"usb_storage", "install", "/bin/true", "/etc/modprobe.d/a.conf:1"}}}}),
		check.Fails("can be loaded", Fact{Modules: Modules{Available: []string{"usb_storage"}}}, "module:usb_storage"),
	},
})
