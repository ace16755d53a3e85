package advisory

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// seeds are real records and lists; testdata/README.md says where each is from.
func seeds(f *testing.F, pattern string) {
	f.Helper()
	all, err := filepath.Glob("testdata/" + pattern)
	if err != nil || len(all) == 0 {
		f.Fatal(pattern, err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// FuzzOSV: what is read is the same after it was written and read again, and an error comes with nothing.
func FuzzOSV(f *testing.F) {
	seeds(f, "osv/*.json")
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := parseOSV(text)
		if err != nil {
			if a != nil {
				t.Fatal("an error with a record")
			}
			return
		}
		var w writer
		w.advisory(a)
		r := reader{s: string(w.b)}
		b := r.advisory()
		if d := gocmp.Diff(a, b, gocmp.AllowUnexported(advisory{}, affected{}), cmpopts.EquateEmpty()); d != "" || r.bad || r.s != "" {
			t.Fatalf("written and read again: %s", d)
		}
	})
}

// FuzzKEV: no panic; an error comes with nothing; entries are CVEs.
func FuzzKEV(f *testing.F) {
	seeds(f, "kev*")
	f.Add([]byte(kevLine))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parseKEV(text)
		if (err == nil) == (k == nil) {
			t.Fatal(k, err)
		}
		for i := 0; k != nil && i < len(k.entries); i++ {
			if !isCVE(k.entries[i].CVE) {
				t.Fatalf("%+v", k.entries[i])
			}
		}
	})
}

// FuzzEPSS: no panic; an error comes with nothing; probabilities are such.
func FuzzEPSS(f *testing.F) {
	f.Add([]byte(epssLine))
	f.Add([]byte("cve,epss\nCVE-2021-44228,0.9\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parseEPSS(text)
		if (err == nil) == (e == nil) {
			t.Fatal(e, err)
		}
		for i := 0; e != nil && i < len(e.entries); i++ {
			if p := e.entries[i]; !isCVE(p.cve) || !(p.epss >= 0 && p.epss <= 1) || !(p.percentile >= 0 && p.percentile <= 1) {
				t.Fatalf("%+v", p)
			}
		}
	})
}

// FuzzEOL: no panic, and what is read goes into the index and comes out as it was.
func FuzzEOL(f *testing.F) {
	seeds(f, "eol*")
	f.Fuzz(func(t *testing.T, text []byte) {
		list, _, err := parseEOL(text, "x")
		if err != nil {
			if list != nil {
				t.Fatal("an error with products")
			}
			return
		}
		for i := range list {
			var w writer
			w.eol(eolValue{product: &list[i]})
			r := reader{s: string(w.b)}
			v := r.eol()
			if r.bad || v.product == nil || v.product.Name != list[i].Name || len(v.product.Cycles) != len(list[i].Cycles) {
				t.Fatalf("%+v is %+v", list[i], v.product)
			}
		}
	})
}

// FuzzIndex: whatever the bytes of an index are, asking it neither panics nor runs on. With sound, the sums are made to
// fit, so that what is behind them is reached, too.
func FuzzIndex(f *testing.F) {
	_, ix := small(f)
	whole := slices.Clone(ix.b) // the mapping itself cannot be written to
	f.Add(slices.Clone(whole), false)
	f.Add(slices.Clone(whole), true)
	f.Add(whole[:len(whole)-1], true)
	f.Fuzz(func(t *testing.T, b []byte, sound bool) {
		if sound {
			b = slices.Clone(b)
			mend(b)
		}
		ix, err := readIndex(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		_ = answers(ix)
		_ = ix.Verify()
	})
}

// mend makes the sums of an index fit its bytes.
func mend(b []byte) {
	const head = 8 + 4 + 4 + 8 + 8 + sections*16 + 4 + 4
	if len(b) < 2*blockSize {
		return
	}
	le := binary.LittleEndian
	copy(b, indexMagic)
	le.PutUint32(b[8:], indexFormat)
	le.PutUint32(b[12:], sections)
	blocks := (len(b) - blockSize) / (blockSize + 4)
	sums := blockSize + blocks*blockSize
	at := 32 + 16*sectionSums
	le.PutUint64(b[at:], uint64(sums))
	le.PutUint64(b[at+8:], uint64(len(b)-sums))
	for i := range blocks {
		le.PutUint32(b[sums+4*i:], crc32.Checksum(b[blockSize*(i+1):blockSize*(i+2)], castagnoli))
	}
	le.PutUint64(b[24:], uint64(len(b)))
	le.PutUint32(b[head-8:], crc32.Checksum(b[sums:], castagnoli))
	le.PutUint32(b[head-4:], crc32.Checksum(b[:head-4], castagnoli))
}

// FuzzZip: whatever is imported, nothing panics, little is unpacked, and what was there is there.
func FuzzZip(f *testing.F) {
	one := npm("GHSA-1", "left", "1")
	f.Add(zipped(f, file{"npm/GHSA-1.json", one}, file{"kev.csv", kevLine}))
	f.Add(zipped(f, file{"a/ALSA-1.json", alma("ALSA-1", "8", "p", "2026-01-01T00:00:00Z", "x")}, file{"b/ALSA-1.json", alma("ALSA-1", "9", "p", "2026-01-01T00:00:00Z", "x")}))
	f.Add(gzipped(tarredSeed(f, one)))
	f.Add(zstded(f, []byte("["+one+"]")))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		store, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(store)
		s := At(filepath.Join(store, "s"), orders)
		s.limits = limits{record: 64 << 10, total: 1 << 20, entries: 100, list: 1 << 20}
		path := filepath.Join(store, "x")
		if err := os.WriteFile(path, []byte(npm("OLD", "old", "1")), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Import(context.Background(), path, now, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = s.Import(context.Background(), path, now, Options{})
		ix, err2 := s.Index(context.Background(), now)
		if err2 != nil {
			t.Fatal(err, err2)
		}
		defer ix.Close()
		if err := ix.Verify(); err != nil {
			t.Fatal(err)
		}
		if len(ix.Record("OLD")) == 0 {
			t.Fatal("what was there is gone", err)
		}
	})
}

// FuzzLog: whatever the bytes of a log are, reading it neither panics nor gives what lies outside.
func FuzzLog(f *testing.F) {
	s, _ := small(f)
	m, err := s.manifest()
	if err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(s.path(m.Feeds["npm"].File))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		held, err := contents(b)
		if err != nil && !errors.Is(err, errDamaged) {
			t.Fatal(err)
		}
		for id, h := range held {
			if h.at < 0 || h.at+h.size > int64(len(b)) {
				t.Fatalf("%s: %+v of %d", id, h, len(b))
			}
		}
		_ = frames(b, func(f frame) error {
			r := reader{s: f.parsed}
			_ = r.advisory()
			return nil
		})
	})
}

func tarredSeed(f *testing.F, text string) []byte { return tarred(f, tarFile("npm/GHSA-1.json", text)) }
