package ssh

import (
	"context"
	"encoding/hex"
	"strings"
	"sync"

	"golang.org/x/crypto/blake2b"

	"holdfast.example/holdfast/internal/host"
)

const (
	blobMin = 256 << 10 // smaller files cost less than to ask for their digest
	blobMax = 256 << 20 // all together
)

// Blobs keeps large files by digest, for several connections: package lists and the like are the
// same on many hosts, and are then sent once and read once. A host that claims a digest that is not
// its file's deceives about itself only. The zero value is empty and ready.
type Blobs struct {
	mu   sync.Mutex
	blob map[string]blob
	size int
}

type blob struct {
	data   []byte
	shared *host.Shared
}

func (b *Blobs) get(digest string) (blob, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok := b.blob[digest]
	return found, ok
}

func (b *Blobs) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.blob) == 0
}

// put gives the blob of that content, which is kept while there is room.
func (b *Blobs) put(data []byte) blob {
	sum := blake2b.Sum512(data)
	digest := hex.EncodeToString(sum[:])
	b.mu.Lock()
	defer b.mu.Unlock()
	if found, ok := b.blob[digest]; ok {
		return found
	}
	if b.size+len(data) > blobMax {
		return blob{data: data}
	}
	if b.blob == nil {
		b.blob = map[string]blob{}
	}
	fresh := blob{data, &host.Shared{}}
	b.blob[digest], b.size = fresh, b.size+len(data)
	return fresh
}

// large gives the wanted files that may be in the store.
func (c *catch) large() (out []*want) {
	for _, w := range c.order {
		if w.size >= blobMin && !w.doubt && (!w.done || w.err == nil) {
			out = append(out, w)
		}
	}
	return out
}

// recall answers wants from the store. Whatever goes wrong, the files are then read.
func (t *Transport) recall(ctx context.Context, c *catch, root bool) {
	ws := c.large()
	if t.blobs == nil || len(ws) == 0 || t.blobs.empty() {
		return
	}
	script, _ := start(digestScript)
	for _, w := range ws {
		script.WriteString("d " + quote(w.path) + "\n")
	}
	r := t.run(ctx, job{script: script.String(), root: root, limit: 1 << 20, time: filesTime})
	in := tokens{r.stdout}
	for _, w := range ws {
		text, err := in.expect('d')
		if err != nil {
			return
		}
		// A name with a line break or a backslash makes b2sum start the line with one.
		digest, _, _ := strings.Cut(strings.TrimPrefix(text, `\`), " ")
		if found, ok := t.blobs.get(digest); ok && int64(len(found.data)) <= w.max {
			w.blob, w.err, w.done = found, nil, true
		}
	}
}

// remember puts what was read into the store.
func (t *Transport) remember(c *catch) {
	if t.blobs == nil {
		return
	}
	for _, w := range c.large() {
		if w.done && w.err == nil && w.shared == nil {
			w.blob = t.blobs.put(w.data)
		}
	}
}
