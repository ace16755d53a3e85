package filesystems

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// storage are the folders in which engines and package systems keep the file trees of others.
var storage = []string{"/var/lib/docker/", "/var/lib/containers/", "/var/lib/containerd/", "/run/containerd/", "/run/docker/", "/run/containers/",
	"/var/lib/kubelet/", "/var/lib/rancher/", "/var/lib/lxc/", "/var/lib/lxd/", "/var/lib/incus/", "/var/snap/", "/var/lib/machines/", "/snap/",
	"/var/lib/snapd/snap/", "/var/lib/flatpak/", "/sysroot/ostree/", "/ostree/repo/"}

// passing are the folders whose files come and go. What is writable there changes from one look to
// the next; a set-ID file there is kept all the same.
var passing = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/run/lock/", "/dev/mqueue/", "/proc/", "/sys/"}

func stored(p string) bool {
	return under(storage, p) || strings.Contains(p, "/.local/share/containers/") || strings.Contains(p, "/.local/share/docker/")
}

func under(folders []string, p string) bool {
	return slices.ContainsFunc(folders, func(d string) bool { return strings.HasPrefix(p, d) })
}

func (f *Fact) special(s host.Special, n names) {
	f.Shallow = s.Err == nil && !s.Whole
	f.Note(partWalk, s.Err)
	if len(s.Denied) > 0 {
		f.Note(partWalk, &fact.Problem{Cause: fact.Denied, Source: s.Denied[0], Text: "cannot be listed", How: "sudo ls " + s.Denied[0]})
	}
	for _, i := range s.Files {
		if stored(i.Path) {
			continue
		}
		file := n.file(i)
		if !i.Mode.IsDir() && i.Mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			f.SetID = append(f.SetID, file)
		}
		if i.Mode&0o002 != 0 && !under(passing, i.Path) {
			f.Open = append(f.Open, file)
		}
	}
	f.SetID, f.Open = tidy(f.SetID), tidy(f.Open)
	f.unowned(s.UIDs, n.users, n, false)
	f.unowned(s.GIDs, n.groups, n, true)
	slices.SortFunc(f.Unowned, func(a, b Unowned) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.sort(), b.sort()), cmp.Compare(a.Path, b.Path))
	})
}

func (f *Fact) unowned(seen, known map[int]string, n names, group bool) {
	for id, example := range seen {
		if _, ok := known[id]; ok || id == 0 || n.lent(id) || stored(example) || under(passing, example) {
			continue
		}
		f.Unowned = append(f.Unowned, Unowned{group, id, example})
	}
}

func (u Unowned) sort() string {
	if u.Group {
		return "gid"
	}
	return "uid"
}
