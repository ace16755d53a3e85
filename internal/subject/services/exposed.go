package services

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// loose says who besides root may change a path, or "" when nobody may.
func loose(i host.Info) string {
	switch {
	case i.Mode&fs.ModeSymlink != 0:
		return ""
	case i.Mode.Perm()&0o002 != 0 && i.Mode&fs.ModeSticky == 0:
		return "is writable by everybody"
	case i.UID != 0:
		return fmt.Sprintf("belongs to user %d", i.UID)
	case i.Mode.Perm()&0o020 != 0 && i.GID != 0:
		return fmt.Sprintf("is writable by group %d", i.GID)
	}
	return ""
}

// exposed finds files that root relies on and others may change: units, programs of units and
// jobs that run as root, the folders of these programs, and scripts in the folders of cron.
func (f *Fact) exposed(ev *host.Evidence) {
	found := map[string]*Exposed{}
	add := func(i host.Info, sort, user string) {
		why := loose(i)
		if why == "" {
			return
		}
		name := i.Real
		if name == "" {
			name = i.Path
		}
		e := found[sort+name]
		if e == nil {
			e = &Exposed{Path: name, Why: why, Sort: sort}
			found[sort+name] = e
		}
		if !slices.Contains(e.Users, user) {
			e.Users = append(e.Users, user)
		}
	}
	program := func(name, user string) {
		for _, p := range []string{name, path.Dir(name)} {
			i, problem := ev.Stat(p)
			f.Note(partPrograms, problem)
			if problem != nil {
				continue
			}
			add(i, "program", user)
			if i.Real != "" && i.Real != p {
				for _, r := range []string{i.Real, path.Dir(i.Real)} {
					if real, problem := ev.Stat(r); problem == nil {
						add(real, "program", user)
					}
				}
			}
		}
	}
	for _, u := range f.Units {
		if i, p := ev.Stat(u.Source); u.Source != "" && p == nil && i.Link == "" {
			add(i, "unit", u.key())
		}
		if u.root() {
			for _, name := range u.Exec {
				program(name, u.key())
			}
		}
	}
	for _, j := range f.Jobs {
		if j.User == "root" {
			for _, name := range j.Programs {
				program(name, "file:"+j.Source)
			}
		}
	}
	f.tables(ev, add)
	for _, e := range found {
		slices.Sort(e.Users)
		f.Exposed = append(f.Exposed, *e)
	}
	slices.SortFunc(f.Exposed, func(a, b Exposed) int { return strings.Compare(a.Path+"\x00"+a.Sort, b.Path+"\x00"+b.Sort) })
}

// tables looks at the tables of cron themselves and at the scripts in its folders.
func (f *Fact) tables(ev *host.Evidence, add func(host.Info, string, string)) {
	for _, dir := range cronFolders {
		infos, p := ev.StatGlob(dir + "/*")
		f.Note(partCron, p)
		if i, problem := ev.Stat(dir); problem == nil {
			add(i, "table", "file:"+dir)
		} else {
			f.Note(partCron, problem)
		}
		for _, i := range infos {
			add(i, "table", "file:"+i.Path)
		}
	}
	if i, p := ev.Stat(cronTables[0]); p == nil {
		add(i, "table", "file:"+i.Path)
	}
}

// scheduler looks at who may use cron and at.
func (f *Fact) scheduler(ev *host.Evidence) {
	exists := func(p string) bool {
		_, problem := ev.Stat(p)
		f.Note(partCron, problem)
		return problem == nil
	}
	s := &f.Scheduler
	for _, p := range cronBins {
		s.Cron = exists(p) || s.Cron
	}
	for _, p := range atBins {
		s.At = exists(p) || s.At
	}
	s.CronAllow, s.CronDeny = exists(accessFiles[0]), exists(accessFiles[1])
	s.AtAllow, s.AtDeny = exists(accessFiles[2]), exists(accessFiles[3])
	for _, p := range append([]string{cronTables[0]}, cronFolders[:]...) {
		if i, problem := ev.Stat(p); problem == nil {
			s.Paths = append(s.Paths, PathState{p, fmt.Sprintf("%04o", i.Mode.Perm()), i.UID, i.GID, i.Mode.IsDir()})
		} else if problem.Cause != fact.NotFound {
			f.Note(partCron, problem)
		}
	}
}
