// Package timesync knows which service sets a host's clock, from which servers, and whom it
// answers. It does not measure the clock: the skew of an observation is the collector's business.
package timesync

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is the time synchronisation of one host.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Container bool      `json:"container,omitempty"` // the clock belongs to the host
	Init      bool      `json:"init,omitempty"`      // something starts services here
	Static    bool      `json:"static,omitempty"`    // a file tree, nothing runs
	Services  []Service `json:"services,omitempty"`  // those that are installed, enabled or running
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "timesync", Version: 1} }

// Service is one that can set the clock.
type Service struct {
	Name      string   `json:"name" drift:"key"` // chrony, timesyncd, ntp, openntpd
	Installed bool     `json:"installed,omitempty"`
	Enabled   string   `json:"enabled,omitempty"` // the link that starts it
	Running   bool     `json:"running,omitempty" drift:"-"`
	AsRoot    bool     `json:"as_root,omitempty" drift:"-"` // every process of it runs as root
	Servers   []Entry  `json:"servers,omitempty"`
	Allowed   []Entry  `json:"allowed,omitempty"`  // chrony: who may ask for the time
	Restrict  []Entry  `json:"restrict,omitempty"` // ntp: the default restrictions
	Files     []string `json:"files,omitempty"`    // configuration that was read
}

// Entry is a value with the place where it stands.
type Entry struct {
	Value  string `json:"value" drift:"key"`
	Source string `json:"source" drift:"line"`
}

const (
	partBoot      = "boot"
	partPrograms  = "programs"
	partProcesses = "processes"
	partConfig    = "config"
)

// known says how each service shows. ntp and openntpd share the program's name.
var known = []struct {
	name     string
	programs []string
	units    []string
	process  string
}{
	{"chrony", []string{"/usr/sbin/chronyd"}, []string{"chrony.service", "chronyd.service"}, "chronyd"},
	{"timesyncd", []string{"/usr/lib/systemd/systemd-timesyncd", "/lib/systemd/systemd-timesyncd"}, []string{"systemd-timesyncd.service"}, "systemd-timesyn"},
	{"ntp", []string{"/usr/sbin/ntpd"}, []string{"ntp.service", "ntpd.service", "ntpsec.service"}, "ntpd"},
	{"openntpd", []string{"/usr/sbin/openntpd"}, []string{"openntpd.service"}, "openntpd"},
}

var (
	inits       = []string{"/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/sbin/init", "/usr/sbin/init"}
	chronyFiles = []string{"/etc/chrony/chrony.conf", "/etc/chrony.conf"}
	ntpFiles    = []string{"/etc/ntpsec/ntp.conf", "/etc/ntp.conf"}
	openFiles   = []string{"/etc/openntpd/ntpd.conf", "/etc/ntpd.conf"}
	timesyncd   = []string{"/usr/lib/systemd/timesyncd.conf", "/etc/systemd/timesyncd.conf"}
	timesyncdD  = []string{"/usr/lib/systemd/timesyncd.conf.d/*.conf", "/run/systemd/timesyncd.conf.d/*.conf", "/etc/systemd/timesyncd.conf.d/*.conf"}
)

func wants(unit string) []string {
	var out []string
	for _, target := range []string{"multi-user", "sysinit", "basic", "default"} {
		out = append(out, "/etc/systemd/system/"+target+".target.wants/"+unit)
	}
	return append(out, "/etc/runlevels/default/"+strings.TrimSuffix(unit, ".service"))
}

// Source is how the fact is had.
var Source = host.Define(host.Spec[Fact]{
	Title: "time synchronisation",
	Needs: needs(),
	Follow: func(ev *host.Evidence) []host.Need {
		var patterns []string
		chronyWalk(ev, func(host.File) {}, func(p string) { patterns = append(patterns, p) })
		return host.Read(patterns...)
	},
	Parse: parse,
})

func needs() []host.Need {
	stats := slices.Clone(inits)
	for _, k := range known {
		stats = append(stats, k.programs...)
		for _, u := range k.units {
			stats = append(stats, wants(u)...)
		}
	}
	return host.Join(host.Stat(stats...), host.ContainerNeeds(), host.Processes(),
		host.Read(slices.Concat(chronyFiles, ntpFiles, openFiles, timesyncd, timesyncdD)...))
}

func parse(ev *host.Evidence, _ fact.Key) Fact {
	f := Fact{Static: ev.Rootfs}
	exists := func(part string, paths ...string) string {
		for _, p := range paths {
			_, problem := ev.Stat(p)
			if problem == nil {
				return p
			}
			f.Note(part, problem)
		}
		return ""
	}
	f.Container = host.Container(ev) != ""
	f.Init = exists(partBoot, inits...) != ""
	ps, problem := ev.Processes()
	f.Note(partProcesses, problem)
	read := func(paths []string) (files []host.File) {
		for _, p := range paths {
			file := ev.File(p)
			f.Note(partConfig, file.Err)
			if file.Found() {
				files = append(files, file)
			}
		}
		return files
	}
	open := read(openFiles)
	ntp := read(ntpFiles)
	for _, k := range known {
		s := Service{Name: k.name, Installed: exists(partPrograms, k.programs...) != ""}
		for _, u := range k.units {
			if s.Enabled == "" {
				s.Enabled = exists(partPrograms, wants(u)...)
			}
		}
		s.Running, s.AsRoot = runs(ps, k.process)
		// Debian's openntpd calls its program ntpd as well.
		if k.name == "ntp" && len(ntp) == 0 && len(open) > 0 {
			s.Name = "openntpd"
		}
		if !s.Installed && s.Enabled == "" && !s.Running {
			continue
		}
		switch s.Name {
		case "chrony":
			chronyWalk(ev, func(file host.File) {
				f.Note(partConfig, file.Err)
				s.chrony(file)
			}, func(string) {})
		case "timesyncd":
			s.timesyncd(ev, &f)
		case "ntp":
			for _, file := range ntp {
				s.ntp(file)
			}
		case "openntpd":
			for _, file := range open {
				s.ntp(file)
			}
		}
		f.Services = append(f.Services, s)
	}
	slices.SortStableFunc(f.Services, func(a, b Service) int { return cmp.Compare(a.Name, b.Name) })
	return f
}

