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

// Bulky names folders that a walk leaves out unless it is asked to be deep: package trees that hold
// only what distributions ship for reading, layers of containers, and whatever lies deeper than
// five folders outside of the places that programs are started from. They hold most of the files of
// a host (nine in ten on a build machine) and almost never what a walk looks for.
func Bulky(dir string) bool {
	for _, p := range []string{"/usr/share", "/usr/include", "/usr/src", "/usr/lib/modules", "/usr/lib/firmware", "/lib/modules",
		"/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib/dpkg/info", "/snap"} {
		if dir == p {
			return true
		}
	}
	base := dir[strings.LastIndexByte(dir, '/')+1:]
	if base == "node_modules" || base == ".git" || base == ".cache" || strings.HasSuffix(dir, "/pkg/mod") || strings.HasSuffix(dir, "/site-packages") || strings.HasSuffix(dir, "/dist-packages") {
		return true
	}
	for _, p := range []string{"/etc/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/boot/"} {
		if strings.HasPrefix(dir, p) {
			return false
		}
	}
	return strings.Count(dir, "/") > 5
}
