package kernel

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// The parts of the fact that may be missing. A parameter that cannot be read has a part of its
// own, "sysctl NAME".
const (
	partKernel   = "kernel"
	partSysctl   = "sysctl.d"
	partBoot     = "command line"
	partModules  = "modules"
	partModprobe = "modprobe.d"
	partMAC      = "mandatory access control"
	partProfiles = "apparmor profiles"
	partLoader   = "boot loader"
	partLimits   = "limits"
	partCoredump = "coredump.conf"
	partLockdown = "lockdown"
	partPrelink  = "prelink"
	partUnits    = "units"
)

// Folders of drop-ins, the strongest first: a file hides those of the same name further down.
var (
	sysctlFolders   = folders("sysctl.d")
	modprobeFolders = folders("modprobe.d")
	coredumpFolders = folders("systemd/coredump.conf.d")
)

func folders(name string) []string {
	return []string{"/etc/" + name, "/run/" + name, "/usr/local/lib/" + name, "/usr/lib/" + name, "/lib/" + name}
}

var (
	loaderFiles  = []string{"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/grub/user.cfg", "/boot/grub2/user.cfg"}
	systemdFiles = []string{"/usr/lib/systemd/systemd", "/lib/systemd/systemd"}
	kernelFiles  = []string{"/boot/vmlinuz*", "/boot/Image*", "/lib/modules/*", "/usr/lib/modules/*"}
	dumpHandlers = []string{"/usr/lib/systemd/systemd-coredump", "/lib/systemd/systemd-coredump"}
	prelinkFiles = []string{"/usr/sbin/prelink", "/usr/bin/prelink"}
	parserFiles  = []string{"/usr/sbin/apparmor_parser", "/sbin/apparmor_parser"}
)

// forwarders are the marks of programs that cannot work without forwarding.
var forwarders = []struct{ name, mark string }{
	{"docker", "/run/docker.sock"}, {"containerd", "/run/containerd/containerd.sock"}, {"crio", "/run/crio/crio.sock"},
	{"cni", "/etc/cni/net.d/*"}, {"kubelet", "/etc/kubernetes/kubelet.conf"}, {"libvirt", "/run/libvirt/libvirt-sock"},
	{"wireguard", "/etc/wireguard/*.conf"}, {"openvpn", "/etc/openvpn/server/*.conf"}, {"strongswan", "/etc/swanctl/conf.d/*.conf"},
}

// Source gathers how the kernel is set up.
var Source = host.Define(host.Spec[Fact]{Title: "Kernel and boot settings", Needs: needs(), Parse: parse})

func needs() []host.Need {
	read := []string{"/etc/sysctl.conf", "/etc/ufw/sysctl.conf", "/etc/ufw/ufw.conf", "/proc/cmdline", "/etc/kernel/cmdline", "/etc/default/grub",
		"/etc/default/grub.d/*.cfg", "/proc/modules", "/sys/module/apparmor/parameters/enabled", "/sys/kernel/security/apparmor/profiles",
		"/sys/kernel/security/lsm", "/sys/kernel/security/lockdown", "/sys/fs/selinux/enforce", "/etc/selinux/config",
		"/etc/security/limits.conf", "/etc/security/limits.d/*.conf", "/etc/systemd/coredump.conf", "/usr/lib/systemd/coredump.conf",
	}
	read = append(read, loaderFiles...)
	for _, d := range slices.Concat(sysctlFolders, modprobeFolders, coredumpFolders) {
		read = append(read, d+"/*.conf")
	}
	for _, key := range watched {
		read = append(read, procPath(key))
	}
	stat := []string{"/sys/module", "/etc/systemd/system/ctrl-alt-del.target"}
	for _, w := range forwarders {
		stat = append(stat, w.mark)
	}
	stat = slices.Concat(stat, systemdFiles, kernelFiles, dumpHandlers, prelinkFiles, parserFiles)
	for _, m := range watchedModules {
		stat = append(stat, m.pattern)
	}
	return host.Join(host.Read(read...), host.Stat(stat...), host.ContainerNeeds())
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	f := Fact{Tree: ev.Rootfs}
	f.Installed = f.exists(ev, partKernel, kernelFiles) != ""
	f.Systemd = f.exists(ev, partKernel, systemdFiles) != ""
	f.Container = host.Container(ev)
	for _, w := range forwarders {
		if f.exists(ev, partKernel, []string{w.mark}) != "" {
			f.Forwarders = append(f.Forwarders, w.name)
		}
	}
	f.sysctl(ev)
	f.commandLine(ev)
	f.modules(ev)
	f.mac(ev)
	f.loader(ev)
	f.dumps(ev)
	f.Prelink = f.exists(ev, partPrelink, prelinkFiles)
	f.ctrlAltDel(ev)
	f.lockdown(ev)
	return f
}

func (f *Fact) lockdown(ev *host.Evidence) {
	if f.Tree {
		f.Note(partLockdown, notRunning("/sys/kernel/security/lockdown"))
		return
	}
	file := ev.File("/sys/kernel/security/lockdown")
	f.Note(partLockdown, file.Err)
	_, after, _ := strings.Cut(file.Text(), "[")
	f.Lockdown, _, _ = strings.Cut(after, "]")
}

func (f *Fact) ctrlAltDel(ev *host.Evidence) {
	i, problem := ev.Stat("/etc/systemd/system/ctrl-alt-del.target")
	f.Note(partUnits, problem)
	switch {
	case problem != nil:
	case i.Link == "/dev/null":
		f.CtrlAltDel = "masked"
	default:
		f.CtrlAltDel = "replaced"
	}
}

// exists gives the first path that matches one of the patterns.
func (f *Fact) exists(ev *host.Evidence, part string, patterns []string) string {
	for _, p := range patterns {
		infos, problem := ev.StatGlob(p)
		f.Note(part, problem)
		if len(infos) > 0 {
			return infos[0].Path
		}
	}
	return ""
}

// dropIns gives the *.conf files of all folders, ordered by name; of those with one name only the
// one in the strongest folder. A link to /dev/null hides the name and is left out.
func (f *Fact) dropIns(ev *host.Evidence, part string, dirs []string) []host.File {
	byName := map[string]host.File{}
	for _, d := range dirs {
		files, problem := ev.Glob(d + "/*.conf")
		f.Note(part, problem)
		for _, file := range files {
			name := path.Base(file.Path)
			if _, hidden := byName[name]; !hidden {
				byName[name] = file
			}
		}
	}
	names := make([]string, 0, len(byName))
	for n := range byName {
		names = append(names, n)
	}
	slices.Sort(names)
	var out []host.File
	for _, n := range names {
		file := byName[n]
		if file.Real == "/dev/null" {
			continue
		}
		f.Note(part, file.Err)
		if file.Found() {
			out = append(out, file)
		}
	}
	return out
}

func notRunning(what string) *fact.Problem {
	return &fact.Problem{Cause: fact.Unsupported, Source: what, Text: "a file tree does not run"}
}

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
