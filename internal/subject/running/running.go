// Package running knows which installed files the processes of a host run, which of these were replaced on disk since,
// and to which packages they belong. An upgrade mends what starts after it: what runs goes on with the old code.
package running

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what runs on one host. Process ids are no part of it: they would make it new at every look.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Processes int      `json:"processes,omitempty" drift:"-"` // that were looked at, rounded down to a power of two
	Packages  []string `json:"packages,omitempty" drift:"-"`  // of the distribution, of which some file is mapped by a process
	Programs  []string `json:"programs,omitempty" drift:"-"`  // running programs that are of no package
	Stale     []Stale  `json:"stale,omitempty" drift:"-"`     // ordered by program
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "running", Version: 1} }

// Stale is a program that runs files which are no longer on disk.
type Stale struct {
	Program string   `json:"program"` // its name without folder
	Init    bool     `json:"init,omitempty"`
	Units   []string `json:"units,omitempty"` // of systemd, ordered
	Session bool     `json:"session,omitempty"`
	Files   []File   `json:"files"` // ordered by path, at most 20
}

// File is a file that was replaced or removed while it ran, with the package that has it now.
type File struct {
	Path    string `json:"path"`
	Package string `json:"package,omitempty"`
}

// Parts of the fact, the names of its gaps.
const (
	partProcesses = "processes"
	partOwners    = "owners"
)

const (
	maxFiles    = 20
	maxPrograms = 2000
)

const (
	dpkgStatus = "/var/lib/dpkg/status"
	apkDB      = "/lib/apk/db/installed"
	apkDBNew   = "/usr/lib/apk/db/installed"
)

// dpkgOwners lists the packages of programs and libraries. The patterns are constants: the paths that were seen are never
// handed to a command.
var dpkgOwners = &host.Command{Name: "dpkg-owners",
	Argv:  []string{"dpkg-query", "-S", "*.so*", "*bin/*", "*/libexec/*", "*/systemd/systemd*", "*/lib/*/*d"},
	Exits: []int{1}, // a pattern that nothing matches
	Why:   "to which packages programs and libraries belong"}

// Source is how the fact is had.
var Source = host.Define(host.Spec[Fact]{
	Title: "what runs, and what of it was replaced",
	Needs: host.Join(host.Processes(), host.Stat(dpkgStatus), large(apkDB, apkDBNew), host.Run(dpkgOwners)),
	Parse: parse,
})

func large(patterns ...string) []host.Need {
	needs := host.Read(patterns...)
	for i := range needs {
		needs[i].Max = 64 << 20
	}
	return needs
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	var f Fact
	if ev.Rootfs {
		f.Note(partProcesses, &fact.Problem{Cause: fact.Unsupported, Source: "/proc", Text: "a file tree does not run"})
		return f
	}
	all, problem := ev.Processes()
	f.Note(partProcesses, problem)
	own, denied := ours(all)
	if denied > 0 {
		f.Note(partProcesses, &fact.Problem{Cause: fact.Denied, Source: "/proc/PID/maps",
			Text: fmt.Sprintf("what %d of %d processes run may not be read", denied, len(all)), How: "sudo holdfast assess"})
	}
	for f.Processes = 1; f.Processes*2 <= len(own); {
		f.Processes *= 2
	}
	o := owned(ev, &f)
	packages, programs := map[string]bool{}, map[string]bool{}
	stale := map[string]*Stale{}
	for _, p := range own {
		for _, m := range p.Mapped {
			name := o[merged(onDisk(m.Path))]
			switch {
			case name != "":
				packages[name] = true
			case !m.Gone && m.Path == p.Exe && len(programs) < maxPrograms:
				programs[m.Path] = true
			}
			if m.Gone && installed(m.Path) {
				at(stale, p).add(File{onDisk(m.Path), name})
			}
		}
	}
	f.Packages, f.Programs = keys(packages), keys(programs)
	for _, s := range stale {
		slices.Sort(s.Units)
		s.Units = slices.Compact(s.Units)
		slices.SortFunc(s.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
		s.Files = s.Files[:min(len(s.Files), maxFiles)]
		f.Stale = append(f.Stale, *s)
	}
	slices.SortFunc(f.Stale, func(a, b Stale) int { return cmp.Compare(a.Program, b.Program) })
	return f
}

// ours leaves out the processes of containers: the files that these map are not the host's. It counts those that could
// not be looked at; a kernel thread maps nothing and denies nothing.
func ours(all []host.Process) (out []host.Process, denied int) {
	home := ""
	if i := slices.IndexFunc(all, func(p host.Process) bool { return p.PID == 1 }); i >= 0 {
		home = all[i].PIDNS
	}
	for _, p := range all {
		if _, engine := host.Unit(p.Cgroup); engine != "" || home != "" && p.PIDNS != "" && p.PIDNS != home {
			continue
		}
		if p.MapsDenied {
			denied++
			continue
		}
		out = append(out, p)
	}
	return out, denied
}

// at is the entry of the program of a process.
func at(all map[string]*Stale, p host.Process) *Stale {
	program := p.Name
	if p.Exe != "" {
		program = path.Base(onDisk(strings.TrimSuffix(p.Exe, " (deleted)")))
	}
	s := all[program]
	if s == nil {
		s = &Stale{Program: program, Session: true}
		all[program] = s
	}
	unit, _ := host.Unit(p.Cgroup)
	session := unit == "session" || strings.HasPrefix(unit, "user@") || strings.Contains(p.Cgroup, "/user.slice/")
	if !session {
		s.Session = false
		if unit != "" {
			s.Units = append(s.Units, unit)
		}
	}
	s.Init = s.Init || p.PID == 1
	return s
}

func (s *Stale) add(f File) {
	if !slices.Contains(s.Files, f) {
		s.Files = append(s.Files, f)
	}
}

// installed tells whether a file lies where software is installed. What programs make and remove for themselves (in /tmp,
// /run, /dev/shm, in memory, in a home) is replaced by nobody.
func installed(p string) bool {
	for _, folder := range []string{"/usr/", "/lib", "/bin/", "/sbin/", "/opt/"} {
		if strings.HasPrefix(p, folder) {
			return true
		}
	}
	return false
}

// onDisk is the name that a file has when the package manager is done with it: dpkg and rpm rename what they replace.
func onDisk(p string) string {
	for _, end := range []string{".dpkg-new", ".dpkg-tmp", ".apk-new"} {
		p = strings.TrimSuffix(p, end)
	}
	if i := strings.LastIndexByte(p, ';'); i > strings.LastIndexByte(p, '/') { // rpm: libssl.so.3;65f3a1b2
		p = p[:i]
	}
	return p
}

// merged writes the paths of before and after the merge of /usr in one way.
func merged(p string) string {
	if rest, ok := strings.CutPrefix(p, "/usr/"); ok {
		for _, folder := range []string{"lib", "bin/", "sbin/"} {
			if strings.HasPrefix(rest, folder) {
				return "/" + rest
			}
		}
	}
	return p
}

func keys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
