package host

import (
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

	"holdfast.example/holdfast/internal/fact"
)

// Info is the status of one path.
type Info struct {
	Path   string      // as asked or matched
	Real   string      // with links resolved; equals Path for anything but links and paths through links
	Link   string      // target, when the path itself is a symbolic link
	Mode   fs.FileMode // type and permissions, of the link itself for Stat, of the file for Read
	UID    int
	GID    int
	Size   int64
	Inode  uint64
	Device uint64
}

// File is a path that was read. Exactly one of Data and Err counts: with Err set, Data is nil.
type File struct {
	Info
	Data   []byte
	Err    *fact.Problem
	Shared *Shared // set where other hosts may have the same bytes
}

// Text gives the content as a string, empty when it could not be had.
func (f File) Text() string { return string(f.Data) }

// Found tells whether the file was read.
func (f File) Found() bool { return f.Err == nil }

// Output is what a command printed.
type Output struct {
	Stdout []byte
	Stderr string // its first kilobyte
	Exit   int
	Err    *fact.Problem // not run, not found, denied, timed out, or an exit code that is no answer
}

// Process is one running process.
type Process struct {
	PID        int
	Parent     int
	Name       string // comm
	Exe        string // link target of /proc/PID/exe, empty for kernel threads or when denied
	Args       []string
	UIDs       [4]int // real, effective, saved, file system
	GIDs       [4]int
	Caps       uint64 // effective capabilities, a bit each
	NoNewPriv  bool
	Seccomp    int       // 0 off, 1 strict, 2 filter
	Cgroup     string    // path in the unified or systemd hierarchy
	PIDNS      string    // pid:[…], empty when denied
	NetNS      string    // net:[…], empty when denied
	Sockets    []uint64  // inodes, nil with Denied when they could not be read
	Environ    []byte    // NUL separated; held in memory only, never stored
	Mapped     []Mapping // files that it runs code of, each once; nil with MapsDenied when they could not be read
	EnvDenied  bool
	FDDenied   bool
	MapsDenied bool
}

// Mapping is a file mapped for execution. Gone: it was removed or replaced since, and the process runs what it was.
type Mapping struct {
	Path string
	Gone bool
}

// Special is what a walk over the local file systems found.
type Special struct {
	Files  []Info         // set-user-ID, set-group-ID and world-writable files; world-writable folders without sticky bit
	UIDs   map[int]string // each owner seen, with one path as example
	GIDs   map[int]string
	Count  int      // entries visited
	Whole  bool     // every local file was visited; else Bulky folders were left out
	Denied []string // folders that could not be opened, at most 20
	Err    *fact.Problem
}

// Evidence holds the answers of one host. It is filled by a transport and then only read. Asking
// for what was never gathered gives a Problem that says so: a forgotten need is never a pass.
type Evidence struct {
	mu        sync.Mutex
	asked     map[needKey]bool
	files     map[string]File
	stats     map[string]Info
	globs     map[needKey]matches
	outputs   map[string]Output
	processes []Process
	procErr   *fact.Problem
	special   *Special
	Rootfs    bool // a file tree that does not run: there are no processes and no commands
}

type matches struct {
	paths []string
	err   *fact.Problem
}

// NewEvidence makes an empty one.
func NewEvidence() *Evidence {
	return &Evidence{
		asked: map[needKey]bool{}, files: map[string]File{}, stats: map[string]Info{},
		globs: map[needKey]matches{}, outputs: map[string]Output{},
		procErr: notGathered("processes"),
	}
}

func notGathered(what string) *fact.Problem {
	return &fact.Problem{Cause: fact.Failed, Source: what, Text: "was not gathered"}
}

// Claim marks needs as asked and gives back those that were not asked before.
func (e *Evidence) Claim(needs []Need) []Need {
	e.mu.Lock()
	defer e.mu.Unlock()
	var fresh []Need
	for _, n := range needs {
		if !e.asked[n.key()] {
			e.asked[n.key()] = true
			fresh = append(fresh, n)
		}
	}
	return fresh
}

// PutMatches records which paths matched a pattern, or why it could not be told.
func (e *Evidence) PutMatches(op Op, pattern string, paths []string, err *fact.Problem) {
	sort.Strings(paths)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.globs[needKey{op, pattern}] = matches{paths, err}
}

// PutFile records one file that was read, or why not.
func (e *Evidence) PutFile(f File) {
	if f.Err != nil {
		f.Data = nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.files[f.Path] = f
}

// PutStat records the status of one path.
func (e *Evidence) PutStat(i Info) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stats[i.Path] = i
}

