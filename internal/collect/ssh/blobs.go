package ssh

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

const (
	blobMin = 256 << 10 // smaller files cost less than to ask for their digest
	blobMax = 256 << 20 // all together
)

// Blobs keeps large files by digest, for several connections: package lists and the like are the
// same on many hosts and are then sent once. A host that claims a digest that is not its file's
// deceives about itself only. The zero value is empty and ready.
type Blobs struct {
	mu   sync.Mutex
	data map[string][]byte
	size int
}

func (b *Blobs) get(digest string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data[digest]
}

func (b *Blobs) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.data) == 0
}

func (b *Blobs) put(data []byte) {
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.data[digest] != nil || b.size+len(data) > blobMax {
		return
	}
	if b.data == nil {
		b.data = map[string][]byte{}
	}
	b.data[digest], b.size = data, b.size+len(data)
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
		// A name with a line break or a backslash makes sha256sum start the line with one.
		digest, _, _ := strings.Cut(strings.TrimPrefix(text, `\`), " ")
		if data := t.blobs.get(digest); data != nil && int64(len(data)) <= w.max {
			w.data, w.err, w.done, w.recalled = data, nil, true, true
		}
	}
}

// remember puts what was read into the store.
func (t *Transport) remember(c *catch) {
	if t.blobs == nil {
		return
	}
	for _, w := range c.large() {
		if w.done && w.err == nil && !w.recalled {
			t.blobs.put(w.data)
		}
	}
}