// runs tells whether a program runs, and whether all of its processes are root's.
func runs(ps []host.Process, name string) (is, asRoot bool) {
	for _, p := range ps {
		if p.Name == name {
			asRoot = (!is || asRoot) && p.UIDs[1] == 0
			is = true
		}
	}
	return is, asRoot
}

// used tells whether a service sets the clock: it runs; on a file tree it would be started.
func (f Fact) used(s Service) bool {
	if f.Static {
		return s.Enabled != ""
	}
	return s.Running
}

// directives visits the lines of a configuration of the ntp family, comments taken off.
func directives(file host.File, comment string, visit func(words []string, source string)) {
	n := 0
	for line := range strings.Lines(file.Text()) {
		n++
		if i := strings.IndexAny(line, comment); i >= 0 {
			line = line[:i]
		}
		if words := strings.Fields(line); len(words) > 0 {
			words[0] = strings.ToLower(words[0])
			visit(words, file.Path+":"+strconv.Itoa(n))
		}
	}
}

const chronyComment = "#!;%"

// chronyWalk visits chrony's files, and names what they include.
func chronyWalk(ev *host.Evidence, visit func(host.File), include func(pattern string)) {
	seen := map[string]bool{}
	var walk func(file host.File, depth int)
	walk = func(file host.File, depth int) {
		if seen[file.Path] || depth > host.Rounds {
			return
		}
		seen[file.Path] = true
		visit(file)
		directives(file, chronyComment, func(words []string, _ string) {
			for _, arg := range words[1:] {
				ending := ""
				switch words[0] {
				case "include":
				case "confdir":
					ending = "*.conf"
				case "sourcedir":
					ending = "*.sources"
				default:
					return
				}
				if !path.IsAbs(arg) {
					continue
				}
				pattern := arg
				if ending != "" {
					pattern = path.Join(arg, ending)
				}
				include(pattern)
				files, problem := ev.Glob(pattern)
				if problem != nil {
					visit(host.File{Info: host.Info{Path: pattern}, Err: problem})
				}
				for _, f := range files {
					walk(f, depth+1)
				}
			}
		})
	}
	for _, p := range chronyFiles {
		walk(ev.File(p), 0)
	}
}

func (s *Service) chrony(file host.File) {
	if !file.Found() {
		return
	}
	s.Files = append(s.Files, file.Path)
	directives(file, chronyComment, func(words []string, source string) {
		value := strings.Join(words[1:min(len(words), 2)], " ")
		switch words[0] {
		case "server", "pool", "peer", "refclock":
			s.Servers = append(s.Servers, Entry{value, source})
		case "allow":
			value = strings.Join(words[1:], " ")
			if value == "" || value == "all" {
				value = "all"
			}
			s.Allowed = append(s.Allowed, Entry{value, source})
		}
	})
}

// ntp reads ntp.conf and openntpd's ntpd.conf, whose words are alike.
func (s *Service) ntp(file host.File) {
	s.Files = append(s.Files, file.Path)
	directives(file, "#", func(words []string, source string) {
		rest := words[1:]
		for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return
		}
		switch words[0] {
		case "server", "servers", "pool", "peer", "sensor":
			s.Servers = append(s.Servers, Entry{rest[0], source})
		case "listen":
			s.Allowed = append(s.Allowed, Entry{strings.Join(rest, " "), source})
		case "restrict":
			if rest[0] == "default" {
				s.Restrict = append(s.Restrict, Entry{strings.Join(words[1:], " "), source})
			}
		}
	})
}

// timesyncd merges its file with its fragments; NTP= takes the place of an earlier one only when
// it is empty, else it adds.
func (s *Service) timesyncd(ev *host.Evidence, f *Fact) {
	var names []string
	parts := map[string]host.File{}
	for _, pattern := range timesyncdD {
		files, problem := ev.Glob(pattern)
		f.Note(partConfig, problem)
		for _, file := range files {
			base := path.Base(file.Path)
			if _, ok := parts[base]; !ok {
				names = append(names, base)
			}
			parts[base] = file
		}
	}
	slices.Sort(names)
	var order []host.File
	for _, p := range timesyncd {
		order = append(order, ev.File(p))
	}
	for _, n := range names {
		order = append(order, parts[n])
	}
	for _, file := range order {
		f.Note(partConfig, file.Err)
		if !file.Found() {
			continue
		}
		s.Files = append(s.Files, file.Path)
		directives(file, "#;", func(words []string, source string) {
			k, v, ok := strings.Cut(strings.Join(words, " "), "=")
			if !ok || strings.ToLower(strings.TrimSpace(k)) != "ntp" {
				return
			}
			if strings.TrimSpace(v) == "" {
				s.Servers = nil
			}
			for _, server := range strings.Fields(v) {
				s.Servers = append(s.Servers, Entry{server, source})
			}
		})
	}
}
