package scanresult

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/vuln"
)

// told is a report in short: what it is, then one line for each result.
func told(r Report) (out []string) {
	out = append(out, fmt.Sprintf("%s by %s of %q at %s", r.Format, r.Scanner, r.About, r.Made.Format("2006-01-02T15:04:05Z")))
	for _, x := range r.Results {
		line := fmt.Sprintf("%s %v %s/%s %s %v fixed %v %s (%s)", x.ID, x.Aliases, x.Package.Ecosystem, x.Package.Name, x.Package.Version, x.Package.Installed, x.Fixed, x.Severity, x.Rated)
		if x.Binary {
			line += " binary"
		}
		if len(x.Package.Places) > 0 {
			line += " at " + strings.Join(x.Package.Places, ", ")
		}
		if !x.Identified.IsZero() {
			line += " since " + x.Identified.Format("2006-01-02")
		}
		out = append(out, line)
	}
	for _, l := range r.Left {
		out = append(out, "left: "+l)
	}
	return out
}

// TestFormats: the same flaws in the words of each scanner.
func TestFormats(t *testing.T) {
	for file, want := range map[string][]string{
		"trivy.json": {
			`Trivy JSON by trivy of "/mnt/web-1" at 2026-11-20T07:15:00Z`,
			"CVE-2011-3374 [] Debian:12/apt 2.6.1 [apt] fixed [] low (LOW) binary",
			"CVE-2021-23337 [] npm/lodash 4.17.20 [] fixed [4.17.21] high (HIGH) at srv/shop/package-lock.json",
			"CVE-2023-0001 [] Debian:12/openssl 3.0.9-1 [libssl3] fixed [3.0.11-1~deb12u1] high (CVSS 3.1 7.5)",
			"GHSA-aaaa-bbbb-cccc [] npm/@shop/cart 1.0.0 [] fixed [] high (unrated, treated as high) at srv/shop/package-lock.json",
			"left: 2 misconfigurations",
		},
		"grype.json": {
			`Grype JSON by grype of "registry.example/shop:1" at 2026-11-20T07:15:00Z`,
			"CVE-2021-23337 [GHSA-35jh-r3h4-6jhm] npm/lodash 4.17.20 [] fixed [4.17.21] high (High) at /srv/shop/package-lock.json",
			"CVE-2023-0001 [] Debian:12/openssl 3.0.9-1 [libssl3 openssl] fixed [3.0.11-1~deb12u1] high (CVSS 3.1 7.5)",
			"left: 1 result of no importance",
			"left: 1 result that was suppressed there",
		},
		"osv-scanner.json": {
			`osv-scanner JSON by osv-scanner of "" at 0001-01-01T00:00:00Z`,
			"CVE-2021-23337 [GHSA-35jh-r3h4-6jhm] npm/lodash 4.17.20 [] fixed [4.17.21] high (score 7.2) at /srv/shop/package-lock.json",
			"CVE-2023-0001 [DEBIAN-CVE-2023-0001] Debian:12/openssl 3.0.9-1 [libssl3] fixed [3.0.11-1~deb12u1] high (CVSS 3.1 7.5)",
			"CVE-2024-0001 [ALSA-2024:0001] AlmaLinux:9/curl 7.76.1-29.el9 [] fixed [7.76.1-29.el9_4] high (AlmaLinux: Important)",
			"CVE-2024-0002 [ALSA-2024:0001] AlmaLinux:9/curl 7.76.1-29.el9 [] fixed [7.76.1-29.el9_4] high (AlmaLinux: Important)",
		},
		"defectdojo.json": {
			`DefectDojo generic findings JSON by nessus of "quarterly scan of web-1" at 0001-01-01T00:00:00Z`,
			"CVE-2021-23337 [GHSA-35jh-r3h4-6jhm] npm/lodash 4.17.20 [] fixed [] high (score 7.2) at srv/shop/package-lock.json since 2026-10-07",
			"CVE-2023-0001 [] /libssl3 3.0.9-1 [] fixed [3.0.11-1~deb12u1] high (CVSS 3.1 7.5) since 2026-10-05",
			"left: 1 result that is closed there",
			"left: 1 result without the name of a flaw",
		},
		"trivy.sarif": {
			`SARIF 2.1.0 by trivy of "registry.example/shop:1" at 0001-01-01T00:00:00Z`,
			"CVE-2023-0001 [] /libssl3 3.0.9-1 [] fixed [3.0.11-1~deb12u1] high (score 7.5) at web-1",
			"left: 1 result without the name of a flaw",
		},
		"grype.sarif": {
			`SARIF 2.1.0 by grype of "" at 2026-11-20T07:15:00Z`,
			"CVE-2023-0001 [] Debian:12/openssl 3.0.9-1 [libssl3] fixed [] high (score 7.5) since 2026-09-01",
			"left: 1 result that was suppressed there",
		},
		"osv.sarif": {
			`SARIF 2.1.0 by osv-scanner of "" at 0001-01-01T00:00:00Z`,
			"CVE-2021-23337 [GHSA-35jh-r3h4-6jhm] /lodash 4.17.20 [] fixed [] high (score 7.2) at file:///srv/shop/package-lock.json",
		},
		"vdr.cdx.json": {
			`CycloneDX JSON with vulnerabilities by trivy of "registry.example/shop:1" at 2026-11-20T07:15:00Z`,
			"CVE-2021-23337 [GHSA-35jh-r3h4-6jhm] npm/lodash 4.17.20 [] fixed [] high (high)",
			"CVE-2023-0001 [] Debian:12/openssl 3.0.9-1 [libssl3] fixed [] high (CVSS 3.1 7.5)",
			"left: 1 result that is settled there",
		},
	} {
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			r, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, told(r)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestRefused: what is no report of a known form is refused with the forms that are, and nothing is taken from it.
func TestRefused(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{``, "not known; those that are: Trivy JSON, Grype JSON"},
		{`<xml/>`, "not known"},
		{`[]`, "not known"},
		{`{}`, "not known"},
		{`{"Vulnerabilities": []}`, "not known"},
		{`{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Vuln`, "no whole JSON"},
		{`{"Results": 5}`, "read it as Trivy JSON"},
		{`{"bomFormat": "CycloneDX", "components": []}`, "lists components and no vulnerabilities"},
		{`{"runs": [], "version": "2.0.0"}`, "known is 2.1.0"},
		{`{"runs": [{"tool": {"driver": {"name": "a"}}}, {"tool": {"driver": {"name": "b"}}}], "version": "2.1.0"}`, "runs of a and b"},
	} {
		r, err := Parse([]byte(x.text))
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.text, err, x.want)
		}
		if r.Format != "" || r.Results != nil {
			t.Errorf("%s: refused, and gives %+v", x.text, r)
		}
	}
}

