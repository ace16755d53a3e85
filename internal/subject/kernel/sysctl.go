package kernel

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// watched are the parameters that are read from the running kernel, one by one: other files under
// /proc/sys hold counters.
var watched = slices.Concat([]string{
	"kernel.randomize_va_space", "kernel.kptr_restrict", "kernel.dmesg_restrict", "kernel.perf_event_paranoid",
	"kernel.yama.ptrace_scope", "kernel.unprivileged_bpf_disabled", "net.core.bpf_jit_harden", "kernel.sysrq",
	"kernel.kexec_load_disabled", "kernel.panic_on_oops", "kernel.core_pattern", "kernel.modules_disabled",
	"fs.suid_dumpable", "fs.protected_hardlinks", "fs.protected_symlinks", "fs.protected_fifos", "fs.protected_regular",
	"vm.mmap_min_addr", "net.ipv4.ip_forward", "net.ipv4.icmp_echo_ignore_broadcasts",
	"net.ipv4.icmp_ignore_bogus_error_responses", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_rfc1337",
	"net.ipv6.conf.all.forwarding",
}, both("net.ipv4.conf", "accept_redirects", "secure_redirects", "send_redirects", "accept_source_route", "log_martians", "rp_filter"),
	both("net.ipv6.conf", "accept_redirects", "accept_source_route", "accept_ra"))

func both(prefix string, names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, prefix+".all."+n, prefix+".default."+n)
	}
	return out
}

func procPath(key string) string { return "/proc/sys/" + swap(key) }

// swap turns dots into slashes and slashes into dots: both forms of sysctl.d(5) into each other.
func swap(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, s)
}

// dotted gives the form with dots, whichever the file uses: the first separator tells.
func dotted(s string) string {
	if i := strings.IndexAny(s, "./"); i >= 0 && s[i] == '/' {
		return swap(s)
	}
	return s
}

func (f *Fact) sysctl(ev *host.Evidence) {
	if !f.Tree {
		f.Running = map[string]string{}
		for _, key := range watched {
			file := ev.File(procPath(key))
			f.Note("sysctl "+key, file.Err)
			if file.Found() {
				f.Running[key] = clip(strings.Join(strings.Fields(file.Text()), " "), 200)
			}
		}
		// Every kernel has this one: without it, /proc/sys is not there, and nothing is known.
		if _, ok := f.Running["kernel.core_pattern"]; !ok {
			for _, key := range watched {
				f.Note("sysctl "+key, &fact.Problem{Cause: fact.Failed, Source: procPath(key), Text: "/proc/sys is not mounted"})
			}
		}
	}
	var all []Setting
	for _, file := range f.dropIns(ev, partSysctl, sysctlFolders) {
		all = append(all, settings(file.Real, file.Text())...)
	}
	conf := ev.File("/etc/sysctl.conf")
	f.Note(partSysctl, conf.Err)
	// systemd reads it only through a link in sysctl.d; "sysctl --system" and OpenRC read it last.
	if !f.Systemd {
		all = append(all, settings(conf.Path, conf.Text())...)
	}
	// ufw sets its own file each time when it starts, after all others.
	ufw, rules := ev.File("/etc/ufw/ufw.conf"), ev.File("/etc/ufw/sysctl.conf")
	f.Note(partSysctl, ufw.Err)
	f.Note(partSysctl, rules.Err)
	if strings.Contains("\n"+strings.ToLower(ufw.Text()), "\nenabled=yes") {
		all = append(all, settings(rules.Path, rules.Text())...)
	}
	f.Settings = lastOfEach(all)
}

// settings reads one file of sysctl.d.
func settings(name, text string) []Setting {
	var out []Setting
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		key, value, assigned := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		optional := strings.HasPrefix(key, "-")
		key = strings.TrimSpace(strings.TrimPrefix(key, "-"))
		if key == "" || !assigned && !optional {
			continue
		}
		out = append(out, Setting{Key: clip(dotted(key), 200), Value: clip(strings.Join(strings.Fields(value), " "), 200),
			Assigned: assigned, Source: fmt.Sprintf("%s:%d", name, n)})
	}
	return out
}

// lastOfEach keeps the last line for each key, in the order in which they take effect.
func lastOfEach(all []Setting) []Setting {
	seen := map[string]bool{}
	var out []Setting
	for _, s := range slices.Backward(all) {
		if !seen[s.Key] {
			seen[s.Key] = true
			out = append(out, s)
		}
	}
	slices.Reverse(out)
	return out
}

// next gives what the files say for a key: its own line, else the last pattern that matches. A line
// of its own, even one without a value, keeps patterns away.
func (f Fact) next(key string) (Setting, bool) {
	var found Setting
	for _, s := range f.Settings {
		if s.Key == key {
			return s, s.Assigned
		}
		if !s.Assigned || !strings.ContainsAny(s.Key, "*?[") {
			continue
		}
		if ok, err := path.Match(swap(s.Key), swap(key)); ok && err == nil {
			found = s
		}
	}
	return found, found.Assigned
}
