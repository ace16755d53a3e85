package inventory

import (
	"bufio"
	"io"
	"io/fs"
	"path"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// owned tells of each component whether a package of the distribution brought it: it is, when that holds for all the
// files that showed it. Source: dpkg's lists of files, apk's database. What rpm owns is told by its folders alone.
func owned(fsys fs.FS, all []vuln.Package) {
	wanted := map[string]string{} // file to owner
	for _, p := range all {
		for _, place := range p.Places {
			wanted[place] = ""
		}
	}
	if len(wanted) == 0 {
		return
	}
	dpkgOwners(fsys, wanted)
	apkOwners(fsys, wanted)
	for i := range all {
		owner := ""
		for _, place := range all[i].Places {
			if owner = wanted[place]; owner == "" {
				break
			}
		}
		all[i].Owner = owner
	}
}

// claim records the owner of a file. Where /bin and /lib are links into /usr, dpkg may know it by its old path.
func claim(wanted map[string]string, file, owner string) {
	if _, ok := wanted[file]; ok {
		wanted[file] = owner
		return
	}
	if _, ok := wanted["/usr"+file]; ok {
		wanted["/usr"+file] = owner
	}
}

func dpkgOwners(fsys fs.FS, wanted map[string]string) {
	lists, err := fs.Glob(fsys, "var/lib/dpkg/info/*.list")
	if err != nil {
		return
	}
	for _, l := range lists {
		name, _, _ := strings.Cut(strings.TrimSuffix(path.Base(l), ".list"), ":")
		lines(fsys, l, func(line string) { claim(wanted, line, name) })
	}
}

func apkOwners(fsys fs.FS, wanted map[string]string) {
	name, folder := "", ""
	lines(fsys, "lib/apk/db/installed", func(line string) {
		switch {
		case strings.HasPrefix(line, "P:"):
			name = line[2:]
		case strings.HasPrefix(line, "F:"):
			folder = line[2:]
		case strings.HasPrefix(line, "R:"):
			claim(wanted, "/"+path.Join(folder, line[2:]), name)
		}
	})
}

func lines(fsys fs.FS, name string, do func(line string)) {
	f, err := fsys.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	s := bufio.NewScanner(io.LimitReader(f, 64<<20))
	for s.Scan() {
		do(s.Text())
	}
}
