package kernel

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/host"
)

func (f *Fact) dumps(ev *host.Evidence) {
	d := &f.Dumps
	limits := []host.File{ev.File("/etc/security/limits.conf")}
	more, problem := ev.Glob("/etc/security/limits.d/*.conf")
	f.Note(partLimits, problem)
	for _, file := range append(limits, more...) {
		f.Note(partLimits, file.Err)
		d.Limits = append(d.Limits, coreLimits(file.Path, file.Text())...)
	}
	main := ev.File("/etc/systemd/coredump.conf")
	f.Note(partCoredump, main.Err)
	if !main.Found() {
		main = ev.File("/usr/lib/systemd/coredump.conf")
		f.Note(partCoredump, main.Err)
	}
	d.read(main.Text())
	for _, file := range f.dropIns(ev, partCoredump, coredumpFolders) {
		d.read(file.Text())
	}
	d.Handler = f.exists(ev, partCoredump, dumpHandlers) != ""
}

// coreLimits reads limits.conf(5): domain, type, item, value.
func coreLimits(name, text string) []Limit {
	var out []Limit
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if w := strings.Fields(line); len(w) == 4 && w[2] == "core" {
			out = append(out, Limit{clip(w[0], 60), clip(w[1], 10), clip(w[3], 20), fmt.Sprintf("%s:%d", name, n)})
		}
	}
	return out
}

// read takes over what one file of coredump.conf(5) sets.
func (d *Dumps) read(text string) {
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		switch value = clip(strings.TrimSpace(value), 20); strings.TrimSpace(name) {
		case "Storage":
			d.Storage = strings.ToLower(value)
		case "ProcessSizeMax":
			d.ProcessSizeMax = value
		}
	}
}

// hard gives the hard limit for all users; the last line counts.
func (d Dumps) hard() (Limit, bool) {
	for _, l := range slices.Backward(d.Limits) {
		if l.Domain == "*" && (l.Type == "hard" || l.Type == "-") {
			return l, true
		}
	}
	return Limit{}, false
}

// CoreDumps judges whether the memory of crashed programs ends up on disk. A pattern that pipes to
// a program makes the kernel ignore the limit: core(5).
var CoreDumps = &check.Check{
	ID:           "kernel-core-dumps",
	Title:        "Programs leave no core dumps",
	Doc:          "A core dump is the memory of a program: keys, passwords and data of users, in a file that outlives the crash.",
	Remedy:       "echo '* hard core 0' > /etc/security/limits.d/60-core.conf\n\nWhere systemd-coredump is installed:\n\n    mkdir -p /etc/systemd/coredump.conf.d\n    printf '[Coredump]\\nStorage=none\\nProcessSizeMax=0\\n' > /etc/systemd/coredump.conf.d/60-off.conf",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.5.3"},
	Rule:         check.On(coreDumps),
	Examples: []check.Example{
		check.Passes("limited", dumping("core", Dumps{Limits: []Limit{{"*", "hard", "0", "/etc/security/limits.conf:50"}}})),
		check.Passes("both limits", dumping("core", Dumps{Limits: []Limit{{"*", "-", "0", "/etc/security/limits.d/a.conf:1"}}})),
		check.Passes("thrown away", dumping("|/bin/false", Dumps{})),
		check.Passes("systemd keeps nothing", dumping("|/usr/lib/systemd/systemd-coredump %P", Dumps{Handler: true, Storage: "none", ProcessSizeMax: "0"})),
		check.Fails("no limit", dumping("core", Dumps{}), "limits:core"),
		check.Fails("a soft limit can be raised", dumping("core", Dumps{Limits: []Limit{{"*", "soft", "0", "/etc/security/limits.conf:50"}}}), "limits:core"),
		check.Fails("allowed", dumping("core", Dumps{Limits: []Limit{{"*", "hard", "unlimited", "/etc/security/limits.conf:50"}}}), "limits:core"),
		check.Fails("systemd keeps them", dumping("|/usr/lib/systemd/systemd-coredump %P", Dumps{Handler: true, Limits: []Limit{{"*", "hard", "0", "/etc/security/limits.conf:50"}}}), "coredump:systemd"),
		check.Fails("a reporter keeps them", dumping("|/usr/share/apport/apport %p", Dumps{}), "coredump:handler"),
		check.Fails("allowed in an image", Fact{Tree: true, Dumps: Dumps{Limits: []Limit{{"*", "-", "unlimited", "/etc/security/limits.conf:3"}}}}, "limits:core"),
		check.Passes("limited in an image", Fact{Tree: true, Dumps: Dumps{Limits: []Limit{{"*", "hard", "0", "/etc/security/limits.conf:3"}}}}),
		check.Skips("an image for containers", Fact{Tree: true}),
		check.Skips("a container", Fact{Container: "docker"}),
	},
}

func dumping(pattern string, d Dumps) Fact {
	return Fact{Running: map[string]string{"kernel.core_pattern": pattern}, Dumps: d}
}

func coreDumps(f Fact, _ estate.View, _ check.Params) check.Result {
	d := f.Dumps
	if f.Container != "" {
		return check.Inapplicable("the host of a container decides on its core dumps")
	}
	fault := func(key, what, at, source string) check.Result {
		return check.Failed("", []check.Violation{{Key: key, Detail: what, At: at, Source: source}})
	}
	pattern, known, at := f.Running["kernel.core_pattern"], f.Running != nil, "/running/kernel.core_pattern"
	if gap, missing := f.Gaps["sysctl kernel.core_pattern"]; missing {
		return check.Unclear(&gap)
	}
	if f.Tree {
		s, set := f.next("kernel.core_pattern")
		pattern, known, at = s.Value, set, "/settings"
		if !set {
			pattern, known = "core", true
		}
	}
	if !known {
		return check.Unseen("kernel.core_pattern was not seen")
	}
	program, piped := strings.CutPrefix(pattern, "|")
	program, _, _ = strings.Cut(program, " ")
	switch path.Base(program) {
	case "false", "true":
		if piped {
			return check.Passed("core dumps are thrown away: kernel.core_pattern is " + pattern)
		}
	case "systemd-coredump":
		if gap, missing := f.Gaps[partCoredump]; missing {
			return check.Unclear(&gap)
		}
		if d.Storage == "none" && d.ProcessSizeMax == "0" {
			return check.Passed("systemd-coredump keeps nothing")
		}
		return fault("coredump:systemd", fmt.Sprintf("systemd-coredump keeps dumps: Storage is %s and ProcessSizeMax is %s, want none and 0",
			orDefault(d.Storage, "external"), orDefault(d.ProcessSizeMax, "the default")), "/dumps", "/etc/systemd/coredump.conf")
	}
	if piped {
		return fault("coredump:handler", "the kernel hands dumps of all programs to "+program+", whatever the limits say", at, procPath("kernel.core_pattern"))
	}
	limit, set := d.hard()
	gap, missing := f.Gaps[partLimits]
	switch {
	case set && limit.Value == "0":
		return check.Passed("the hard limit for all users is 0 (" + limit.Source + ")")
	case set && !missing:
		return fault("limits:core", "the hard limit for core dumps of all users is "+limit.Value+", want 0", "/dumps/limits", limit.Source)
	case missing:
		return check.Unclear(&gap)
	case f.kernelless() != "":
		return check.Inapplicable(f.kernelless())
	}
	return fault("limits:core", "no hard limit keeps users from writing core dumps; want \"* hard core 0\"", "/dumps/limits", "/etc/security/limits.conf")
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
