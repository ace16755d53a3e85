package host

import (
	"slices"
	"strings"
)

// LocalStorage tells whether a file system type keeps files of this host: everything else is a
// view of the kernel or belongs to another machine, and is not walked.
func LocalStorage(fstype string) bool {
	return slices.Contains([]string{"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs",
		"bcachefs", "vfat", "exfat", "ntfs3", "tmpfs", "ramfs", "overlay", "aufs", "squashfs", "erofs", "nilfs2"}, fstype)
}

// Folders that a walk leaves out unless it is asked to be deep: package trees that hold only what
// distributions ship for reading, layers of containers, and whatever lies deeper than BulkDepth
// folders outside of the places that programs are started from. They hold most of the files of a
// host (nine in ten on a build machine) and almost never what a walk looks for.
var (
	BulkPaths = []string{"/usr/share", "/usr/include", "/usr/src", "/usr/lib/modules", "/usr/lib/firmware", "/lib/modules",
		"/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib/dpkg/info", "/snap"}
	BulkNames = []string{"node_modules", ".git", ".cache", "site-packages", "dist-packages"}
	BulkEnds  = []string{"/pkg/mod"}
	BulkDepth = 5
	NeverBulk = []string{"/etc/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/boot/"} // at any depth
)

// Bulky tells whether a walk that is not deep leaves a folder out.
func Bulky(dir string) bool {
	if slices.Contains(BulkPaths, dir) || slices.Contains(BulkNames, dir[strings.LastIndexByte(dir, '/')+1:]) ||
		slices.ContainsFunc(BulkEnds, func(end string) bool { return strings.HasSuffix(dir, end) }) {
		return true
	}
	return strings.Count(dir, "/") > BulkDepth && !slices.ContainsFunc(NeverBulk, func(p string) bool { return strings.HasPrefix(dir, p) })
}
