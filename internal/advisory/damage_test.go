package advisory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// small is a store with something of everything.
func small(t testing.TB) (*Store, *Index) {
	return imported(t,
		put(t, "npm/all.zip", zipped(t, file{"GHSA-1.json", npm("GHSA-1", "left", "2.0.0")}, file{"GHSA-2.json", npm("GHSA-2", "left", "3.0.0")})),
		put(t, "kev.csv", []byte(kevLine)), put(t, "epss.csv", []byte(epssLine)),
		put(t, "eol.json", []byte(`{"source":"x","commit":"y","license":"MIT","products":[{"product":"debian","label":"Debian","category":"os","identifiers":[{"cpe":"cpe:/o:debian"}],"cycles":[{"cycle":"12","eol":"2026-07-11"}]}]}`)),
	)
}

// answers is everything that the index can be asked, as text.
func answers(ix *Index) string {
	p, ok := ix.EPSS("CVE-2025-48384")
	e, _ := ix.Exploit("CVE-2025-48384")
	return fmt.Sprint(ids(ix, "npm", "left"), ids(ix, "npm", "right"), ix.Scores("GHSA-1"), ix.Exploited("CVE-2025-48384"), ix.Exploited("CVE-2025-1"), e, p, ok,
		ix.EOL("debian"), ix.EOL("cpe:/o:debian"), ix.Record("CVE-GHSA-1"), len(ix.Affecting("GHSA-2")))
}

// TestEveryFlippedByte: whatever byte of the index is damaged, it is refused, or it says so, or it answers right.
func TestEveryFlippedByte(t *testing.T) {
	_, ix := small(t)
	want := answers(ix)
	if !strings.Contains(want, "GHSA-1 <2.0.0 GHSA-2 <3.0.0") || !strings.Contains(want, "0.25 true") || !strings.Contains(want, "Git Link, Following") || strings.Count(want, "2026-07-11") != 2 {
		t.Fatalf("answers: %s", want)
	}
	whole := slices.Clone(ix.b)
	refused, said := 0, 0
	for at := range whole {
		b := slices.Clone(whole)
		b[at] ^= 0x40
		ix, err := readIndex(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("byte %d: %v", at, err)
			}
			refused++
			continue
		}
		got := answers(ix)
		switch {
		case ix.Err() != nil:
			said++
		case got != want:
			t.Fatalf("byte %d: silently %s, want %s", at, got, want)
		}
		if at >= blockSize && ix.Verify() == nil {
			t.Fatalf("byte %d: Verify finds nothing", at)
		}
	}
	if refused == 0 || said == 0 {
		t.Errorf("%d refused, %d said", refused, said)
	}
	for n := range whole {
		if _, err := readIndex(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut off after %d: %v", n, err)
		}
	}
	if _, err := readIndex(append(slices.Clone(whole), 0)); !errors.Is(err, ErrCorrupt) {
		t.Error("longer than it was written")
	}
}

// TestRebuilt: a damaged index is made anew from the records, and who had it open keeps what it had.
func TestRebuilt(t *testing.T) {
	s, ix := small(t)
	want := answers(ix)
	m, err := s.manifest()
	if err != nil {
		t.Fatal(err)
	}
	path := s.path(m.Index)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cut off": whole[:len(whole)-1], "empty": {}, "header": append([]byte("x"), whole[1:]...), "another format": slices.Concat(whole[:8], []byte{99}, whole[9:])} {
		m, err := s.manifest()
		if err != nil {
			t.Fatal(err)
		}
		if err := replaceFile(s.path(m.Index), content); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenIndex(s.path(m.Index)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), m.Index) {
			t.Errorf("%s: opened: %v", name, err)
		}
		if got := answers(index(t, s)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if m, err = s.manifest(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path(m.Index)); err != nil {
		t.Fatal(err)
	}
	if got := answers(index(t, s)); got != want {
		t.Errorf("removed: %s", got)
	}
	if got := answers(ix); got != want {
		t.Errorf("the one that was open from the beginning: %s", got)
	}
}

// TestDamagedRecords: an index is not made from half of the records; importing the feed again mends it.
func TestDamagedRecords(t *testing.T) {
	source := put(t, "npm/all.zip", zipped(t, file{"GHSA-1.json", npm("GHSA-1", "left", "2.0.0")}, file{"GHSA-2.json", npm("GHSA-2", "left", "3.0.0")}))
	for _, at := range []int{0, 12, 40, -25} {
		s, ix := imported(t, source)
		want := answers(ix)
		m, err := s.manifest()
		if err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(s.path(m.Feeds["npm"].File))
		if err != nil {
			t.Fatal(err)
		}
		if at < 0 { // in the second record
			held, err := contents(log)
			if err != nil {
				t.Fatal(err)
			}
			at = int(held["GHSA-2"].at) - at
		}
		log[at] ^= 1
		if err := os.WriteFile(s.path(m.Feeds["npm"].File), log, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.Rebuild(context.Background(), now); !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), "import npm again") {
			t.Fatalf("byte %d: %v", at, err)
		}
		if got := answers(index(t, s)); got != want {
			t.Errorf("byte %d: the old index is gone: %s", at, got)
		}
		r, err := s.Import(context.Background(), source, now, Options{})
		if err != nil || r.Corrupt != 1 || !strings.Contains(r.First[0], "damaged") {
			t.Fatalf("byte %d: %+v %v", at, r, err)
		}
		if d := gocmp.Diff(want, answers(index(t, s))); d != "" {
			t.Errorf("byte %d (-want +got):\n%s", at, d)
		}
	}
}

// TestSame: the same records make the same index, byte for byte.
func TestSame(t *testing.T) {
	_, a := small(t)
	_, b := small(t)
	if string(a.b) != string(b.b) {
		t.Error("they differ")
	}
}

// TestText: a record is there as it came.
func TestText(t *testing.T) {
	one := npm("GHSA-1", "left", "2.0.0")
	s, _ := imported(t, put(t, "npm/all.zip", zipped(t, file{"GHSA-1.json", one})))
	if got, err := s.Text("npm", "GHSA-1"); err != nil || string(got) != one {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := s.Text("npm", "GHSA-2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := s.Text("PyPI", "GHSA-1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
