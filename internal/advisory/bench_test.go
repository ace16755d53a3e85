package advisory

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"
	"holdfast.example/holdfast/internal/vuln"
)

// BenchmarkOpen opens the index of the real data.
func BenchmarkOpen(b *testing.B) {
	s, _ := imported(b, need.Advisories(b, "../.."))
	b.ReportAllocs()
	for b.Loop() {
		ix, err := s.Index(context.Background(), now)
		if err != nil {
			b.Fatal(err)
		}
		ix.Close()
	}
}

// packages are n different ones that the real data knows, every third under a name that nothing has.
func packages(b *testing.B, n int) (out []vuln.Package) {
	b.Helper()
	seen := map[string]bool{}
	for _, z := range archives(b) {
		each(b, z, func(_ string, text []byte) {
			a, err := parseOSV(text)
			if err != nil {
				return
			}
			for _, x := range a.affected {
				p := vuln.Package{Ecosystem: x.ecosystem, Name: x.name, Version: "1.2.3"}
				if key := p.Ecosystem + "/" + p.Name; !seen[key] {
					seen[key] = true
					out = append(out, p)
				}
			}
		})
	}
	if len(out) < n {
		b.Fatalf("the data knows %d packages", len(out))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := 2; i < n; i += 3 {
		out[i].Name += "-none"
	}
	return out[:n]
}

func archives(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob(need.Advisories(t, "../..") + "/osv/*/all.zip")
	if err != nil || len(all) != 6 {
		t.Fatal(all, err)
	}
	return all
}

func each(t testing.TB, archive string, f func(name string, text []byte)) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, e := range z.File {
		r, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		f(e.Name, text)
	}
}

// BenchmarkFind looks up 10,000 packages in the real data, and matches them.
func BenchmarkFind(b *testing.B) {
	_, ix := imported(b, need.Advisories(b, "../.."))
	all := packages(b, 10_000)
	b.Run("lookup", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n = 0
			for _, p := range all {
				n += len(ix.Find(p.Ecosystem, p.Name))
			}
		}
		b.ReportMetric(float64(n), "records")
	})
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n = 0
			for _, p := range all {
				o, _ := orders(p.Ecosystem)
				n += len(vuln.Of(p, o, ix))
			}
		}
		b.ReportMetric(float64(n), "matches")
	})
	if err := ix.Err(); err != nil {
		b.Fatal(err)
	}
}

// many makes a zip of the real records, each again under new ids, until there are n.
func many(b *testing.B, n int, path string, changed int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	var texts [][]byte
	var names []string
	for _, z := range archives(b) {
		each(b, z, func(name string, text []byte) {
			if a, err := parseOSV(text); err == nil {
				texts, names = append(texts, text), append(names, a.ID)
			}
		})
	}
	for i := range n {
		k := i % len(texts)
		id := fmt.Sprintf("%s-%d", names[k], i)
		text := bytes.Replace(texts[k], []byte(`"`+names[k]+`"`), []byte(`"`+id+`"`), 1)
		if i < changed {
			text = append(text, ' ')
		}
		e, err := w.CreateHeader(&zip.FileHeader{Name: "x/" + id + ".json", Method: zip.Deflate})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := e.Write(text); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCompile compiles 300,000 records, and takes an edition of them of which 100 changed. HOLDFAST_RECORDS sets
// another number. The memory is the highest of the whole process as the kernel tells it.
func BenchmarkCompile(b *testing.B) {
	n := 300_000
	if _, err := fmt.Sscan(os.Getenv("HOLDFAST_RECORDS"), &n); err != nil {
		n = 300_000
	}
	need.Advisories(b, "../..")
	dir := b.TempDir()
	s := At(filepath.Join(dir, "store"), orders)
	first, second := filepath.Join(dir, "first.zip"), filepath.Join(dir, "second.zip")
	many(b, n, first, 0)
	many(b, n, second, 100)
	runtime.GC()
	b.Run("import", func(b *testing.B) {
		for b.Loop() {
			if err := os.RemoveAll(s.dir); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Import(context.Background(), first, now, Options{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(peak(), "peak-MiB")
	})
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			if err := s.Rebuild(context.Background(), now); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(peak(), "peak-MiB")
	})
	b.Run("update100", func(b *testing.B) {
		sources := []string{second, first}
		i := 0
		for b.Loop() {
			r, err := s.Import(context.Background(), sources[i%2], now, Options{})
			if err != nil {
				b.Fatal(err)
			}
			changed := 0
			for _, f := range r.Feeds {
				changed += f.Changed
			}
			if changed != 100 {
				b.Fatalf("%+v", r)
			}
			i++
		}
		b.ReportMetric(peak(), "peak-MiB")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			ix, err := s.Index(context.Background(), now)
			if err != nil {
				b.Fatal(err)
			}
			ix.Close()
		}
	})
	files, _ := os.ReadDir(s.dir)
	for _, f := range files {
		if st, err := f.Info(); err == nil {
			b.Logf("%s %d MiB", f.Name(), st.Size()>>20)
		}
	}
}

// peak is the most memory that this process ever held, the mapped files that it touched among it.
func peak() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib)
	return kib / 1024
}
