package filesystems

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// mounted reads /proc/self/mountinfo, proc(5). The last mount on a path covers the others.
func mounted(text string) []Mount {
	last := map[string]Mount{}
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		w, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(w) < 6 || len(kind) < 1 {
			continue
		}
		p := unescape(w[4])
		if slices.Contains(mountPoints, p) {
			last[p] = Mount{p, kind[0], guards(w[5]), "/proc/self/mountinfo"}
		}
	}
	var out []Mount
	for _, p := range mountPoints {
		if m, ok := last[p]; ok {
			out = append(out, m)
		}
	}
	return out
}

// fstab reads fstab(5).
func fstab(text string) []Mount {
	var out []Mount
	n := 0
	for line := range strings.Lines(text) {
		n++
		w := strings.Fields(line)
		if len(w) < 4 || strings.HasPrefix(w[0], "#") {
			continue
		}
		if p := unescape(w[1]); slices.Contains(mountPoints, p) {
			out = append(out, Mount{p, w[2], guards(w[3]), fmt.Sprintf("/etc/fstab:%d", n)})
		}
	}
	return out
}

// guards keeps the options that protect. "user" and "users" bring all three with them, mount(8).
func guards(options string) []string {
	var out []string
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "nodev", "nosuid", "noexec", "ro":
			out = append(out, o)
		case "user", "users":
			out = append(out, "nodev", "noexec", "nosuid")
		case "dev", "suid", "exec":
			out = slices.DeleteFunc(out, func(s string) bool { return s == "no"+o })
		case "rw":
			out = slices.DeleteFunc(out, func(s string) bool { return s == "ro" })
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// mounts gives the mounts to judge: as they are, or on a file tree as they will be. The result
// counts when there is nothing to judge.
func (f Fact) mounts() ([]Mount, string, *check.Result) {
	list, at, part := f.Mounts, "/mounts", partMounts
	if f.Tree {
		list, at, part = f.Fstab, "/fstab", partFstab
	}
	var r check.Result
	gap, missing := f.Gaps[part]
	switch {
	case f.Container != "":
		r = check.Inapplicable("the engine mounts the file systems of a container")
	case missing:
		r = check.Unclear(&gap)
	case f.Tree && len(list) == 0:
		r = check.Inapplicable("the file tree mounts nothing by /etc/fstab")
	default:
		return list, at, nil
	}
	return nil, "", &r
}

func find(list []Mount, p string) int {
	return slices.IndexFunc(list, func(m Mount) bool { return m.Path == p })
}

// options makes a check of mount options. The catalogue's list "mounts" has lines such as
// "/tmp nodev,nosuid". A path that is not mounted by itself is not judged here.
func options(c check.Check) *check.Check {
	c.Requirements = []string{"A.5.2.1"}
	c.Rule = check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		list, at, r := f.mounts()
		if r != nil {
			return *r
		}
		var vs []check.Violation
		var seen []string
		for _, line := range p.Strings("mounts") {
			where, want, _ := strings.Cut(line, " ")
			i := find(list, where)
			if i < 0 || list[i].Type == "autofs" {
				continue
			}
			var missing []string
			for o := range strings.SplitSeq(want, ",") {
				if !slices.Contains(list[i].Options, o) {
					missing = append(missing, o)
				}
			}
			if len(missing) > 0 {
				vs = append(vs, check.Violation{Key: "mount:" + where, At: fmt.Sprintf("%s/%d", at, i), Source: list[i].Source,
					Detail: where + " is mounted without " + strings.Join(missing, ", ")})
			}
			seen = append(seen, where)
		}
		if len(seen) == 0 {
			return check.Inapplicable("none of the paths is a mount of its own")
		}
		return check.Failed("mounted with all options: "+strings.Join(seen, ", "), vs)
	})
	return &c
}

// DeviceOptions judges nodev and nosuid.
var DeviceOptions = options(check.Check{
	ID:         "filesystems-mount-options",
	Title:      "Where users write, neither devices nor set-user-ID programs work",
	Doc:        "A set-user-ID program or a device file that a user brings along, on a stick or in an archive, makes him root.",
	Remedy:     "Add nodev,nosuid to the options of the path in /etc/fstab, then:\n\n    mount -o remount /tmp",
	References: []string{"CIS Debian 12 1.1.2.1.2", "CIS Debian 12 1.1.2.1.3", "CIS Debian 12 1.1.2.2.2", "CIS Debian 12 1.1.2.2.3", "ANSSI BP-028 R28"},
	Examples: []check.Example{
		check.Passes("all set", mounting("/tmp nodev,noexec,nosuid", "/dev/shm nodev,nosuid")),
		check.Passes("/tmp is no mount of its own", mounting("/dev/shm nodev,nosuid")),
		check.Fails("/dev/shm without any", mounting("/tmp nodev,nosuid", "/dev/shm"), "mount:/dev/shm"),
		check.Fails("in fstab of an image", Fact{Tree: true, Fstab: []Mount{{"/tmp", "tmpfs", []string{"nodev"}, "/etc/fstab:3"}}}, "mount:/tmp"),
		check.Skips("a container", Fact{Container: "docker", Mounts: mounting("/dev/shm").Mounts}),
		check.Skips("an image without fstab", Fact{Tree: true}),
	},
})