// PutOutput records the output of the command of that name.
func (e *Evidence) PutOutput(name string, o Output) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outputs[name] = o
}

// PutProcesses records all processes, or why there are none.
func (e *Evidence) PutProcesses(ps []Process, err *fact.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.processes, e.procErr = ps, err
}

// PutSpecial records what a walk found.
func (e *Evidence) PutSpecial(s Special) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.special = &s
}

// File gives one file by its plain path.
func (e *Evidence) File(p string) File {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.file(p)
}

func (e *Evidence) file(p string) File {
	if f, ok := e.files[p]; ok {
		return f
	}
	m, answered := e.globs[needKey{OpRead, p}]
	switch {
	case m.err != nil:
		return File{Info: Info{Path: p}, Err: m.err}
	case answered && len(m.paths) == 0, e.covered(p):
		return File{Info: Info{Path: p}, Err: &fact.Problem{Cause: fact.NotFound, Source: p}}
	}
	return File{Info: Info{Path: p}, Err: notGathered(p)}
}

// covered tells whether a pattern that was answered would have matched p, and did not.
func (e *Evidence) covered(p string) bool {
	found := false
	for k, m := range e.globs {
		if k.op != OpRead || m.err != nil || !couldMatch(k.pattern, p) {
			continue
		}
		if _, there := slices.BinarySearch(m.paths, p); there {
			return false // it was there, and its content never came
		}
		found = true
	}
	return found
}

// couldMatch tells whether a transport would name p for a pattern: as path.Match, but names that
// begin with a dot are found only by patterns that say so.
func couldMatch(pattern, p string) bool {
	if pattern == p {
		return true
	}
	if ok, _ := path.Match(pattern, p); !ok {
		return false
	}
	parts, names := strings.Split(pattern, "/"), strings.Split(p, "/")
	for i := range min(len(parts), len(names)) {
		if strings.HasPrefix(names[i], ".") && !strings.HasPrefix(parts[i], ".") {
			return false
		}
	}
	return true
}

// Glob gives all files read for a pattern, ordered by path. The problem tells why the pattern as a
// whole could not be answered (a folder that cannot be listed); a missing folder is an empty list.
func (e *Evidence) Glob(pattern string) ([]File, *fact.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.globs[needKey{OpRead, pattern}]
	if !ok {
		return nil, notGathered(pattern)
	}
	out := make([]File, 0, len(m.paths))
	for _, p := range m.paths {
		out = append(out, e.file(p))
	}
	return out, m.err
}

// Stat gives the status of one path.
func (e *Evidence) Stat(p string) (Info, *fact.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i, ok := e.stats[p]; ok {
		return i, nil
	}
	m, ok := e.globs[needKey{OpStat, p}]
	switch {
	case !ok:
		return Info{Path: p}, notGathered(p)
	case m.err != nil:
		return Info{Path: p}, m.err
	}
	return Info{Path: p}, &fact.Problem{Cause: fact.NotFound, Source: p}
}

// StatGlob gives the status of all paths that matched a pattern, ordered by path.
func (e *Evidence) StatGlob(pattern string) ([]Info, *fact.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.globs[needKey{OpStat, pattern}]
	if !ok {
		return nil, notGathered(pattern)
	}
	out := make([]Info, 0, len(m.paths))
	for _, p := range m.paths {
		if i, ok := e.stats[p]; ok {
			out = append(out, i)
		}
	}
	return out, m.err
}

// Output gives what a command printed.
func (e *Evidence) Output(c *Command) Output {
	e.mu.Lock()
	defer e.mu.Unlock()
	if o, ok := e.outputs[c.Name]; ok {
		return o
	}
	if e.Rootfs {
		return Output{Exit: -1, Err: notRunning(c.String())}
	}
	return Output{Exit: -1, Err: notGathered(c.String())}
}

// Processes gives all processes, ordered by PID.
func (e *Evidence) Processes() ([]Process, *fact.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Rootfs {
		return nil, notRunning("processes")
	}
	return e.processes, e.procErr
}

// Special gives what the walk found.
func (e *Evidence) Special() Special {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.special == nil {
		return Special{Err: notGathered("walk of the file systems")}
	}
	return *e.special
}

func notRunning(what string) *fact.Problem {
	return &fact.Problem{Cause: fact.Unsupported, Source: what, Text: "a file tree does not run"}
}
