package advisory

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// errDamaged says that bytes are not what was written. Who reads a file adds its name and what to do.
var errDamaged = errors.New("damaged")

// writer appends values. What it writes, reader reads in the same sequence.
type writer struct{ b []byte }

func (w *writer) uint(n uint64)   { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) len(n int)       { w.uint(uint64(n)) }
func (w *writer) string(s string) { w.len(len(s)); w.b = append(w.b, s...) }

func (w *writer) strings(list []string) {
	w.len(len(list))
	for _, s := range list {
		w.string(s)
	}
}

// time keeps seconds; 0 is the zero time, everything else is shifted by one.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.uint(0)
		return
	}
	w.b = binary.AppendUvarint(w.b, uint64(t.Unix()<<1^t.Unix()>>63)+1)
}

func (w *writer) float(f float32) { w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(f)) }

// reader reads what a writer wrote. After the first thing that does not fit it is bad and gives zeros; nothing it
// gives is larger than what it reads from. Strings are parts of the text, so that one allocation serves them all.
type reader struct {
	s   string
	bad bool
}

func (r *reader) fail() { r.s, r.bad = "", true }

func (r *reader) uint() uint64 {
	var n uint64
	for i := 0; i < len(r.s) && i < binary.MaxVarintLen64; i++ {
		c := r.s[i]
		if c < 0x80 {
			if i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			r.s = r.s[i+1:]
			return n | uint64(c)<<(7*i)
		}
		n |= uint64(c&0x7f) << (7 * i)
	}
	r.fail()
	return 0
}

// count is a number of things that take at least a byte each.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.s)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) string() string {
	n := r.count()
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

func (r *reader) strings() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = r.string()
	}
	return out
}

func (r *reader) time() time.Time {
	n := r.uint()
	if n == 0 {
		return time.Time{}
	}
	n--
	return time.Unix(int64(n>>1)^-int64(n&1), 0).UTC()
}

func (r *reader) float() float32 {
	if len(r.s) < 4 {
		r.fail()
		return 0
	}
	n := uint32(r.s[0]) | uint32(r.s[1])<<8 | uint32(r.s[2])<<16 | uint32(r.s[3])<<24
	r.s = r.s[4:]
	return math.Float32frombits(n)
}
