package inventory

import (
	"context"
	"fmt"
	"os"
	"strings"

	scalibrfs "github.com/google/osv-scalibr/fs"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/components"
)

// roots of a machine are where applications and their libraries are installed, besides what a package manager of the
// distribution puts below /usr, which its own advisories speak of. The rest holds data, and takes far longer than it is
// worth; who wants it asks for a deep look.
var roots = []string{"/app", "/home", "/opt", "/root", "/srv", "/usr/bin", "/usr/lib/node_modules", "/usr/lib64/node_modules", "/usr/libexec", "/usr/local", "/usr/sbin", "/var/lib/gems", "/var/www"}

// Machine looks at this machine: where applications are installed or, deep, at all its own file systems.
func Machine(ctx context.Context, deep bool) components.Fact {
	fsys, ok := os.DirFS("/").(scalibrfs.FS)
	if !ok {
		return unread("host:local", fmt.Errorf("its file system cannot be listed"))
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return unread("host:local", err)
	}
	foreign := foreignMounts(string(mounts))
	t := Tree{FS: fsys, Name: "host:local", Roots: roots, Skip: func(dir string) bool { return foreign[dir] }}
	if deep {
		t.Roots = nil
	}
	return Components(ctx, t)
}

// Rootfs looks at all of a file tree. It is not left, also when it changes underneath.
func Rootfs(ctx context.Context, dir string) components.Fact {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return unread("rootfs:"+dir, err)
	}
	defer root.Close()
	fsys, ok := root.FS().(scalibrfs.FS)
	if !ok {
		return unread("rootfs:"+dir, fmt.Errorf("its file system cannot be listed"))
	}
	return Components(ctx, Tree{FS: fsys, Name: "rootfs:" + dir})
}

func unread(name string, err error) components.Fact {
	var f components.Fact
	f.Note(components.PartFiles, &fact.Problem{Cause: fact.Failed, Source: name, Text: err.Error()})
	return f
}

// foreignMounts gives where file systems of the kernel and of other machines are mounted, and layers of containers,
// which belong to these. Source: proc_pid_mountinfo(5).
func foreignMounts(mountinfo string) map[string]bool {
	out := map[string]bool{"/var/lib/docker": true, "/var/lib/containerd": true, "/var/lib/containers": true}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) == 0 {
			continue
		}
		if at := unescape.Replace(fields[4]); at != "/" {
			// What was mounted last counts.
			if host.LocalStorage(kind[0]) {
				delete(out, at)
			} else {
				out[at] = true
			}
		}
	}
	return out
}
