// Package inventory finds third-party components in a file tree: what package managers of languages installed, what
// their lock files name, and what is built into programs and archives. The walk is its own, bounded and parallel; the
// formats are read by the extractors of osv-scalibr. It asks no network, follows no link, compares nothing with advisories,
// and leaves the packages of the distribution to others.
package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
	scalibrfs "github.com/google/osv-scalibr/fs"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/vuln"
)

// Tree is a file tree with where to look in it. The zero Limits are the default ones.
type Tree struct {
	FS    scalibrfs.FS          // its root is that of the system
	Name  string                // for messages: host:local
	Roots []string              // folders to look through: /opt; none: all of it
	Skip  func(dir string) bool // folders that are not looked into; may be nil
	// AtOnce is how many files are read at once where reading waits for a network; 0: one in each of the folders that are
	// looked at.
	AtOnce int
	Gaps   []error // what is known to be missing in the tree; with a path where it is a fs.PathError
	Limits
}

// Limits of a walk. What exceeds them is a gap, never a silent cut. Its time is that of the context.
type Limits struct {
	Files      int   // visited; 0: 5 million
	Depth      int   // of folders; 0: 40
	FileBytes  int64 // of one lock file or archive, and of what is unpacked of it; 0: 512 MB
	Components int   // kept; 0: 200,000
}

func (l Limits) filled() Limits {
	if l.Files == 0 {
		l.Files = 5_000_000
	}
	if l.Depth == 0 {
		l.Depth = 40
	}
	if l.FileBytes == 0 {
		l.FileBytes = 512 << 20
	}
	if l.Components == 0 {
		l.Components = 200_000
	}
	return l
}

// passed are folders that hold no installed software: sources of the past, and what tools keep to install from.
var passed = []string{".git", ".hg", ".svn", ".cache", ".npm", ".terraform"}

var passedEnds = []string{"/go/pkg/mod", "/.cargo/registry", "/.cargo/git", "/.rustup", "/.m2/repository", "/.gradle/caches", "/.nuget/packages", "/node_modules/.cache"}

// pseudo are folders that hold no files of their own.
var pseudo = []string{"/proc", "/sys", "/dev", "/run"}

func pass(dir string) bool {
	return slices.Contains(passed, path.Base(dir)) || slices.Contains(pseudo, dir) ||
		slices.ContainsFunc(passedEnds, func(end string) bool { return strings.HasSuffix(dir, end) })
}

// walk is one walk under way.
type walk struct {
	Tree
	x     *extractors
	mu    sync.Mutex
	cond  *sync.Cond
	queue []folder
	busy  int
	files atomic.Int64
	found []vuln.Package
	links []components.Linked
	read  int // files that an extractor has read
	cut   []string
	cuts  int
	// denied are those of the cuts that root would see, and how the first of them is shown.
	denied  int
	how     string
	slots   chan struct{} // nil: files are read in place
	readers sync.WaitGroup
}

type folder struct {
	path  string // absolute
	depth int
}

// Components walks the tree.
func Components(ctx context.Context, t Tree) components.Fact {
	t.Limits = t.Limits.filled()
	f := components.Fact{Roots: slices.Sorted(slices.Values(t.Roots))}
	x, err := newExtractors(t.Limits)
	if err != nil {
		f.Note(components.PartFiles, &fact.Problem{Cause: fact.Failed, Source: t.Name, Text: err.Error()})
		return f
	}
	w := &walk{Tree: t, x: x}
	w.cond = sync.NewCond(&w.mu)
	if t.AtOnce > 0 {
		w.slots = make(chan struct{}, t.AtOnce)
	}
	for _, err := range t.Gaps {
		w.missed("", "", err)
	}
	if len(t.Roots) == 0 {
		w.queue = []folder{{path: "/"}}
	}
	for _, r := range t.Roots {
		if info, err := fs.Stat(t.FS, inner(r)); err == nil && info.IsDir() {
			w.queue = append(w.queue, folder{path: r})
		}
	}
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() { w.work(ctx) })
	}
	wg.Wait()
	w.readers.Wait()
	if ctx.Err() != nil {
		w.note("the time ran out")
	}
	if int(w.files.Load()) > t.Files {
		w.note(fmt.Sprintf("there are more than %d files", t.Files))
	}
	f.Packages, f.Linked = components.Canonical(w.found), linked(w.links)
	if err := owned(ctx, t.FS, f.Packages); err != nil {
		w.note("which packages brought them could not be told: " + reason(err))
	}
	f.Files = w.read
	if w.cuts > 0 {
		slices.Sort(w.cut)
		text := strings.Join(w.cut, "; ")
		if more := w.cuts - len(w.cut); more > 0 {
			text += fmt.Sprintf("; and %d more", more)
		}
		p := &fact.Problem{Cause: fact.Failed, Source: t.Name, Text: text}
		if w.denied == w.cuts {
			p.Cause, p.How = fact.Denied, w.how
		}
		f.Note(components.PartFiles, p)
	}
	return f
}

// inner is a path as io/fs has it.
func inner(p string) string {
	if p = strings.Trim(p, "/"); p == "" {
		return "."
	}
	return p
}

// later reads a file beside others where reading waits for a network, else at once.
func (w *walk) later(read func()) {
	if w.slots == nil {
		read()
		return
	}
	w.slots <- struct{}{}
	w.readers.Go(func() {
		defer func() { <-w.slots }()
		read()
	})
}

