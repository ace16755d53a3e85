package sbom

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast.example/holdfast/internal/vuln"
)

func read(t testing.TB, name string) *Document {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

func short(all []vuln.Package) (out []string) {
	for _, p := range all {
		s := p.Ecosystem + " " + p.Name + " " + p.Version
		if len(p.Installed) > 0 {
			s += " [" + strings.Join(p.Installed, " ") + "]"
		}
		if len(p.Places) > 0 {
			s += " at " + strings.Join(p.Places, " ")
		}
		out = append(out, s)
	}
	return out
}

// TestFormats: whichever way it is written, the same is read.
func TestFormats(t *testing.T) {
	for _, x := range []struct {
		file, format, name string
		want               []string
		unnamed            []string
		unkept             int
	}{
		{file: "trivy-alma.cdx.json", format: "CycloneDX 1.5", name: "shop", unnamed: []string{"app/package-lock.json"}, unkept: 1,
			want: []string{"AlmaLinux:9 bash 5.1.8-9.el9", "AlmaLinux:9 dbus 1:1.12.20-8.el9", "npm @babel/core 7.0.0"}},
		{file: "nested.cdx.xml", format: "CycloneDX 1.4", name: "shop", unnamed: []string{"nameless 1"},
			want: []string{"Maven org.apache.logging.log4j:log4j-core 2.14.1 at /srv/app.jar", "npm ms 2.0.0"}},
		{file: "syft.spdx.json", format: "SPDX 2.3", name: "shop",
			want: []string{"Debian:12 openssl 3.0.11-1~deb12u2 [libssl3]", "npm ms 2.0.0 at /app/node_modules/ms/package.json"}},
		{file: "three.spdx.json", format: "SPDX 3.0.1", name: "shop", want: []string{"Debian:12 openssl 3.0.11-1~deb12u2 [libssl3]", "npm ms 2.0.0"}},
		{file: "syft-debian12.cdx.json", format: "CycloneDX 1.7", name: "debian12-patched", want: []string{
			"Debian:12 adduser 3.134 [adduser]", "Debian:12 apache2 2.4.71-1~deb12u1 [apache2-bin]", "Debian:12 bash 5.2.15-2 [bash]",
			"Debian:12 samba 2:4.17.12+dfsg-0+deb12u4 [libldb2]", "Debian:12 util-linux 2.38.1-5+deb12u3 [bsdutils]",
			"PyPI pip 23.0.1 at /usr/lib/python3/dist-packages/pip-23.0.1.dist-info/METADATA /usr/lib/python3/dist-packages/pip-23.0.1.dist-info/RECORD /usr/lib/python3/dist-packages/pip-23.0.1.dist-info/top_level.txt",
			"PyPI wheel 0.38.4 at /usr/lib/python3/dist-packages/wheel-0.38.4.egg-info/PKG-INFO /usr/lib/python3/dist-packages/wheel-0.38.4.egg-info/top_level.txt",
			"RubyGems abbrev 0.1.0 at /usr/lib/ruby/gems/3.1.0/specifications/default/abbrev-0.1.0.gemspec",
			"RubyGems activesupport 7.0.3.1 at /usr/lib/ruby/gems/3.1.0/gems/rbs-2.7.0/steep/Gemfile.lock"}},
	} {
		d := read(t, x.file)
		if d.Format != x.format || d.Name != x.name {
			t.Errorf("%s: %s of %s", x.file, d.Format, d.Name)
		}
		if diff := cmp.Diff(x.want, short(d.Packages)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", x.file, diff)
		}
		if diff := cmp.Diff(x.unnamed, d.Unnamed.First); diff != "" {
			t.Errorf("%s: without package URL: -want +got:\n%s", x.file, diff)
		}
		if d.Unkept.Count != x.unkept {
			t.Errorf("%s: of no ecosystem: %v", x.file, d.Unkept)
		}
	}
}

// TestBadDocuments: what is no list, or only a part of one, is an error that says so, and gives nothing.
func TestBadDocuments(t *testing.T) {
	deep := strings.Repeat(`{"components":[`, 100)
	for text, want := range map[string]string{
		"":                       "is empty",
		"   ":                    "is empty",
		"SPDXVersion: SPDX-2.3":  "neither JSON nor XML",
		"{}":                     "no list of components",
		`{"a": 1}`:               "no list of components",
		`{"bomFormat": "Other"}`: "no list of components",
		`{"bomFormat":`:          "not whole JSON",
		`{"bomFormat": "CycloneDX", "components": [{"name": "a", "purl": "pkg:npm/a@1"}`: "not whole JSON",
		`{"bomFormat": "CycloneDX", "components": 3}`:                                    "something else where a list",
		`{"bomFormat": "CycloneDX", "components": [3]}`:                                  "something else where a list or an object",
		`{"bomFormat": "CycloneDX", "components": [` + deep:                              "more than 64 deep",
		`{"spdxVersion": "SPDX-2.3", "packages": [{"name": 3}]}`:                         "another sort",
		`<html></html>`: "no CycloneDX",
		`<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component>`: "not whole XML",
	} {
		d, err := Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) || d != nil {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// TestUnclear: what cannot be told is counted and named, and the rest is read.
func TestUnclear(t *testing.T) {
	d, err := Read(strings.NewReader("\xef\xbb\xbf" + `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
		{"type": "library", "name": "ms", "purl": "pkg:npm/ms"}, {"type": "library", "name": "curl", "version": "1", "purl": "pkg:deb/debian/curl@7.88"},
		{"type": "library", "name": "x", "purl": "nonsense"}, {"type": "file", "name": "/bin/x"}, {"type": "library", "name": "g", "version": "1", "purl": "pkg:generic/g@1"},
		{"type": "library", "name": "late", "version": "4", "purl": "pkg:npm/late"}, {"name": "n", "version": null, "purl": {"a": [1]}}, null]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"npm late 4"}, short(d.Packages)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"pkg:npm/ms", "pkg:deb/debian/curl@7.88", "x"}, d.Unclear.First); diff != "" {
		t.Error(diff)
	}
	if d.Unnamed.Count != 2 || d.Unkept.Count != 1 {
		t.Errorf("%+v %+v", d.Unnamed, d.Unkept)
	}
}

// TestReleaseOfDocument: package URLs that name no release have that of the system in the list, also when it comes last.
func TestReleaseOfDocument(t *testing.T) {
	d, err := Read(strings.NewReader(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
		{"type": "library", "name": "libssl3", "purl": "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&upstream=openssl"},
		{"type": "library", "name": "other", "purl": "pkg:deb/ubuntu/other@1?arch=amd64"},
		{"type": "operating-system", "name": "debian", "version": "12", "properties": [{"name": "syft:distro:id", "value": "debian"}, {"name": "syft:distro:versionID", "value": "12"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Debian:12 openssl 3.0.11-1 [libssl3]"}, short(d.Packages)); diff != "" || d.Unclear.Count != 1 {
		t.Error(diff, d.Unclear)
	}
}

func sample() Inventory {
	v := Inventory{Subject: "host:web1", At: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Version: "1.0", Gaps: []string{"components.files: /srv: permission denied"}}
	for _, p := range []vuln.Package{
		{Ecosystem: "Alpine:v3.19", Name: "openssl", Version: "3.1.4-r1"},
		{Ecosystem: "AlmaLinux:9", Name: "dbus", Version: "1:1.12.20-8.el9"},
		{Ecosystem: "Debian:12", Name: "gtk+3.0", Version: "3.24.38-2~deb12u3"},
		{Ecosystem: "Go", Name: "golang.org/x/net", Version: "0.1.0"},
		{Ecosystem: "Hex", Name: "phoenix", Version: "1.7.0"},
		{Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Places: []string{"/srv/a.jar", "/srv/b.war"}},
		{Ecosystem: "Packagist", Name: "symfony/http-kernel", Version: "v6.4.0"},
		{Ecosystem: "PyPI", Name: "ruamel-yaml", Version: "0.17+local"},
		{Ecosystem: "Red Hat:9", Name: "bash", Version: "5.1.8-9.el9"},
		{Ecosystem: "Rocky Linux:9", Name: "bash", Version: "5.1.8-9.el9"},
		{Ecosystem: "Ubuntu:22.04", Name: "openssl", Version: "3.0.2-0ubuntu1.10"},
		{Ecosystem: "crates.io", Name: "time", Version: "0.1.43"},
		{Ecosystem: "npm", Name: "@babel/core", Version: "7.0.0-beta.1"},
	} {
		v.Entries = append(v.Entries, EntryOf(p))
	}
	v.Entries = append(v.Entries, BinaryEntry("deb", "Debian:12", "libstdc++6", "12.2.0-14", "amd64", "gcc-12", ""), BinaryEntry("deb", "Debian:12", "bash", "5.2.15-2+b8", "amd64", "bash", "5.2.15-2"),
		BinaryEntry("rpm", "AlmaLinux:9", "tar", "2:1.34-6.el9", "x86_64", "", ""))
	return v
}

// TestRoundTrip: what is written says, when read again, the same.
func TestRoundTrip(t *testing.T) {
	want := []string{"AlmaLinux:9 dbus 1:1.12.20-8.el9", "AlmaLinux:9 tar 2:1.34-6.el9", "Alpine:v3.19 openssl 3.1.4-r1 [openssl]", "Debian:12 bash 5.2.15-2 [bash]", "Debian:12 gcc-12 12.2.0-14 [libstdc++6]",
		"Debian:12 gtk+3.0 3.24.38-2~deb12u3", "Go golang.org/x/net 0.1.0", "Hex phoenix 1.7.0", "Maven org.apache.logging.log4j:log4j-core 2.14.1 at /srv/a.jar /srv/b.war", "Packagist symfony/http-kernel v6.4.0",
		"PyPI ruamel-yaml 0.17+local", "Red Hat:9 bash 5.1.8-9.el9", "Rocky Linux:9 bash 5.1.8-9.el9", "Ubuntu:22.04 openssl 3.0.2-0ubuntu1.10", "crates.io time 0.1.43", "npm @babel/core 7.0.0-beta.1"}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"CycloneDX": func(b *bytes.Buffer) error { return CycloneDX(b, sample()) }, "SPDX": func(b *bytes.Buffer) error { return SPDX(b, sample()) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "/srv: permission denied") {
			t.Errorf("%s hides what could not be seen", name)
		}
		d, err := Read(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, short(d.Packages)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if d.Name != "host:web1" || d.Unclear.Count+d.Unkept.Count+d.Unnamed.Count != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// TestSchema: what is written is CycloneDX 1.6 by its own schema.
func TestSchema(t *testing.T) {
	dir := filepath.Join(need.Advisories(t, "../.."), "..", "schema")
	c := jsonschema.NewCompiler()
	for _, n := range []string{"bom-1.6", "spdx", "jsf-0.82"} {
		f, err := os.Open(filepath.Join(dir, "cyclonedx-"+n+".schema.json"))
		if err != nil {
			need.Missing(t, "%v", err)
		}
		schema, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+n+".schema.json", schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := CycloneDX(&b, sample()); err != nil {
		t.Fatal(err)
	}
	check := func(text []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	if err := check(b.Bytes()); err != nil {
		t.Error(err)
	}
	if check(bytes.Replace(b.Bytes(), []byte(`"library"`), []byte(`"book"`), 1)) == nil {
		t.Error("the schema takes anything")
	}
}

// big gives a document of about so many bytes.
func big(bytes int) string {
	var b strings.Builder
	b.WriteString(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "application", "name": "all", "components": [`)
	for i := 0; b.Len() < bytes; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type": "library", "name": "p%d", "version": "1.0.%d", "purl": "pkg:npm/p%d@1.0.%d", "licenses": [{"license": {"id": "MIT"}}], "properties": [{"name": "syft:package:language", "value": "javascript"}, {"name": "syft:location:0:path", "value": "/srv/app/%d/package.json"}]}`, i, i%100, i, i%100, i)
	}
	b.WriteString("]}]}")
	return b.String()
}

// BenchmarkSBOM reads a document of 10 MB, all of it inside one component.
func BenchmarkSBOM(b *testing.B) {
	text := big(10 << 20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func seeds(f *testing.F, names ...string) {
	for _, n := range names {
		text, err := os.ReadFile(filepath.Join("testdata", n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
}

// sound holds what is true of everything that is read.
func sound(t *testing.T, in []byte) {
	d, err := Read(bytes.NewReader(in))
	if (err == nil) != (d != nil) {
		t.Fatalf("%v with %v", d, err)
	}
	if err != nil {
		return
	}
	last := ""
	for _, p := range d.Packages {
		if p.Ecosystem == "" || p.Name == "" || p.Version == "" {
			t.Fatalf("incomplete: %+v", p)
		}
		key := p.Ecosystem + "\x00" + p.Name + "\x00" + p.Version
		if key <= last {
			t.Fatalf("out of order, or twice: %+v", p)
		}
		last = key
		if len(p.Places) > maxPlaces {
			t.Fatalf("%d places", len(p.Places))
		}
	}
}

func FuzzCycloneDX(f *testing.F) {
	seeds(f, "syft-debian12.cdx.json", "trivy-alma.cdx.json", "nested.cdx.xml")
	f.Fuzz(sound)
}

func FuzzSPDX(f *testing.F) {
	seeds(f, "syft.spdx.json", "three.spdx.json")
	f.Fuzz(sound)
}
