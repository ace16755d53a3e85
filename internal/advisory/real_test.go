package advisory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/internal/vuln/version"
)

func orders(ecosystem string) (vuln.Order, bool) { return version.For(ecosystem) }

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func imported(t testing.TB, sources ...string) (*Store, *Index) {
	t.Helper()
	s := At(t.TempDir(), orders)
	for _, source := range sources {
		if _, err := s.Import(context.Background(), source, now, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	return s, index(t, s)
}

func index(t testing.TB, s *Store) *Index {
	t.Helper()
	ix, err := s.Index(context.Background(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ix.Close)
	return ix
}

// TestRealData imports everything as it lies there; the counts are those of its NOTICE.
func TestRealData(t *testing.T) {
	dir := need.Advisories(t, "../..")
	s := At(t.TempDir(), nil)
	r, err := s.Import(context.Background(), dir, now, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Corrupt != 0 {
		t.Errorf("%d corrupt: %q", r.Corrupt, r.First)
	}
	read, records := map[string]int{}, map[string]int{}
	for _, f := range r.Feeds {
		read[f.Name], records[f.Name] = f.Read, f.Records
	}
	if d := gocmp.Diff(map[string]int{"Go": 4291, "PyPI": 2661, "crates.io": 1206, "npm": 801, "Debian": 12272, "AlmaLinux": 5680, "kev": 1404, "eol": 464}, read); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
	// AlmaLinux publishes 43 errata once more for another release: they are one record each.
	if records["AlmaLinux"] != 5680-43 || records["Debian"] != 12272 {
		t.Errorf("kept %v", records)
	}
	ix := index(t, s)
	if err := ix.Verify(); err != nil {
		t.Fatal(err)
	}
	// Every record of Debian, as its JSON has it, is found by each of its packages with its fixed version.
	n, found := 0, map[string]vuln.Interval{}
	for _, a := range ix.packagesOf(t) {
		for _, f := range ix.Find(a[0], a[1]) {
			found[a[0]+"/"+a[1]+"/"+f.Record.ID] = f.Intervals[0]
		}
	}
	each(t, dir+"/osv/Debian/all.zip", func(name string, text []byte) {
		var d struct {
			ID       string
			Affected []struct {
				Package struct{ Ecosystem, Name string }
				Ranges  []struct{ Events []struct{ Fixed string } }
			}
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, a := range d.Affected {
			n++
			if got, want := found[a.Package.Ecosystem+"/"+a.Package.Name+"/"+d.ID], (vuln.Interval{Introduced: "0", Fixed: a.Ranges[0].Events[1].Fixed}); got != want {
				t.Fatalf("%s by %s %s: %+v, want %+v", d.ID, a.Package.Ecosystem, a.Package.Name, got, want)
			}
		}
	})
	if n != 19827 {
		t.Errorf("%d packages of Debian's records, want 19827", n)
	}
	// Looked up by hand.
	for _, x := range []struct{ ecosystem, name, id, interval string }{
		{"Debian:12", "libxml-parser-perl", "DEBIAN-CVE-2006-10002", "{0 2.46-4+deb12u1  false}"},
		{"AlmaLinux:8", "NetworkManager-libnm-devel", "ALBA-2021:1099", "{0 1:1.26.0-14.el8_3  false}"},
		{"Go", "github.com/coder/coder/v2", "GO-2024-3228", "{2.15.0 2.15.3  false}"},
		{"npm", "froala-editor", "RETIREJS-CVE-2021-28114", "{0 3.2.7  false}"},
		{"crates.io", "tree-sitter-pkl", "RUSTSEC-2025-0156", "{0.0.0-0   false}"},
		{"PyPI", "gerapy", "PYSEC-2022-17", "{0 0.9.9  false}"},
	} {
		found := false
		for _, a := range ix.Find(x.ecosystem, x.name) {
			for _, i := range a.Intervals {
				found = found || a.Record.ID == x.id && fmt.Sprint(i) == x.interval
			}
		}
		if !found {
			t.Errorf("%s %s: no %s with %s", x.ecosystem, x.name, x.id, x.interval)
		}
		of := ix.Affecting(x.id)
		if !slices.ContainsFunc(of, func(o Of) bool { return o.Ecosystem == x.ecosystem && o.Name == x.name }) {
			t.Errorf("%s does not lead back to %s %s", x.id, x.ecosystem, x.name)
		}
	}
	if e, ok := ix.Exploit("CVE-2025-48384"); !ok || e.Added.Format(time.DateOnly) != "2025-08-25" || ix.Exploited("CVE-2006-10002") {
		t.Errorf("KEV: %+v", e)
	}
	if p := ix.EOL("debian"); len(p) != 1 || p[0].Cycles[1].Name != "12" || p[0].Cycles[1].EOL.Day != "2026-07-11" {
		t.Errorf("EOL: %+v", p)
	}
	if p := ix.EOL("pkg:deb/debian/python3.11"); len(p) != 1 || p[0].Name != "python" {
		t.Errorf("EOL by purl: %+v", p)
	}
	// Imported again, nothing changes and nothing is unpacked.
	r, err = s.Import(context.Background(), dir, now, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Feeds {
		if f.Added+f.Changed+f.Older+f.Gone != 0 || f.Read != read[f.Name] {
			t.Errorf("again: %+v", f)
		}
	}
}

// packagesOf are the packages that Debian's records name, each once.
func (ix *Index) packagesOf(t *testing.T) (out [][2]string) {
	t.Helper()
	seen := map[[2]string]bool{}
	for at := uint64(blockSize); at < ix.section[sectionBlobs].at+ix.section[sectionBlobs].length; {
		rec, end := ix.record(at)
		text, next := ix.piece(end)
		keys := reader{s: strings.Clone(text)}
		for range keys.count() {
			eco, name, _ := strings.Cut(keys.string(), "\x00")
			if k := [2]string{eco, name}; rec.Feed == "Debian" && !seen[k] {
				seen[k] = true
				out = append(out, k)
			}
			_, next = ix.piece(next)
		}
		at = next
	}
	return out
}
