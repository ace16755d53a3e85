// Package filesystems shows how file systems are mounted and who may read, write and run the files
// on which a host's security hangs. It judges permissions and mount options. It reads the content
// of no file but the lists of accounts, groups and mounts, and it leaves to the engine what lies in
// the storage of containers.
package filesystems

import (
	"fmt"
	"io/fs"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what was seen of one host.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Container string    `json:"container,omitempty"` // engine, or "container"; empty on a machine
	Tree      bool      `json:"tree,omitempty"`      // a file tree that does not run
	Mounts    []Mount   `json:"mounts,omitempty"`    // as they are, of the paths that matter
	Fstab     []Mount   `json:"fstab,omitempty"`     // as the next start makes them
	Files     []File    `json:"files,omitempty"`     // sensitive ones
	Startup   []File    `json:"startup,omitempty"`   // run by root at start or login; only those that others may change
	Programs  []File    `json:"programs,omitempty"`  // folders of programs; only those that others may change
	SetID     []File    `json:"set_id,omitempty"`    // run with the rights of their owner or group
	Shallow   bool      `json:"shallow,omitempty"`   // the walk left out what host.Bulky names
	Open      []File    `json:"open,omitempty"`      // writable by all; folders of them without sticky bit
	Unowned   []Unowned `json:"unowned,omitempty"`
	Directory string    `json:"directory,omitempty"` // accounts also come from there: sss, ldap
	Homes     []Home    `json:"homes,omitempty"`
}

// Mount is one mount, of those under which the checks look.
type Mount struct {
	Path    string   `json:"path" drift:"key"`
	Type    string   `json:"type"`
	Options []string `json:"options,omitempty"` // of nodev, nosuid, noexec, ro; sorted
	Source  string   `json:"source" drift:"line"`
}

// walked words how far a pass about all files reaches.
func (f Fact) walked(seen string) string {
	if f.Shallow {
		return seen + ", where the walk looks; --deep looks in package trees and below five folders too"
	}
	return seen
}

// File is one path with its permissions.
type File struct {
	Path   string `json:"path" drift:"key"` // with links resolved
	Mode   string `json:"mode"`             // octal, with the set-ID and sticky bits: 4755
	Owner  string `json:"owner"`
	Group  string `json:"group"`
	Lonely bool   `json:"lonely,omitempty"` // nobody but root is in the group
	Folder bool   `json:"folder,omitempty"`
	Link   string `json:"link,omitempty"` // a symbolic link, whose own permissions mean nothing
}

// Unowned is a user or group number that owns files and has no name.
type Unowned struct {
	Group bool   `json:"group,omitempty" drift:"key"`
	ID    int    `json:"id" drift:"key"`
	Path  string `json:"path" drift:"-"` // one of the files
}

// Home is the home folder of a person's account, or of root.
type Home struct {
	User string `json:"user" drift:"key"`
	UID  int    `json:"uid"`
	File *File  `json:"file,omitempty"` // absent when the folder is not there
	Dots []File `json:"dots,omitempty"` // .rhosts, .shosts, .netrc, .forward, and dot files that others may change
}

// Kind implements fact.Fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "filesystems", Version: 1} }

// bits gives the permissions, also those that Go keeps elsewhere.
func bits(m fs.FileMode) uint32 {
	out := uint32(m.Perm())
	for bit, mode := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if m&mode != 0 {
			out |= bit
		}
	}
	return out
}

// octal reads File.Mode; what is no number has no permissions.
func octal(mode string) (n uint32) {
	for _, c := range mode {
		if c < '0' || c > '7' || n > 0o7777 {
			return 0
		}
		n = n<<3 | uint32(c-'0')
	}
	return n
}

// file names owner and group of a path.
func (n names) file(i host.Info) File {
	real := i.Real
	if real == "" || i.Mode&fs.ModeSymlink != 0 {
		real = i.Path
	}
	return File{Path: real, Mode: fmt.Sprintf("%04o", bits(i.Mode)), Owner: n.user(i.UID), Group: n.group(i.GID),
		Lonely: n.lonely(i.GID), Folder: i.Mode.IsDir(), Link: i.Link}
}

// changeable tells whether others than root may change a file. A group that holds nobody but root
// adds nobody; the mode of a link says nothing.
func (f File) changeable() bool {
	m := octal(f.Mode)
	return f.Link == "" && (f.Owner != "root" || m&0o002 != 0 || m&0o020 != 0 && f.Group != "root" && !f.Lonely)
}

func (f File) String() string { return "mode " + f.Mode + ", " + f.Owner + ":" + f.Group }
