package advisory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func take(t *testing.T, s *Store, o Options, files ...file) *Result {
	t.Helper()
	r, err := s.Import(context.Background(), put(t, "npm/all.zip", zipped(t, files...)), now, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func modified(record, at string) string {
	return strings.Replace(record, "2026-01-01T00:00:00Z", at, 1)
}

// TestReplace: a record takes the place of one that is not newer, whatever comes first.
func TestReplace(t *testing.T) {
	old, young := npm("GHSA-1", "left", "1.0.0"), modified(npm("GHSA-1", "right", "2.0.0"), "2026-02-01T00:00:00Z")
	for name, x := range map[string]struct {
		sequence []string
		want     []string // of left, then of right
		last     FeedResult
	}{
		"newer":                {[]string{old, young}, []string{"GHSA-1 <2.0.0"}, FeedResult{"npm", 1, 0, 1, 0, 0, 1}},
		"older":                {[]string{young, old}, []string{"GHSA-1 <2.0.0"}, FeedResult{"npm", 1, 0, 0, 1, 0, 1}},
		"the same":             {[]string{young, young}, []string{"GHSA-1 <2.0.0"}, FeedResult{"npm", 1, 0, 0, 0, 0, 1}},
		"of one time":          {[]string{old, modified(young, "2026-01-01T00:00:00Z")}, []string{"GHSA-1 <2.0.0"}, FeedResult{"npm", 1, 0, 1, 0, 0, 1}},
		"without a time, both": {[]string{modified(old, "0001-01-01T00:00:00Z"), strings.Replace(young, "2026-02-01T00:00:00Z", "0001-01-01T00:00:00Z", 1)}, []string{"GHSA-1 <2.0.0"}, FeedResult{"npm", 1, 0, 1, 0, 0, 1}},
	} {
		s := At(t.TempDir(), orders)
		var r *Result
		for _, text := range x.sequence {
			r = take(t, s, Options{}, file{"GHSA-1.json", text})
		}
		if len(r.Feeds) != 1 || r.Feeds[0] != x.last {
			t.Errorf("%s: %+v", name, r)
		}
		ix := index(t, s)
		if got := append(ids(ix, "npm", "left"), ids(ix, "npm", "right")...); !slices.Equal(got, x.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestWhole: what a whole feed no longer has is gone, unless that were suspiciously much, or what could not be read.
func TestWhole(t *testing.T) {
	var files []file
	for i := range 200 {
		files = append(files, file{fmt.Sprintf("GHSA-%d.json", i), npm(fmt.Sprint("GHSA-", i), fmt.Sprint("p", i), "1")})
	}
	s := At(t.TempDir(), orders)
	take(t, s, Options{}, files...)
	if r := take(t, s, Options{}, files[5:]...); r.Feeds[0].Gone != 0 || r.Feeds[0].Records != 200 {
		t.Errorf("a part takes nothing away: %+v", r)
	}
	if r := take(t, s, Options{Whole: []string{"npm"}}, files[100:]...); r.Feeds[0].Gone != 0 || r.Kept != 100 {
		t.Errorf("half of a feed does not vanish: %+v", r)
	}
	left := slices.Clone(files[5:])
	left = append(left, file{"GHSA-0.json", "{"})
	if r := take(t, s, Options{Whole: []string{"npm"}}, left...); r.Feeds[0].Gone != 4 || r.Feeds[0].Records != 196 || r.Corrupt != 1 {
		t.Errorf("four are gone, one is corrupt: %+v", r)
	}
	ix := index(t, s)
	if len(ids(ix, "npm", "p0")) != 1 || len(ids(ix, "npm", "p1")) != 0 || len(ids(ix, "npm", "p5")) != 1 {
		t.Errorf("%q %q %q", ids(ix, "npm", "p0"), ids(ix, "npm", "p1"), ids(ix, "npm", "p5"))
	}
	take(t, s, Options{}, files[1])
	if ix := index(t, s); len(ids(ix, "npm", "p1")) != 1 {
		t.Error("one that came back is not found")
	}
}

func alma(id, release, pkg, modified, related string) string {
	return fmt.Sprintf(`{"id":%q,"modified":%q,"summary":"Important: x","related":[%q],"affected":[{"package":{"ecosystem":"AlmaLinux:%s","name":%q},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.el%s"}]}]}]}`, id, modified, related, release, pkg, release)
}

// TestParts: one erratum in the folders of several releases is one record; of two feeds it is two.
func TestParts(t *testing.T) {
	eight, nine := alma("ALSA-1", "8", "glibc", "2026-01-01T00:00:00Z", "CVE-1"), alma("ALSA-1", "9", "glibc", "2026-02-01T00:00:00Z", "CVE-2")
	tars := tarred(t, tarFile("almalinux8/ALSA-1.json", eight), tarFile("x/y.json", npm("y", "z", "1")), tarFile("almalinux9/ALSA-1.json", nine))
	for name, path := range map[string]string{
		"zip": put(t, "all.zip", zipped(t, file{"almalinux8/ALSA-1.json", eight}, file{"almalinux9/ALSA-1.json", nine}, file{"almalinux10/ALSA-1.json", eight})),
		"tar": put(t, "all.tar.gz", gzipped(tars)),
	} {
		s, ix := imported(t, path)
		if a, b := ids(ix, "AlmaLinux:8", "glibc"), ids(ix, "AlmaLinux:9", "glibc"); !slices.Equal(a, []string{"ALSA-1 <1.el8"}) || !slices.Equal(b, []string{"ALSA-1 <1.el9"}) {
			t.Errorf("%s: %q %q", name, a, b)
		}
		if r := ix.Record("ALSA-1"); len(r) != 1 || r[0].Modified.Month() != 2 || !slices.Equal(r[0].Related, []string{"CVE-1", "CVE-2"}) {
			t.Errorf("%s: %+v", name, r)
		}
		if of := ix.Affecting("CVE-2"); len(of) != 2 || of[0].Ecosystem != "AlmaLinux:8" || of[1].Ecosystem != "AlmaLinux:9" || of[1].Intervals[0].Fixed != "1.el9" {
			t.Errorf("%s: %+v", name, of)
		}
		before := list(t, s)
		r, err := s.Import(context.Background(), path, now.AddDate(0, 0, 1), Options{})
		if err != nil || r.Feeds[0].Changed+r.Feeds[0].Added != 0 {
			t.Errorf("%s again: %+v %v", name, r, err)
		}
		if after := list(t, s); !slices.Equal(after, before) {
			t.Errorf("%s again: files %q, before %q", name, after, before)
		}
	}
	both := `{"id":"GHSA-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"a"},"versions":["1"]},{"package":{"ecosystem":"PyPI","name":"A_b"},"versions":["1"]}]}`
	dir := t.TempDir()
	for _, eco := range []string{"npm", "PyPI"} {
		if err := os.MkdirAll(filepath.Join(dir, eco), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, eco, "all.zip"), zipped(t, file{"GHSA-1.json", both}), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, ix := imported(t, dir)
	if a, b := ix.Find("npm", "a"), ix.Find("PyPI", "a-b"); len(a) != 1 || len(b) != 1 || a[0].Record.Feed != "npm" || b[0].Record.Feed != "PyPI" {
		t.Errorf("%+v %+v", a, b)
	}
	_, ix = imported(t, filepath.Join(dir, "PyPI"))
	if a, b := ix.Find("npm", "a"), ix.Find("PyPI", "a-b"); len(a) != 1 || len(b) != 1 || len(ix.Feeds()) != 1 {
		t.Errorf("of one feed alone: %+v %+v", a, b)
	}
}

// TestCompact: what no longer counts does not grow without end, and nothing is lost by taking it out.
func TestCompact(t *testing.T) {
	s := At(t.TempDir(), orders)
	var files []file
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		noise := make([]byte, 16<<10)
		for k := range noise { // does not compress
			noise[k] = "0123456789abcdef"[random.IntN(16)]
		}
		files = append(files, file{fmt.Sprintf("GHSA-%d.json", i), strings.Replace(npm(fmt.Sprint("GHSA-", i), "p", "1"), `"aliases"`, `"details":"`+string(noise)+`","aliases"`, 1)})
	}
	most := int64(0)
	for round := range 12 {
		for i := range files {
			files[i].text = strings.Replace(files[i].text, `"details":"`, fmt.Sprintf(`"details":"%d`, round), 1)
		}
		take(t, s, Options{}, files...)
		m, err := s.manifest()
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, m.Feeds["npm"].Length)
		if got := ids(index(t, s), "npm", "p"); len(got) != 200 {
			t.Fatalf("round %d: %d records", round, len(got))
		}
	}
	m, _ := s.manifest()
	one := (m.Feeds["npm"].Length - m.Feeds["npm"].Dead)
	if most > 3*one+8<<20 || !strings.Contains(m.Feeds["npm"].File, "compact") {
		t.Errorf("%+v grew to %d, %d of one edition", m.Feeds["npm"], most, one)
	}
}
