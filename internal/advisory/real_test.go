package advisory

import (
	"cmp"
	"context"
	"os"
	"strconv"
	"testing"
	"time"
	"unicode"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/vuln"
)

// natural orders versions well enough for tests of what is stored and found again: runs of digits as numbers, other
// runs as text.
type natural struct{}

func (natural) Valid(string) bool { return true }

func (natural) Compare(a, b string) int {
	for a != "" && b != "" {
		x, y := run(a), run(b)
		a, b = a[len(x):], b[len(y):]
		m, err1 := strconv.ParseUint(x, 10, 64)
		n, err2 := strconv.ParseUint(y, 10, 64)
		c := cmp.Compare(x, y)
		if err1 == nil && err2 == nil {
			c = cmp.Compare(m, n)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func run(s string) string {
	digit := func(c byte) bool { return unicode.IsDigit(rune(c)) }
	i := 1
	for i < len(s) && digit(s[i]) == digit(s[0]) {
		i++
	}
	return s[:i]
}

func orders(string) (vuln.Order, bool) { return natural{}, true }

var now = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// data is the folder of the real data set; tests that need it skip without it. HOLDFAST_ADVISORIES names another one.
func data(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("HOLDFAST_ADVISORIES")
	if dir == "" {
		dir = "../../../shared/data/advisories"
	}
	if _, err := os.Stat(dir + "/osv"); err != nil {
		t.Skipf("the data set is not there (%v); name its folder in HOLDFAST_ADVISORIES", err)
	}
	return dir
}

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
	dir := data(t)
	s := At(t.TempDir(), orders)
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
	found := ix.Find("Debian:12", "libxml-parser-perl")
	if len(found) == 0 || found[0].Record.ID != "DEBIAN-CVE-2006-10002" || found[0].Intervals[0].Fixed != "2.46-4+deb12u1" {
		t.Errorf("libxml-parser-perl: %+v", found)
	}
}
