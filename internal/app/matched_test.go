package app

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	"holdfast.example/holdfast/internal/advisory"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/packages"
)

// outdated is the root of a Debian 12 with 786 packages, of which many are behind, and a state with the advisories of it.
func outdated(b *testing.B) Options {
	b.Helper()
	data := need.Advisories(b, "../..")
	file, err := os.Open(data + "/fixtures/debian12-outdated.dpkg-status.gz")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	status, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	root := filepath.Join(b.TempDir(), "web-1")
	for name, text := range map[string][]byte{"etc/os-release": []byte("ID=debian\nVERSION_ID=\"12\"\n"), "var/lib/dpkg/status": bytes.TrimSpace(status)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	o := Options{Targets: []string{"rootfs:" + root}, State: b.TempDir(), Only: []string{"vulnerabilities-known"}}
	if _, err := ImportAdvisories(b.Context(), o.State, data+"/osv/Debian/all.zip", time.Now(), nil); err != nil {
		b.Fatal(err)
	}
	return o
}

// BenchmarkMatched compares the packages of a Debian that is behind with all advisories of Debian, and assesses it as a
// whole: read, judged, 2,234 findings recorded.
func BenchmarkMatched(b *testing.B) {
	o := outdated(b)
	b.Run("match", func(b *testing.B) {
		w, err := load(o)
		if err != nil {
			b.Fatal(err)
		}
		w.now = time.Now
		obs, _, err := w.collect(b.Context(), o, fact.Key{})
		if err != nil {
			b.Fatal(err)
		}
		var of []fact.Observation
		for _, x := range obs {
			switch x.Fact.(type) {
			case packages.Fact, linuxhost.Fact:
				of = append(of, x)
			}
		}
		carried := newCarriers()
		carried.add(of)
		b.ReportAllocs()
		for b.Loop() { // with the opening of the index
			ix, err := advisory.At(filepath.Join(o.State, "advisories"), orders).Index(b.Context(), time.Now())
			if err != nil {
				b.Fatal(err)
			}
			out, all := carried.observations(&advisories{Source: ix, stale: func(string) error { return nil }})
			if len(out) != 1 || len(all) < 2000 {
				b.Fatal(len(out), len(all))
			}
			b.ReportMetric(float64(len(all)), "matches")
			ix.Close()
		}
	})
	b.Run("assess", func(b *testing.B) {
		for b.Loop() {
			if a, err := Assess(b.Context(), o); err != nil || len(a.Vulnerabilities) < 2000 {
				b.Fatal(err)
			}
		}
	})
}
