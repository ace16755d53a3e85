package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/advisory"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/sbom"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
)

var realNow = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// compiled is the index of the real data set, made once for all tests.
var compiled = sync.OnceValues(func() (string, error) {
	dir := os.Getenv("HOLDFAST_ADVISORIES")
	if dir == "" {
		dir = "../../../shared/data/advisories"
	}
	at, err := os.MkdirTemp("", "holdfast-index-*")
	if err != nil {
		return "", err
	}
	compiledAt = at
	_, err = advisory.At(at, orders).Import(context.Background(), dir+"/osv", realNow, advisory.Options{AsOf: realNow.Add(-time.Hour)})
	return at, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if compiledAt != "" {
		os.RemoveAll(compiledAt)
	}
	os.Exit(code)
}

var compiledAt string // to be removed

func realAdvisories(t testing.TB) *advisories {
	t.Helper()
	need.Advisories(t, "../..")
	at, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	ix, err := advisory.At(at, orders).Index(t.Context(), realNow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ix.Close)
	stale, err := staleness(ix.Feeds(), realNow)
	if err != nil {
		t.Fatal(err)
	}
	return &advisories{Source: ix, stale: stale}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(need.Advisories(t, "../.."), "fixtures", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func ofDocument(t testing.TB, name string) components.Fact {
	t.Helper()
	d, err := sbom.Read(bytes.NewReader(fixture(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return listed(d)
}

func compareAll(t testing.TB, a *advisories, facts ...fact.Fact) []report.Vulnerability {
	t.Helper()
	v := newCarriers()
	for _, f := range facts {
		v.add([]fact.Observation{{Subject: "prod/web-1", Kind: f.Kind(), Fact: f, ObservedAt: realNow}})
	}
	_, out := v.observations(a)
	return out
}

func keys(all []report.Vulnerability) (out []string) {
	for _, v := range all {
		out = append(out, v.ID+" "+v.Ecosystem+" "+v.Package)
	}
	slices.Sort(out)
	return out
}

// debian are the facts of a Debian 12 machine with that status of dpkg.
func debian(t testing.TB, status string) []fact.Fact {
	t.Helper()
	ev := host.NewEvidence()
	for path, text := range map[string][]byte{"/var/lib/dpkg/status": fixture(t, status), "/etc/os-release": []byte("ID=debian\nVERSION_ID=\"12\"\n")} {
		ev.PutMatches(host.OpRead, path, []string{path}, nil)
		ev.PutFile(host.File{Info: host.Info{Path: path, Real: path}, Data: text})
	}
	return []fact.Fact{packages.Source.Parse(ev, fact.Key{}), linuxhost.Source.Parse(ev, fact.Key{})}
}

// TestStatusAndList: the database of dpkg and a list of components of the same machine tell the same.
func TestStatusAndList(t *testing.T) {
	a := realAdvisories(t)
	status := keys(compareAll(t, a, debian(t, "debian12-outdated.dpkg-status")...))
	list := keys(compareAll(t, a, ofDocument(t, "debian12-outdated.cdx.json")))
	if diff := cmp.Diff(status, list); diff != "" {
		t.Errorf("-status +list:\n%s", diff)
	}
	if len(list) != 2234 {
		t.Errorf("%d found", len(list))
	}
	// By hand from the records and the status: libxml2 2.9.14+dfsg-1.3~deb12u5, gnutls28 3.7.9-2+deb12u6 and openssl
	// 3.0.22-1~deb12u2 are installed.
	for key, want := range map[string]bool{
		"CVE-2025-8732 Debian:12 libxml2":   true,  // mended in deb12u6
		"CVE-2025-9714 Debian:12 libxml2":   false, // mended in deb12u5
		"CVE-2026-42012 Debian:12 gnutls28": true,  // mended in deb12u7
		"CVE-2024-0567 Debian:12 gnutls28":  false, // mended in deb12u2
		"CVE-2026-54872 Debian:12 openssl":  false, // mended in deb12u2
	} {
		if slices.Contains(list, key) != want {
			t.Errorf("%s: found %v", key, !want)
		}
	}
}

// TestPatched: on a machine with all updates nothing is found. The advisories of PyPI and RubyGems speak of what Debian
// has mended in versions of its own: without looking at where the components lie, they would be found.
func TestPatched(t *testing.T) {
	a := realAdvisories(t)
	f := ofDocument(t, "debian12-patched.cdx.json")
	if got := keys(compareAll(t, a, f)); len(got) > 0 {
		t.Errorf("found: %q", got)
	}
	if got := keys(compareAll(t, a, debian(t, "debian12-patched.dpkg-status")...)); len(got) > 0 {
		t.Errorf("found: %q", got)
	}
	for i := range f.Packages {
		f.Packages[i].Places = nil
	}
	if diff := cmp.Diff([]string{"CVE-2023-5752 PyPI pip"}, keys(compareAll(t, a, f))); diff != "" {
		t.Errorf("the twin without places: -want +got:\n%s", diff)
	}
}

// TestUpstreamAlone: a list whose package URLs name the source package and nothing more of it maps right.
func TestUpstreamAlone(t *testing.T) {
	a := realAdvisories(t)
	d, err := sbom.Read(bytes.NewReader([]byte(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
		{"type": "library", "name": "libgnutls30", "version": "3.7.9-2", "purl": "pkg:deb/debian/libgnutls30@3.7.9-2?arch=amd64&distro=debian-12.11&upstream=gnutls28"}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	got := keys(compareAll(t, a, listed(d)))
	if !slices.Contains(got, "CVE-2024-0567 Debian:12 gnutls28") {
		t.Errorf("found: %q", got)
	}
}

// BenchmarkMatch10000 compares 10,000 packages with the whole index: those of real systems, each once, and as many more
// of which nothing is known, as most are.
func BenchmarkMatch10000(b *testing.B) {
	a := realAdvisories(b)
	var f components.Fact
	for _, n := range []string{"debian12-outdated.cdx.json", "debian12-patched.cdx.json"} {
		f.Packages = append(f.Packages, ofDocument(b, n).Packages...)
	}
	f.Packages = components.Canonical(f.Packages)
	for i, n := 0, len(f.Packages); len(f.Packages) < 10_000; i++ {
		p := f.Packages[i%n]
		p.Name += "-" + strconv.Itoa(i)
		f.Packages = append(f.Packages, p)
	}
	c := &carrier{components: f}
	b.ReportAllocs()
	for b.Loop() {
		var out vulnerabilities.Fact
		c.match(&out, a)
	}
}
