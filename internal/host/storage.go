package host

import "slices"

// LocalStorage tells whether a file system type keeps files of this host: everything else is a
// view of the kernel or belongs to another machine, and is not walked.
func LocalStorage(fstype string) bool {
	return slices.Contains([]string{"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs",
		"bcachefs", "vfat", "exfat", "ntfs3", "tmpfs", "ramfs", "overlay", "aufs", "squashfs", "erofs", "nilfs2"}, fstype)
}
