package advisory

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// The index is one file: a header of one block, blobs, tables, and the sums of all blocks behind the header. The
// header has a sum of its own and that of the sums; so opening reads two small places, and every block is checked
// when it is first touched. docs/design/008-advisory-index.md draws it.
const (
	indexMagic = "HFADVIDX"
	// indexFormat counts the forms of the file, and what is made of records on their way into it. An index of another
	// number is made anew.
	indexFormat = 1
	blockSize   = 4096
)

// Sections of the index.
const (
	sectionBlobs = iota
	sectionPackages
	sectionNames
	sectionKEV
	sectionEPSS
	sectionEOL
	sectionSums
	sections
)

// indexWriter writes the file from its beginning to its end and the header last.
type indexWriter struct {
	f          *os.File
	w          *bufio.Writer
	n          uint64 // bytes behind the header
	generation int
	section    [sections]struct{ at, length uint64 }
	sums       []byte
	block      [blockSize]byte // the one that is not full
	err        error
}

func createIndex(path string, generation int) (*indexWriter, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	w := &indexWriter{f: f, w: bufio.NewWriterSize(f, 1<<20), generation: generation}
	if _, err := w.w.Write(make([]byte, blockSize)); err != nil {
		f.Close()
		return nil, err
	}
	w.section[sectionBlobs].at = blockSize
	return w, nil
}

// Write appends bytes and sums up the blocks that they fill.
func (w *indexWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		at := w.n % blockSize
		n := copy(w.block[at:], rest)
		rest = rest[n:]
		if w.n += uint64(n); w.n%blockSize == 0 {
			w.sums = binary.LittleEndian.AppendUint32(w.sums, crc32.Checksum(w.block[:], castagnoli))
		}
	}
	n, err := w.w.Write(p)
	if err != nil {
		w.err = err
	}
	return n, err
}

// at is where the next byte goes, counted from the beginning of the file.
func (w *indexWriter) at() uint64 { return blockSize + w.n }

// blob appends bytes with their length before them and tells where.
func (w *indexWriter) blob(b []byte) (uint64, error) {
	at := w.at()
	var head [binary.MaxVarintLen64]byte
	if _, err := w.Write(head[:binary.PutUvarint(head[:], uint64(len(b)))]); err != nil {
		return 0, err
	}
	_, err := w.Write(b)
	w.section[sectionBlobs].length = w.at() - blockSize
	return at, err
}

// align fills up with zeros to a multiple of n.
func (w *indexWriter) align(n uint64) {
	if rest := w.n % n; rest > 0 {
		_, _ = w.Write(make([]byte, n-rest))
	}
}

// writeTable appends a hash table: the number of slots, the slots, and the entries. A slot is 0, or the upper half of
// the key's hash and where the entry lies behind the slots, plus one; an entry is the key and its value, each behind
// its length. Half of the slots at least are empty.
func writeTable[V any](w *indexWriter, section int, all map[string]V, encode func(V) []byte) error {
	slots := uint64(2)
	for slots < 2*uint64(len(all)) {
		slots *= 2
	}
	table := make([]uint64, slots)
	var entries writer
	for _, key := range sortedKeys(all) { // sorted, so that the same records make the same file
		if len(entries.b) >= 1<<32-2 {
			return fmt.Errorf("the table of %d keys is larger than 4 GiB", len(all))
		}
		h := hash(key, "")
		at := h & (slots - 1)
		for table[at] != 0 {
			at = (at + 1) & (slots - 1)
		}
		table[at] = h>>32<<32 | uint64(len(entries.b)+1)
		entries.string(key)
		value := encode(all[key])
		entries.len(len(value))
		entries.b = append(entries.b, value...)
	}
	w.align(8)
	start := w.at()
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+8*slots), slots)
	for _, s := range table {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	_, _ = w.Write(b)
	_, _ = w.Write(entries.b)
	w.section[section].at, w.section[section].length = start, w.at()-start
	return w.err
}

// hash is FNV-1a of two texts, the second, if there is one, behind a zero byte.
func hash(a, b string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(a); i++ {
		h = (h ^ uint64(a[i])) * 1099511628211
	}
	if b != "" {
		h *= 1099511628211 // the zero byte
		for i := 0; i < len(b); i++ {
			h = (h ^ uint64(b[i])) * 1099511628211
		}
	}
	return h ^ h>>29 // the lower bits of FNV alone spread badly
}

// finish writes the sums and the header, and makes the file durable.
func (w *indexWriter) finish() error {
	w.align(blockSize)
	w.section[sectionSums].at, w.section[sectionSums].length = w.at(), uint64(len(w.sums))
	if _, err := w.w.Write(w.sums); err != nil {
		return err
	}
	if err := w.w.Flush(); err != nil {
		return err
	}
	h := make([]byte, 0, blockSize)
	h = append(h, indexMagic...)
	h = binary.LittleEndian.AppendUint32(h, indexFormat)
	h = binary.LittleEndian.AppendUint32(h, sections)
	h = binary.LittleEndian.AppendUint64(h, uint64(w.generation))
	h = binary.LittleEndian.AppendUint64(h, w.at()+uint64(len(w.sums)))
	for _, s := range w.section {
		h = binary.LittleEndian.AppendUint64(h, s.at)
		h = binary.LittleEndian.AppendUint64(h, s.length)
	}
	h = binary.LittleEndian.AppendUint32(h, crc32.Checksum(w.sums, castagnoli))
	h = binary.LittleEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
	if _, err := w.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := w.f.Write(h); err != nil {
		return err
	}
	return w.f.Sync()
}