func (w *walk) work(ctx context.Context) {
	for {
		w.mu.Lock()
		for len(w.queue) == 0 && w.busy > 0 {
			w.cond.Wait()
		}
		if len(w.queue) == 0 || ctx.Err() != nil || int(w.files.Load()) > w.Files {
			w.queue = nil
			w.mu.Unlock()
			w.cond.Broadcast()
			return
		}
		d := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		w.busy++
		w.mu.Unlock()

		inside := w.folder(ctx, d)

		w.mu.Lock()
		w.busy--
		w.queue = append(w.queue, inside...)
		w.mu.Unlock()
		w.cond.Broadcast()
	}
}

func (w *walk) folder(ctx context.Context, d folder) (inside []folder) {
	entries, err := w.FS.ReadDir(inner(d.path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.missed(d.path, "ls", err)
	}
	for _, e := range entries {
		if ctx.Err() != nil || int(w.files.Add(1)) > w.Files {
			return inside
		}
		p := path.Join(d.path, e.Name())
		switch {
		case e.IsDir():
			switch {
			case pass(p) || w.Skip != nil && w.Skip(p):
			case d.depth >= w.Depth:
				w.note(fmt.Sprintf("%s: is more than %d folders deep", p, w.Depth))
			default:
				inside = append(inside, folder{p, d.depth + 1})
			}
		case e.Type().IsRegular():
			w.file(ctx, p, e)
		}
	}
	return inside
}

// file reads one file, when it is one that names components.
func (w *walk) file(ctx context.Context, p string, e fs.DirEntry) {
	if x := w.x.named(p); x != nil {
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			w.missed(p, "cat", err)
		case info.Size() > w.FileBytes:
			w.note(fmt.Sprintf("%s: is larger than %d MB", p, w.FileBytes>>20))
		default:
			w.later(func() { w.with(ctx, p, info, x) })
		}
		return
	}
	if !maybeProgram(e.Name()) {
		return
	}
	if info, err := e.Info(); err == nil && info.Mode()&0o111 != 0 && info.Size() > host.MinProgram {
		w.later(func() { w.with(ctx, p, info, w.x.binary...) })
	}
}

// plain are ends of names of files that are no programs, the frequent ones first.
var plain = []string{".py", ".pyc", ".js", ".go", ".ts", ".map", ".h", ".mjs", ".cjs", ".json", ".html", ".css", ".md", ".txt", ".c", ".cc", ".rs", ".rb", ".java", ".class", ".xml", ".yml", ".yaml",
	".png", ".svg", ".jpg", ".gz", ".xz", ".sh", ".pl", ".pm", ".po", ".mo", ".a", ".o", ".ko", ".la", ".pc", ".1", ".2", ".3", ".5", ".7", ".8"}

// maybeProgram sorts out by the name what is no program, so that it need not be asked about.
func maybeProgram(name string) bool { return !slices.Contains(plain, path.Ext(name)) }

// failing is a file that tells afterwards what reading it ended by: readers of formats take what they cannot read for what
// is not there.
type failing interface{ Err() error }

// with reads a file by each extractor. What of it cannot be read is a gap.
func (w *walk) with(ctx context.Context, p string, info fs.FileInfo, all ...extract) {
	in := inner(p)
	f, err := w.FS.Open(in)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.missed(p, "cat", err)
		}
		return
	}
	defer f.Close()
	if far, ok := f.(failing); ok {
		defer func() {
			if err := far.Err(); err != nil {
				w.missed(p, "cat", err)
			}
		}()
	}
	if len(all) > 1 {
		magic := make([]byte, 4)
		if n, _ := f.Read(magic); n < 4 || !bytes.Equal(magic, []byte("\x7fELF")) {
			return
		}
	}
	for i, x := range all {
		if i > 0 || len(all) > 1 {
			if s, ok := f.(io.Seeker); !ok {
				return
			} else if _, err := s.Seek(0, io.SeekStart); err != nil {
				return
			}
		}
		found, err := guarded(ctx, x, &filesystem.ScanInput{FS: w.FS, Path: in, Info: info, Reader: f})
		w.keep(p, found)
		w.link(p, f, found)
		if err != nil && len(all) == 1 { // a program without an inventory is no fault of it
			w.note(p + ": " + reason(err))
		}
	}
}

// guarded runs an extractor; one that breaks costs its file only.
func guarded(ctx context.Context, x extract, in *filesystem.ScanInput) (found []*extractor.Package, err error) {
	defer func() {
		if p := recover(); p != nil {
			found, err = nil, fmt.Errorf("its reader broke: %v", p)
		}
	}()
	return x(ctx, in)
}

func (w *walk) keep(p string, found []*extractor.Package) {
	var out []vuln.Package
	for _, f := range found {
		ecosystem := f.Ecosystem().String()
		name, version := f.Name, f.Version
		if ecosystem == "" || name == "" || version == "" {
			continue // a project's own name, or what a lock file takes from a folder
		}
		if ecosystem == "Go" {
			version = strings.TrimPrefix(version, "v")
			if version == "(devel)" {
				continue
			}
		}
		out = append(out, vuln.Package{Ecosystem: ecosystem, Name: name, Version: version, Places: []string{p}})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read++
	if room := w.Components - len(w.found); len(out) > room {
		out = out[:max(room, 0)]
		w.cuts++
		if len(w.cut) < 10 {
			w.cut = append(w.cut, fmt.Sprintf("%s: there are more than %d components", p, w.Components))
		}
	}
	w.found = append(w.found, out...)
}
