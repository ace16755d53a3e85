package advisory

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync/atomic"
	"unsafe"
)

// Index finds advisories in one file that is mapped into memory. Any number of goroutines may ask it at once; none
// waits for another. What it gives is copied out of the mapping and stays valid after Close.
//
// Blocks are checked when they are first touched. Of one that is not as it was written nothing is given, and Err says
// so from then on: who asks vuln.Of for matches calls Err before believing that nothing else was found.
type Index struct {
	path       string
	b          []byte
	release    func()
	generation int
	feeds      []Feed
	section    [sections]struct{ at, length uint64 }
	checked    []atomic.Uint32 // a bit for each block
	damage     atomic.Pointer[error]
}

// ErrCorrupt says that an index is not as it was written, or of another form. Store.Index makes such a one anew.
var ErrCorrupt = errors.New("the index of advisories is damaged or of another version")

// OpenIndex maps an index. It checks the header and the sums of the blocks, not the blocks: those come with the first
// touch, or with Verify.
func OpenIndex(path string) (*Index, error) {
	b, release, err := mapped(path, -1)
	if err != nil {
		if errors.Is(err, errDamaged) {
			err = fmt.Errorf("%s: %w", path, ErrCorrupt)
		}
		return nil, err
	}
	ix, err := readIndex(b)
	if err != nil {
		release()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ix.path, ix.release = path, release
	return ix, nil
}

// readIndex reads the header of an index that lies in memory.
func readIndex(b []byte) (*Index, error) {
	const head = 8 + 4 + 4 + 8 + 8 + sections*16 + 4 + 4
	bad := func(what string) (*Index, error) { return nil, fmt.Errorf("%w: %s", ErrCorrupt, what) }
	if len(b) < blockSize || string(b[:8]) != indexMagic {
		return bad("no such file")
	}
	le := binary.LittleEndian
	if le.Uint32(b[8:]) != indexFormat || le.Uint32(b[12:]) != sections {
		return bad("another format")
	}
	if crc32.Checksum(b[:head-4], castagnoli) != le.Uint32(b[head-4:]) {
		return bad("header")
	}
	if le.Uint64(b[24:]) != uint64(len(b)) {
		return bad("length")
	}
	ix := &Index{b: b, generation: int(le.Uint64(b[16:]))}
	for i := range ix.section {
		s := &ix.section[i]
		s.at, s.length = le.Uint64(b[32+16*i:]), le.Uint64(b[40+16*i:])
		if s.at > uint64(len(b)) || s.length > uint64(len(b))-s.at {
			return bad("sections")
		}
	}
	sums := ix.section[sectionSums]
	if sums.at%blockSize != 0 || sums.at < blockSize || sums.length != (sums.at/blockSize-1)*4 || sums.at+sums.length != uint64(len(b)) {
		return bad("sums")
	}
	if crc32.Checksum(b[sums.at:], castagnoli) != le.Uint32(b[head-8:]) {
		return bad("sums")
	}
	ix.checked = make([]atomic.Uint32, sums.length/4/32+1)
	return ix, nil
}

// Close releases the mapping. Nobody may ask the index any more.
func (ix *Index) Close() {
	if ix.release != nil {
		ix.release()
		ix.release, ix.b = nil, nil
	}
}

// Err tells of damage that was met so far.
func (ix *Index) Err() error {
	if p := ix.damage.Load(); p != nil {
		return *p
	}
	return nil
}

// Verify checks every block.
func (ix *Index) Verify() error {
	for at := uint64(blockSize); at < ix.section[sectionSums].at; at += blockSize {
		if !ix.intact(at / blockSize) {
			break
		}
	}
	return ix.Err()
}

func (ix *Index) damaged(at uint64) {
	err := fmt.Errorf("%s: %w: at byte %d", ix.path, ErrCorrupt, at)
	ix.damage.CompareAndSwap(nil, &err)
}

// intact checks a block, if nobody did before. Two may do it at once; both come to the same end.
func (ix *Index) intact(block uint64) bool {
	n := block - 1
	word, bit := &ix.checked[n/32], uint32(1)<<(n%32)
	if word.Load()&bit != 0 {
		return true
	}
	sum := binary.LittleEndian.Uint32(ix.b[ix.section[sectionSums].at+4*n:])
	if crc32.Checksum(ix.b[block*blockSize:(block+1)*blockSize], castagnoli) != sum {
		ix.damaged(block * blockSize)
		return false
	}
	word.Or(bit)
	return true
}

// slice is a part of the mapping, checked; empty when it is damaged or lies outside of what is summed up.
func (ix *Index) slice(at, length uint64) string {
	end := ix.section[sectionSums].at
	if at < blockSize || at > end || length > end-at {
		ix.damaged(at)
		return ""
	}
	if length == 0 {
		return ""
	}
	for block := at / blockSize; block <= (at+length-1)/blockSize; block++ {
		if !ix.intact(block) {
			return ""
		}
	}
	return unsafe.String(&ix.b[at], int(length))
}

// piece is what lies behind its length: a blob, a key, a value. It tells where it ends, too.
func (ix *Index) piece(at uint64) (s string, end uint64) {
	limit := ix.section[sectionSums].at
	if at >= limit {
		ix.damaged(at)
		return "", limit
	}
	r := reader{s: ix.slice(at, min(binary.MaxVarintLen64, limit-at))}
	before := len(r.s)
	n := r.uint()
	if r.bad {
		ix.damaged(at)
		return "", limit
	}
	at += uint64(before - len(r.s))
	if n > limit-at {
		ix.damaged(at)
		return "", limit
	}
	return ix.slice(at, n), at + n
}

// lookup finds the value of a key of two parts, the second empty where the key has one only.
func (ix *Index) lookup(section int, a, b string) (string, bool) {
	t := ix.section[section]
	if t.length < 8 {
		return "", false
	}
	word := func(at uint64) uint64 {
		s := ix.slice(at, 8)
		if len(s) < 8 {
			return 0
		}
		return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), 8))
	}
	slots := word(t.at)
	if slots == 0 || slots&(slots-1) != 0 || slots > (t.length-8)/8 {
		ix.damaged(t.at)
		return "", false
	}
	h := hash(a, b)
	entries := t.at + 8 + 8*slots
	for i, at := uint64(0), h&(slots-1); i < slots; i, at = i+1, (at+1)&(slots-1) {
		slot := word(t.at + 8 + 8*at)
		if slot == 0 {
			return "", false
		}
		if slot>>32 != h>>32 {
			continue
		}
		key, end := ix.piece(entries + slot&(1<<32-1) - 1)
		if same(key, a, b) {
			value, _ := ix.piece(end)
			return value, true
		}
	}
	return "", false
}

// same compares a key with its two parts.
func same(key, a, b string) bool {
	if b == "" {
		return key == a
	}
	return len(key) == len(a)+1+len(b) && key[:len(a)] == a && key[len(a)] == 0 && key[len(a)+1:] == b
}
