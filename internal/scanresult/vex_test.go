package scanresult

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vexSeeds are statements in each form, after the examples of the OpenVEX specification and of CycloneDX.
var vexSeeds = []struct {
	name, text string
	want       []string
}{
	{"OpenVEX", `{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "Wolfi J", "timestamp": "2026-11-01T00:00:00Z", "version": 1, "statements": [
		{"vulnerability": {"name": "CVE-2023-0001", "aliases": ["GHSA-a"]}, "products": [{"@id": "pkg:npm/lodash@4.17.20"}], "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "template is not used"},
		{"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2023-0002"}, "products": [{"@id": "https://shop.example/", "subcomponents": [{"@id": "pkg:npm/lodash"}]}], "status": "not_affected"},
		{"vulnerability": {"name": "CVE-2023-0003"}, "products": [{"@id": "pkg:npm/lodash"}], "status": "fixed"}]}`,
		[]string{"Wolfi J, 1 others", "CVE-2023-0001 [GHSA-a] npm/lodash 4.17.20 in : vulnerable code not in execute path: template is not used", "CVE-2023-0002 [] npm/lodash  in https://shop.example/: no reason is given"}},
	{"OpenVEX 0.0.1", `{"author": "a", "statements": [{"vulnerability": "CVE-2023-0001", "products": ["pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64"], "status": "not_affected", "justification": "component_not_present"}]}`,
		[]string{"a, 0 others", "CVE-2023-0001 [] Wolfi/git 2.39.0-r1 in : component not present"}},
	{"CycloneDX of a part", `{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"supplier": {"name": "Acme"}, "component": {"bom-ref": "shop", "type": "application", "name": "shop"}},
		"components": [{"bom-ref": "l", "type": "library", "name": "lodash", "purl": "pkg:npm/lodash@4.17.20"}],
		"vulnerabilities": [{"id": "CVE-2023-0001", "analysis": {"state": "not_affected", "justification": "code_not_reachable"}, "affects": [{"ref": "l"}]}, {"id": "CVE-2023-0002", "analysis": {"state": "exploitable"}, "affects": [{"ref": "l"}]}]}`,
		[]string{"Acme, 1 others", "CVE-2023-0001 [] npm/lodash 4.17.20 in shop: code not reachable"}},
	{"CycloneDX of the package", `{"bomFormat": "CycloneDX", "components": [{"bom-ref": "l", "name": "lodash", "purl": "pkg:npm/lodash@4.17.20"}], "vulnerabilities": [{"id": "CVE-2023-0001", "analysis": {"state": "false_positive", "detail": "x"}, "affects": [{"ref": "urn:cdx:1/1#l"}]}]}`,
		[]string{"somebody, 0 others", "CVE-2023-0001 [] npm/lodash 4.17.20 in : x"}},
}

func said(v VEX) []string {
	out := []string{fmt.Sprintf("%s, %d others", v.Author, v.Others)}
	for _, s := range v.Said {
		out = append(out, fmt.Sprintf("%s %v %s/%s %s in %s: %s", s.ID, s.Aliases, s.Package.Ecosystem, s.Package.Name, s.Package.Version, s.Within, s.Why))
	}
	return out
}

// TestVEX: what is not affected, of which package, and whether only within another product.
func TestVEX(t *testing.T) {
	for _, x := range vexSeeds {
		v, err := ParseVEX([]byte(x.text))
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		if d := cmp.Diff(x.want, said(v)); d != "" {
			t.Errorf("%s: -want +got:\n%s", x.name, d)
		}
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"statements": 1}`, `{"bomFormat": "CycloneDX", "components": 1}`} {
		if v, err := ParseVEX([]byte(bad)); err == nil || v.Said != nil || v.Author != "" {
			t.Errorf("%s: %+v, %v", bad, v, err)
		}
	}
}

func FuzzParseVEX(f *testing.F) {
	for _, x := range vexSeeds {
		f.Add([]byte(x.text))
	}
	if data, err := os.ReadFile("testdata/vdr.cdx.json"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseVEX(data)
		if err != nil && (v.Said != nil || v.Author != "") {
			t.Fatalf("an error and statements: %+v", v)
		}
		for _, s := range v.Said {
			if s.ID == "" || s.Package.Name == "" || s.Why == "" {
				t.Fatalf("it says nothing: %+v", s)
			}
		}
	})
}