// ProgramOptions judges noexec.
var ProgramOptions = options(check.Check{
	ID:         "filesystems-mount-noexec",
	Title:      "Where users write temporary files, no programs run",
	Doc:        "Attackers unpack their tools in /tmp and /dev/shm, for these are writable everywhere; noexec stops the simple ones.",
	Remedy:     "Add noexec to the options of the path in /etc/fstab, then:\n\n    mount -o remount /tmp",
	References: []string{"CIS Debian 12 1.1.2.1.4", "CIS Debian 12 1.1.2.2.4", "ANSSI BP-028 R28"},
	Examples: []check.Example{
		check.Passes("set", mounting("/tmp nodev,noexec,nosuid", "/dev/shm nodev,noexec,nosuid")),
		check.Fails("missing", mounting("/tmp nodev,nosuid", "/dev/shm nodev,noexec,nosuid"), "mount:/tmp"),
		check.Skips("no mounts", mounting("/ ")),
	},
})

// Separate judges which folders are file systems of their own.
var Separate = &check.Check{
	ID:           "filesystems-separate",
	Title:        "Folders that fill up or that users write have file systems of their own",
	Doc:          "A full log or home must not stop the system, and mount options protect only what is mounted by itself.",
	Remedy:       "For /tmp: systemctl enable --now tmp.mount (on Debian 12 first: cp /usr/share/systemd/tmp.mount /etc/systemd/system/).\nFor the others, make a volume and move the data when the host is next installed.",
	Requirements: []string{"A.5.2.1"},
	References: []string{"CIS Debian 12 1.1.2.1.1", "CIS Debian 12 1.1.2.3.1", "CIS Debian 12 1.1.2.4.1", "CIS Debian 12 1.1.2.5.1", "CIS Debian 12 1.1.2.6.1",
		"ANSSI BP-028 R28"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		list, at, r := f.mounts()
		if r != nil {
			return *r
		}
		var vs []check.Violation
		for _, where := range p.Strings("paths") {
			// On a file tree a unit may mount /tmp; that shows only when it runs.
			if find(list, where) < 0 && !(f.Tree && where == "/tmp") {
				vs = append(vs, check.Violation{Key: "mount:" + where, At: at, Source: where, Detail: where + " is not a file system of its own"})
			}
		}
		return check.Failed("each of "+strings.Join(p.Strings("paths"), ", ")+" is a file system of its own", vs)
	}),
	Examples: []check.Example{
		check.Passes("all", mounting("/tmp", "/home", "/var", "/var/tmp", "/var/log")),
		check.Fails("only the root", mounting("/"), "mount:/tmp", "mount:/home", "mount:/var", "mount:/var/tmp", "mount:/var/log"),
		check.Skips("a container", Fact{Container: "podman"}),
	},
}

// MountsKept compares the mounts with fstab.
var MountsKept = &check.Check{
	ID:           "filesystems-mounts-kept",
	Title:        "Mount options are the same after a restart",
	Doc:          "An option that was set by hand is lost at the next start, and one that only stands in /etc/fstab has no effect yet.",
	Remedy:       "Write the option into /etc/fstab, or let the mount follow the file:\n\n    mount -o remount PATH",
	Requirements: []string{"A.5.2.1"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Tree {
			return check.Inapplicable("a file tree mounts nothing")
		}
		list, at, r := f.mounts()
		if r != nil {
			return *r
		}
		if gap, missing := f.Gaps[partFstab]; missing {
			return check.Unclear(&gap)
		}
		var vs []check.Violation
		for _, next := range f.Fstab {
			i := find(list, next.Path)
			if i < 0 {
				continue
			}
			var changed []string
			for _, o := range []string{"nodev", "noexec", "nosuid"} {
				now, then := slices.Contains(list[i].Options, o), slices.Contains(next.Options, o)
				switch {
				case now && !then:
					changed = append(changed, o+" is set now but not in fstab")
				case then && !now:
					changed = append(changed, o+" stands in fstab but is not set now")
				}
			}
			if len(changed) > 0 {
				vs = append(vs, check.Violation{Key: "mount:" + next.Path, At: fmt.Sprintf("%s/%d", at, i), Source: next.Source,
					Detail: next.Path + ": " + strings.Join(changed, ", ")})
			}
		}
		return check.Failed("all mounts have the options of /etc/fstab", vs)
	}),
	Examples: []check.Example{
		check.Passes("the same", Fact{Mounts: mounting("/tmp nodev,nosuid").Mounts, Fstab: mounting("/tmp nodev,nosuid").Mounts}),
		check.Passes("not in fstab", mounting("/tmp nodev,nosuid")),
		check.Fails("set by hand", Fact{Mounts: mounting("/tmp nodev,nosuid").Mounts, Fstab: mounting("/tmp nodev").Mounts}, "mount:/tmp"),
		check.Fails("not loaded", Fact{Mounts: mounting("/tmp").Mounts, Fstab: mounting("/tmp nodev").Mounts}, "mount:/tmp"),
		check.Skips("a tree", Fact{Tree: true}),
	},
}

// mounting makes a fact of a running host, for examples: "/tmp nodev,nosuid".
func mounting(lines ...string) Fact {
	var f Fact
	for _, l := range lines {
		p, o, _ := strings.Cut(l, " ")
		f.Mounts = append(f.Mounts, Mount{p, "ext4", guards(o), "/proc/self/mountinfo"})
	}
	return f
}
