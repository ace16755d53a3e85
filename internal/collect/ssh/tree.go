package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Tree is what a search found, as a file system whose root is that of the host. Files that are read whole are here, others
// come in parts as they are read. A file that was not searched for is asked for when it is opened, a few hundred of
// them. It is for concurrent use once Search has returned.
type Tree struct {
	t      *Transport
	ctx    context.Context // of the search: io/fs has no place for one
	search host.Search
	root   bool // through sudo
	nodes  map[string]*node
	order  []*node // files, as they were found
	gaps   []error
	left   atomic.Int64 // bytes that may still be read in parts
	asked  atomic.Int64 // files that were not searched for
	pulls  pulls
}

// askedMax is how many files are asked for that were not searched for: what a list of requirements includes, and the like.
const askedMax = 300

// node is a file or a folder. It is its own fs.FileInfo and fs.DirEntry.
type node struct {
	name   string // as io/fs has it: opt/shop/go.mod
	status status
	use    host.Use
	inside []*node
	data   []byte
	err    *fact.Problem
}

func (n *node) path() string               { return "/" + n.name }
func (n *node) Name() string               { return path.Base(n.name) }
func (n *node) IsDir() bool                { return n.status.mode.IsDir() }
func (n *node) Type() fs.FileMode          { return n.status.mode.Type() }
func (n *node) Mode() fs.FileMode          { return n.status.mode }
func (n *node) Size() int64                { return n.status.size }
func (n *node) ModTime() time.Time         { return time.Time{} }
func (n *node) Sys() any                   { return nil }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }

// Gaps are what the search could not list. What it listed and could not read says so when it is opened.
func (tree *Tree) Gaps() []error { return tree.gaps }

func (tree *Tree) gap(p *fact.Problem) { tree.gaps = append(tree.gaps, p) }

// add puts a file into the tree, and the folders on its way. It is false for a path that cannot be one.
func (tree *Tree) add(p string, s status) bool {
	if !path.IsAbs(p) || path.Clean(p) != p || p == "/" || len(p) > 4096 || !s.mode.IsRegular() || s.size < 0 || len(tree.nodes) > searchNodes {
		return false
	}
	n := &node{name: p[1:], status: s, use: tree.search.Use(p)}
	if _, again := tree.nodes[n.name]; again {
		return true // by two roots
	}
	if n.use == host.Useless {
		return true
	}
	way := []*node{n}
	for at := path.Dir(n.name); ; at = path.Dir(at) {
		if above, ok := tree.nodes[at]; ok {
			if !above.IsDir() {
				return false
			}
			way = append(way, above)
			break
		}
		way = append(way, &node{name: at, status: status{ok: true, mode: fs.ModeDir | 0o755}})
	}
	for i, x := range way[:len(way)-1] {
		tree.nodes[x.name] = x
		way[i+1].inside = append(way[i+1].inside, x)
	}
	tree.order = append(tree.order, n)
	return true
}

// Stat gives the status of what was found.
func (tree *Tree) Stat(name string) (fs.FileInfo, error) {
	n, err := tree.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// ReadDir lists what was found in a folder, ordered by name.
func (tree *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := tree.find("readdir", name)
	if err != nil {
		return nil, err
	}
	var out []fs.DirEntry
	for _, x := range n.inside {
		if x.IsDir() || x.use != host.Useless {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

func (tree *Tree) find(op, name string) (*node, error) {
	// fs.ValidPath wants UTF-8, which names on a host need not be.
	if path.Clean("/" + name)[1:] != name && name != "." {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n, ok := tree.nodes[name]
	if !ok {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open opens what was found, or asks for a file that was not searched for.
func (tree *Tree) Open(name string) (fs.File, error) {
	n, err := tree.find("open", name)
	if errors.Is(err, fs.ErrNotExist) && !tree.searched(name) {
		if n, err = tree.ask(name); err != nil {
			err = &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	switch {
	case err != nil:
		return nil, err
	case n.IsDir():
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is a folder")}
	case n.err != nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: asError(n.err)}
	case n.use == host.Whole:
		return &file{node: n, Reader: bytes.NewReader(n.data)}, nil
	}
	p := &parts{tree: tree, node: n}
	return &file{node: n, parts: p, Reader: io.NewSectionReader(p, 0, n.status.size)}, nil
}

// searched tells whether a file of that name would have been found, were it there.
func (tree *Tree) searched(name string) bool {
	base, inside := path.Base(name), func(r string) bool { return strings.HasPrefix("/"+name, strings.TrimSuffix(r, "/")+"/") }
	return slices.Contains(tree.search.Names, base) && slices.ContainsFunc(tree.search.Roots, inside)
}

// ask reads a file that was not searched for.
func (tree *Tree) ask(name string) (*node, error) {
	if tree.asked.Add(1) > askedMax {
		return nil, errors.New("too many files refer to others")
	}
	pull := &pull{path: "/" + name, blocks: searchFile / block}
	if err := tree.pull(pull); err != nil {
		return nil, err
	}
	if len(pull.data) >= searchFile {
		return nil, errors.New("more than would be sent")
	}
	return &node{name: name, use: host.Whole, data: pull.data, status: status{ok: true, size: int64(len(pull.data)), mode: 0o644}}, nil
}

// asError makes of a problem what io/fs knows.
func asError(p *fact.Problem) error {
	switch p.Cause {
	case fact.NotFound:
		return fs.ErrNotExist
	case fact.Denied:
		return fs.ErrPermission
	}
	return &fact.Problem{Cause: p.Cause, Text: p.Text}
}

// file is an open file. Extractors want to read it anywhere.
type file struct {
	*node
	parts *parts // nil when all of it is here
	io.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *file) Close() error               { return nil }

// Err is what reading failed by, which extractors may take for the end of the file.
func (f *file) Err() error {
	if f.parts == nil {
		return nil
	}
	f.parts.mu.Lock()
	defer f.parts.mu.Unlock()
	return f.parts.err
}

// ReadAt reads somewhere.
func (f *file) ReadAt(p []byte, off int64) (int, error) { return f.Reader.(io.ReaderAt).ReadAt(p, off) }

// Seek goes somewhere.
func (f *file) Seek(off int64, whence int) (int64, error) {
	return f.Reader.(io.Seeker).Seek(off, whence)
}
