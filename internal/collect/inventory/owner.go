package inventory

import (
	"bufio"
	"context"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/vuln"
)

// owned tells of each component whether a package of the distribution brought it: it is, when that holds for all the
// files that showed it. Source: dpkg's lists of files, apk's database. What rpm owns is told by its folders alone.
func owned(ctx context.Context, fsys fs.FS, all []vuln.Package) error {
	wanted := map[string]string{} // file to owner
	for _, p := range all {
		for _, place := range p.Places {
			wanted[place] = ""
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	err := dpkgOwners(ctx, fsys, wanted)
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
	return err
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

// dpkgLists are dpkg's lists of files, a line for each.
const dpkgLists = "var/lib/dpkg/info/*.list"

// finder is a file system that finds lines itself, because it is too far away to read thousands of files: those lines of
// the files of a pattern that are among the given ones.
type finder interface {
	Lines(ctx context.Context, pattern string, among []string, found func(file, line string)) error
}

func dpkgOwners(ctx context.Context, fsys fs.FS, wanted map[string]string) error {
	packageOf := func(list string) string {
		name, _, _ := strings.Cut(strings.TrimSuffix(path.Base(list), ".list"), ":")
		return name
	}
	if far, ok := fsys.(finder); ok {
		var among []string
		for file := range wanted {
			among = append(among, file)
			if old, ok := strings.CutPrefix(file, "/usr"); ok {
				among = append(among, old)
			}
		}
		slices.Sort(among)
		return far.Lines(ctx, dpkgLists, among, func(list, line string) { claim(wanted, line, packageOf(list)) })
	}
	lists, err := fs.Glob(fsys, dpkgLists)
	if err != nil {
		return err
	}
	for _, l := range lists {
		lines(fsys, l, func(line string) { claim(wanted, line, packageOf(l)) })
	}
	return nil
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