// TestNothingFound: a report without results is one, for it closes what the one before had.
func TestNothingFound(t *testing.T) {
	for _, text := range []string{`{"SchemaVersion": 2, "ArtifactName": "x"}`, `{"matches": []}`, `{"results": []}`, `{"findings": []}`,
		`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}`, `{"bomFormat": "CycloneDX", "vulnerabilities": []}`} {
		if r, err := Parse([]byte(text)); err != nil || len(r.Results) > 0 || r.Scanner == "" {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
}

// TestFlaws: which vulnerabilities the names of one result stand for.
func TestFlaws(t *testing.T) {
	for _, x := range []struct {
		names []string
		want  string
	}{
		{[]string{"CVE-1", "CVE-2", "GHSA-a"}, "[[CVE-1 GHSA-a]]"}, // a CVE first is the one that is meant
		{[]string{"ALSA-1", "CVE-2", "CVE-1"}, "[[CVE-2 ALSA-1] [CVE-1 ALSA-1]]"},
		{[]string{"GO-1", "GHSA-b", "GHSA-a"}, "[[GHSA-a GHSA-b GO-1]]"},
		{[]string{"TEMP-1", "TEMP-1", ""}, "[[TEMP-1]]"},
	} {
		if got := fmt.Sprint(flaws(x.names)); got != x.want {
			t.Errorf("%v: %s, want %s", x.names, got, x.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			if r.Format != "" || r.Results != nil || r.Left != nil {
				t.Fatalf("an error and a report: %+v", r)
			}
			return
		}
		seen := map[string]bool{}
		for _, x := range r.Results {
			key := x.ID + " " + vuln.Base(x.Package.Ecosystem) + " " + vuln.Name(x.Package.Ecosystem, x.Package.Name)
			if x.ID == "" || x.Package.Name == "" || seen[key] || x.Severity.Rank() > 3 {
				t.Fatalf("unnamed, twice or unrated: %+v", x)
			}
			seen[key] = true
			for _, a := range x.Aliases {
				if vuln.IsCVE(a) {
					t.Fatalf("another CVE as an alias: %+v", x)
				}
			}
		}
		again, _ := Parse(data)
		if d := cmp.Diff(told(r), told(again)); d != "" {
			t.Fatalf("another answer to the same bytes: %s", d)
		}
	})
}
