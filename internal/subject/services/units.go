package services

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// special units are kept although nothing enables them: checks ask for them.
var special = []string{"rescue.service", "emergency.service"}

// units reads units, what enables them and what masks them.
func (f *Fact) units(ev *host.Evidence) {
	files, dropins := unitFiles(ev, f)
	enabled := f.links(ev)
	wanted := map[string]bool{}
	for name := range enabled {
		wanted[name] = true
	}
	for _, name := range special {
		wanted[name] = files[name].Path != ""
	}
	for name, file := range files {
		wanted[name] = wanted[name] || strings.HasPrefix(file.Path, folders[0]+"/") && file.Link == "" && file.Found()
	}
	for name, want := range wanted {
		if !want || f.masked(name) || strings.HasSuffix(name, "@.service") && enabled[name] == "" {
			continue
		}
		f.Units = append(f.Units, unit(name, files, dropins, enabled[name]))
	}
	f.oldStyle(ev, files)
	slices.SortFunc(f.Units, func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
}

// unit merges the file of a unit, or of its template, with its drop-ins.
func unit(name string, files map[string]host.File, dropins map[string][]host.File, by string) Unit {
	u := Unit{Name: name, Enabled: by != "", By: by}
	file, ok := files[name]
	template := name
	if i, j := strings.IndexByte(name, '@'), strings.LastIndexByte(name, '.'); i >= 0 && j > i {
		template = name[:i+1] + name[j:]
		if !ok {
			file, ok = files[template]
		}
	}
	sections := map[string]section{}
	if ok {
		u.Source, u.Local = file.Path, strings.HasPrefix(file.Path, folders[0]+"/") && file.Link == ""
		parseUnit(file.Text(), sections)
	}
	var extra []host.File
	for _, key := range slices.Compact([]string{"service", template, name}) {
		if key != "service" || u.kind() == "service" {
			extra = append(extra, dropins[key]...)
		}
	}
	slices.SortStableFunc(extra, func(a, b host.File) int { return strings.Compare(path.Base(a.Path), path.Base(b.Path)) })
	for _, d := range extra {
		parseUnit(d.Text(), sections)
	}
	if u.kind() == "service" {
		u.describe(sections)
	}
	return u
}

// unitFiles gives unit files and drop-ins by the name of their unit; of equal names the folder
// that stands first counts.
func unitFiles(ev *host.Evidence, f *Fact) (units map[string]host.File, dropins map[string][]host.File) {
	units, dropins = map[string]host.File{}, map[string][]host.File{}
	taken := map[string]bool{}
	for i, dir := range folders {
		for _, pattern := range patterns(dir) {
			found, p := ev.Glob(pattern)
			if i == len(folders)-1 && p != nil && p.Cause == fact.Failed {
				continue // /lib is a link to /usr/lib and was not asked
			}
			f.Note(partUnits, p)
			for _, file := range found {
				if file.Err != nil {
					if file.Err.Cause != fact.NotRegular { // a mask: a link to /dev/null
						f.Note(partUnits, file.Err)
					}
					continue
				}
				if s, err := ev.Stat(file.Path); err == nil {
					file.Link = s.Link
				}
				if parent := path.Base(path.Dir(file.Path)); strings.HasSuffix(parent, ".d") {
					name := strings.TrimSuffix(parent, ".d")
					if !taken[name+"/"+path.Base(file.Path)] {
						taken[name+"/"+path.Base(file.Path)] = true
						dropins[name] = append(dropins[name], file)
					}
					continue
				}
				name := path.Base(file.Path)
				if _, ok := units[name]; !ok {
					units[name] = file
				}
			}
		}
	}
	return units, dropins
}

// links reads which units are enabled and masked: links in folders *.wants and *.requires of the
// administrator, and links to /dev/null.
func (f *Fact) links(ev *host.Evidence) map[string]string {
	enabled := map[string]string{}
	for _, dir := range folders[:2] {
		for _, pattern := range links(dir) {
			infos, p := ev.StatGlob(pattern)
			f.Note(partUnits, p)
			for _, i := range infos {
				name := path.Base(i.Path)
				if path.Dir(i.Path) == dir {
					if i.Link == "/dev/null" && !f.masked(name) {
						f.Masked = append(f.Masked, name)
					}
					continue
				}
				if ext := path.Ext(name); (ext == ".service" || ext == ".socket" || ext == ".timer") && enabled[name] == "" {
					enabled[name] = i.Path
				}
			}
		}
	}
	slices.Sort(f.Masked)
	return enabled
}

// oldStyle adds services of OpenRC, and scripts of System V that no unit replaces.
func (f *Fact) oldStyle(ev *host.Evidence, files map[string]host.File) {
	seen := map[string]bool{}
	for _, pattern := range []string{"/etc/rc[2345].d/S*", "/etc/runlevels/*/*"} {
		infos, p := ev.StatGlob(pattern)
		f.Note(partUnits, p)
		for _, i := range infos {
			name := path.Base(i.Path)
			if pattern[:7] == "/etc/rc" && len(name) > 3 {
				name = name[3:] // S20name
			}
			if _, replaced := files[name+".service"]; replaced || seen[name] || f.masked(name+".service") {
				continue
			}
			seen[name] = true
			f.Units = append(f.Units, Unit{Name: name, Enabled: true, By: i.Path})
		}
	}
}
