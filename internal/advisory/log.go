package advisory

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// The log of a feed holds its records as they came, one frame behind the other; the last frame of an id counts.
// A frame has the record twice: as it was read, so that compiling needs no JSON, and as it came, compressed, so that
// nothing of it is lost. What lies behind the length that the manifest names was never committed.
const (
	logMagic  = "HFADVL1\n"
	frameHead = 21
)

// Sorts of frames.
const (
	frameRecord = 0
	frameGone   = 1 // the feed has no longer got the record
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is one entry of a log; its parts lie in the mapping.
type frame struct {
	at     int64
	size   int64 // of the whole frame
	kind   byte
	parsed string
	raw    []byte // zstd
	crc    uint32 // of the text, as zip has it
	length uint32 // of the text
}

// held is what an import has to know of a record that is there already.
type held struct {
	at, size int64
	modified int64
	crc      uint32
	length   uint32
}

// frames calls for each frame of a log, in sequence, and ends with errDamaged where one is not as it was written.
func frames(b []byte, f func(frame) error) error {
	if len(b) < len(logMagic) || string(b[:len(logMagic)]) != logMagic {
		return errDamaged
	}
	for at := len(logMagic); at < len(b); {
		h := b[at:]
		if len(h) < frameHead {
			return errDamaged
		}
		parsed, raw := uint64(binary.LittleEndian.Uint32(h[4:])), uint64(binary.LittleEndian.Uint32(h[8:]))
		size := frameHead + parsed + raw
		if size > uint64(len(h)) || crc32.Checksum(h[4:frameHead+parsed], castagnoli) != binary.LittleEndian.Uint32(h) {
			return errDamaged
		}
		p := h[frameHead : frameHead+parsed]
		err := f(frame{
			at: int64(at), size: int64(size), kind: h[20], parsed: unsafe.String(unsafe.SliceData(p), len(p)),
			raw: h[frameHead+parsed : size], crc: binary.LittleEndian.Uint32(h[12:]), length: binary.LittleEndian.Uint32(h[16:]),
		})
		if err != nil {
			return err
		}
		at += int(size)
	}
	return nil
}

// contents gives what counts of a log: each id with its last frame.
func contents(b []byte) (map[string]held, error) {
	out := map[string]held{}
	err := frames(b, func(f frame) error {
		r := reader{s: f.parsed}
		id := r.string()
		if f.kind == frameGone {
			delete(out, id)
			return nil
		}
		modified := r.time().Unix()
		if r.bad {
			return errDamaged
		}
		// A copy even where the key is there already: a map takes over the new text of a key that is equal.
		out[strings.Clone(id)] = held{f.at, f.size, modified, f.crc, f.length}
		return nil
	})
	return out, err
}

// zeroTime is how the zero time stands in held.
var zeroTime = time.Time{}.Unix()

// mapped maps the first bytes of a file into memory, until release is called.
func mapped(path string, length int64) (b []byte, release func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if length < 0 {
		length = st.Size()
	}
	if st.Size() < length || length == 0 || int64(int(length)) != length {
		return nil, nil, fmt.Errorf("%s has %d bytes, %d are missing: %w", path, st.Size(), length-st.Size(), errDamaged)
	}
	b, err = unix.Mmap(int(f.Fd()), 0, int(length), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("map %s into memory: %w", path, err)
	}
	return b, func() { _ = unix.Munmap(b) }, nil
}

// logWriter appends frames to a log.
type logWriter struct {
	f   *os.File
	w   *bufio.Writer
	n   int64
	enc *zstd.Encoder
	buf []byte
}

// appendLog opens a log behind its committed bytes; 0 begins it anew. What a killed writer left behind them goes.
func appendLog(path string, committed int64, enc *zstd.Encoder) (*logWriter, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(committed); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.Seek(committed, io.SeekStart); err != nil {
		f.Close()
		return nil, err
	}
	l := &logWriter{f: f, w: bufio.NewWriterSize(f, 1<<20), n: committed, enc: enc}
	if committed == 0 {
		l.n = int64(len(logMagic))
		_, err = l.w.WriteString(logMagic)
	}
	return l, err
}

// add appends a frame and tells where it lies. Parsed and text are not kept.
func (l *logWriter) add(kind byte, parsed, text []byte) (held, error) {
	head := append(l.buf[:0], make([]byte, frameHead)...)
	head = append(head, parsed...)
	end := len(head)
	if kind == frameRecord {
		head = l.enc.EncodeAll(text, head)
	}
	l.buf = head
	h := held{at: l.n, size: int64(len(head)), crc: crc32.ChecksumIEEE(text), length: uint32(len(text))}
	binary.LittleEndian.PutUint32(head[4:], uint32(len(parsed)))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(head)-end))
	binary.LittleEndian.PutUint32(head[12:], h.crc)
	binary.LittleEndian.PutUint32(head[16:], h.length)
	head[20] = kind
	binary.LittleEndian.PutUint32(head, crc32.Checksum(head[4:end], castagnoli))
	l.n += h.size
	_, err := l.w.Write(head)
	return h, err
}

// copyFrame appends a frame of another log as it is.
func (l *logWriter) copyFrame(b []byte) error {
	l.n += int64(len(b))
	_, err := l.w.Write(b)
	return err
}

// close makes what was appended durable.
func (l *logWriter) close() error {
	err := l.w.Flush()
	if err == nil {
		err = l.f.Sync()
	}
	if e := l.f.Close(); err == nil {
		err = e
	}
	return err
}
