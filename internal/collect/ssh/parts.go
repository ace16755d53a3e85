package ssh

import (
	"errors"
	"io"
	"io/fs"
	"strconv"
	"sync"

	"holdfast.example/holdfast/internal/fact"
)

// block is how much is read at least. Parts are whole blocks.
const (
	block     = 16 << 10
	aheadMax  = 64 // blocks that are read at once when a file is read from one end to the other
	keptMax   = 96 // blocks of one open file that are kept
	pullBytes = 32 << 20
)

// partScript reads parts: r SKIP COUNT FILE, in blocks. Of each part it says y, or n when it may not be read, or x
// when it is no regular file any more. The numbers are numbers, and FILE starts with a slash.
const partScript = prelude + `r() {
  if [ -L "$3" ] || [ ! -f "$3" ]; then printf 'x\0'; return; fi
  if [ ! -r "$3" ]; then printf 'n\0'; return; fi
  printf 'y\0'
  dd "if=$3" bs=16384 "skip=$1" "count=$2" 2>/dev/null </dev/null
  printf '%s\0' "$N"
}
`

var errParts = errors.New("more than 256 MB would have to be sent")

// pull is one part to read.
type pull struct {
	path   string
	first  int64 // block
	blocks int64
	data   []byte
	err    error
	done   bool
}

// pulls are parts that wait to be read: what comes while one script runs is read by the next one together.
type pulls struct {
	mu      sync.Mutex
	waiting []*pull
	turn    sync.Mutex
}

// pull reads a part together with the others that wait.
func (tree *Tree) pull(p *pull) error {
	q := &tree.pulls
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	q.mu.Unlock()
	q.turn.Lock()
	defer q.turn.Unlock()
	for !p.done {
		tree.pullAll(q.take())
	}
	return p.err
}

// take gives what waits, as much as one script may read.
func (q *pulls) take() (now []*pull) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var size int64
	for len(q.waiting) > 0 && (len(now) == 0 || size+q.waiting[0].blocks*block <= pullBytes) {
		size += q.waiting[0].blocks * block
		now, q.waiting = append(now, q.waiting[0]), q.waiting[1:]
	}
	return now
}

func (tree *Tree) pullAll(all []*pull) {
	script, word := start(partScript)
	limit := int64(1 << 16)
	for _, p := range all {
		script.WriteString("r " + strconv.FormatInt(p.first, 10) + " " + strconv.FormatInt(p.blocks, 10) + " " + quote(p.path) + "\n")
		limit += p.blocks*block + 64
	}
	r := tree.t.run(tree.ctx, job{script: script.String(), root: tree.root, limit: limit, time: filesTime})
	in := tokens{r.stdout}
	for _, p := range all {
		p.done = true
		if p.data, p.err = parsePart(&in, word); errors.Is(p.err, errFrame) {
			p.err = asError(trouble("", errors.Join(r.err, p.err)))
			if r.err != nil {
				p.err = asError(trouble("", r.err))
			}
		}
		tree.left.Add(-int64(len(p.data)))
	}
}

// parsePart reads one answer of r.
func parsePart(in *tokens, word string) ([]byte, error) {
	kind, err := in.until([]byte{0})
	if err != nil {
		return nil, err
	}
	switch string(kind) {
	case "y":
		data, err := in.until([]byte(word + "\x00"))
		if err != nil {
			return nil, err
		}
		return append([]byte{}, data...), nil // a copy: a small part does not keep the whole answer
	case "n":
		return nil, fs.ErrPermission
	case "x":
		return nil, fs.ErrNotExist
	}
	return nil, errFrame
}

// parts reads a file of the tree anywhere, in blocks, which are read ahead where it is read from one end to the other.
type parts struct {
	tree *Tree
	*node
	mu    sync.Mutex
	kept  map[int64][]byte
	order []int64 // of kept, oldest first
	next  int64   // block after those that were read last
	ahead int64   // how many those were
	err   error
}

// ReadAt reads from off on.
func (f *parts) ReadAt(p []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	for n < len(p) {
		if off >= f.status.size {
			return n, io.EOF
		}
		b, err := f.block(off/block, (int64(len(p)-n)+off%block+block-1)/block)
		if err != nil {
			f.err = err
			return n, err
		}
		m := copy(p[n:], b[off%block:])
		n, off = n+m, off+int64(m)
	}
	return n, nil
}

// block gives one block; more are wanted after it.
func (f *parts) block(i, wanted int64) ([]byte, error) {
	if b, ok := f.kept[i]; ok {
		return b, nil
	}
	count := wanted
	if i == f.next && f.ahead > 0 {
		count = max(count, 2*f.ahead)
	}
	count = min(max(count, 1), aheadMax, (f.status.size-1)/block+1-i)
	if f.tree.left.Load() < count*block {
		return nil, errParts
	}
	pull := &pull{path: f.path(), first: i, blocks: count}
	if err := f.tree.pull(pull); err != nil {
		return nil, err
	}
	if want := min(count*block, f.status.size-i*block); int64(len(pull.data)) < want {
		return nil, &fact.Problem{Cause: fact.Failed, Text: "it changed while it was read"}
	}
	f.next, f.ahead = i+count, count
	if f.kept == nil {
		f.kept = map[int64][]byte{}
	}
	for j := range count {
		end := min((j+1)*block, int64(len(pull.data)))
		f.kept[i+j] = pull.data[j*block : end]
		f.order = append(f.order, i+j)
	}
	for len(f.order) > keptMax {
		delete(f.kept, f.order[0])
		f.order = f.order[1:]
	}
	return f.kept[i], nil
}
