package local

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// walker visits every entry of the local file systems once. It stats relative to the folder's
// handle with the names as the kernel gave them, so that visiting a file allocates nothing: a
// filepath.WalkDir with Info takes four times as long on the same tree.
type walker struct {
	ctx     context.Context
	root    string // "" for the machine
	deep    bool   // everything; else without what bulky leaves out
	skip    map[uint64]bool
	mu      sync.Mutex
	cond    *sync.Cond
	queue   []string
	busy    int
	count   atomic.Int64
	special host.Special
}

func sortByPID(ps []host.Process) {
	slices.SortFunc(ps, func(a, b host.Process) int { return cmp.Compare(a.PID, b.PID) })
}

func (t *Transport) walk(ctx context.Context) host.Special {
	w := &walker{ctx: ctx, root: t.root, deep: t.deep, queue: []string{"/"}}
	w.cond = sync.NewCond(&w.mu)
	w.special = host.Special{UIDs: map[int]string{}, GIDs: map[int]string{}}
	if t.root == "" {
		w.skip = foreignDevices()
	}
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(w.work)
	}
	wg.Wait()
	s := w.special
	s.Count, s.Whole = int(w.count.Load()), w.deep
	switch {
	case ctx.Err() != nil:
		s.Err = &fact.Problem{Cause: fact.TimedOut, Source: "walk of the file systems"}
	case s.Count > host.MaxWalk:
		s.Err = &fact.Problem{Cause: fact.TooLarge, Source: "walk of the file systems", Text: "more than 5 million files"}
	case len(s.Files) > host.MaxSpecial:
		s.Err = &fact.Problem{Cause: fact.TooLarge, Source: "walk of the file systems", Text: "more than 20,000 files with special permissions"}
	}
	slices.SortFunc(s.Files, func(a, b host.Info) int { return cmp.Compare(a.Path, b.Path) })
	slices.Sort(s.Denied)
	return s
}

func (w *walker) work() {
	buf := make([]byte, 64<<10)
	for {
		w.mu.Lock()
		for len(w.queue) == 0 && w.busy > 0 {
			w.cond.Wait()
		}
		if len(w.queue) == 0 || w.ctx.Err() != nil || w.count.Load() > host.MaxWalk || len(w.special.Files) > host.MaxSpecial {
			w.queue = nil
			w.mu.Unlock()
			w.cond.Broadcast()
			return
		}
		dir := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		w.busy++
		w.mu.Unlock()

		found := w.folder(dir, buf)

		w.mu.Lock()
		w.busy--
		w.queue = append(w.queue, found.folders...)
		w.special.Files = append(w.special.Files, found.files...)
		merge(w.special.UIDs, found.uids)
		merge(w.special.GIDs, found.gids)
		if found.denied && len(w.special.Denied) < 20 {
			w.special.Denied = append(w.special.Denied, dir)
		}
		w.mu.Unlock()
		w.cond.Broadcast()
	}
}

type found struct {
	folders    []string
	files      []host.Info
	uids, gids map[int]string
	denied     bool
}

func (w *walker) folder(dir string, buf []byte) (f found) {
	fd, err := unix.Open(w.root+dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		f.denied = err == unix.EACCES || err == unix.EPERM
		return f
	}
	defer unix.Close(fd)
	f.uids, f.gids = map[int]string{}, map[int]string{}
	lastUID, lastGID := uint32(1<<32-1), uint32(1<<32-1)
	for {
		n, err := unix.Getdents(fd, buf)
		if err != nil || n <= 0 {
			return f
		}
		for rest := buf[:n]; len(rest) > 0; {
			size := int(*(*uint16)(unsafe.Pointer(&rest[16])))
			kind, name := rest[18], rest[19:size]
			rest = rest[size:]
			if kind == unix.DT_LNK || name[0] == '.' && (name[1] == 0 || name[1] == '.' && name[2] == 0) {
				continue
			}
			var st unix.Stat_t
			if !fstatat(fd, &name[0], &st) {
				continue
			}
			w.count.Add(1)
			full := ""
			text := func() string {
				if full == "" {
					full = path.Join(dir, string(name[:bytes.IndexByte(name, 0)]))
				}
				return full
			}
			if st.Uid != lastUID {
				lastUID = st.Uid
				note(f.uids, int(st.Uid), text)
			}
			if st.Gid != lastGID {
				lastGID = st.Gid
				note(f.gids, int(st.Gid), text)
			}
			isDir := st.Mode&unix.S_IFMT == unix.S_IFDIR
			if isDir && !w.skip[st.Dev] && (w.deep || !host.Bulky(text())) {
				f.folders = append(f.folders, text())
			}
			if remarkable(st.Mode) && !w.skip[st.Dev] {
				f.files = append(f.files, host.Info{Path: text(), Real: text(), Mode: goMode(st.Mode),
					UID: int(st.Uid), GID: int(st.Gid), Size: st.Size, Inode: st.Ino, Device: st.Dev})
			}
		}
	}
}

// remarkable: set-user-ID or set-group-ID files, world-writable files, world-writable folders
// without the sticky bit.
func remarkable(mode uint32) bool {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return mode&(unix.S_ISUID|unix.S_ISGID|0o002) != 0
	case unix.S_IFDIR:
		return mode&0o002 != 0 && mode&unix.S_ISVTX == 0
	}
	return false
}

func goMode(m uint32) fs.FileMode {
	out := fs.FileMode(m & 0o777)
	for bit, mode := range map[uint32]fs.FileMode{unix.S_ISUID: fs.ModeSetuid, unix.S_ISGID: fs.ModeSetgid, unix.S_ISVTX: fs.ModeSticky} {
		if m&bit != 0 {
			out |= mode
		}
	}
	if m&unix.S_IFMT == unix.S_IFDIR {
		out |= fs.ModeDir
	}
	return out
}

// fstatat takes the name as it stands, NUL-terminated, in the buffer of getdents.
func fstatat(fd int, name *byte, st *unix.Stat_t) bool {
	_, _, e := unix.Syscall6(sysFstatat, uintptr(fd), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(st)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
	return e == 0
}

func note(m map[int]string, id int, text func() string) {
	if _, ok := m[id]; !ok {
		m[id] = text()
	}
}

// merge keeps the smallest path as example, so that the answer does not hang on the order of work.
func merge(into, from map[int]string) {
	for id, p := range from {
		if old, ok := into[id]; !ok || p < old {
			into[id] = p
		}
	}
}

// foreignDevices gives the device numbers of mounts that are not local storage: kernel views,
// network file systems, and what containers mount a second time.
func foreignDevices() map[uint64]bool {
	out := map[uint64]bool{}
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return out
	}
	for line := range strings.Lines(string(data)) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 1 || host.LocalStorage(kind[0]) {
			continue
		}
		var st syscall.Stat_t
		if syscall.Lstat(unescape(fields[4]), &st) == nil {
			out[st.Dev] = true
		}
	}
	return out
}

func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
