package advisory

import (
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestKEV: CISA's two forms say the same.
func TestKEV(t *testing.T) {
	want := []Exploit{{"CVE-2025-48384", "Git Link, Following", day("2025-08-25"), day("2025-09-15"), true}}
	for name, text := range map[string]string{
		"CSV":                  kevLine,
		"CSV with a mark":      "\xef\xbb\xbf" + strings.ReplaceAll(kevLine, "\n", "\r\n"),
		"CSV of fewer columns": "dateAdded,cveID,vulnerabilityName,knownRansomwareCampaignUse,dueDate\n2025-08-25,CVE-2025-48384,\"Git Link, Following\",Known,2025-09-15\n",
		"JSON":                 `{"title":"x","catalogVersion":"2025.08.25","dateReleased":"2025-08-25T10:00:00.000Z","count":1,"vulnerabilities":[{"cveID":"CVE-2025-48384","vendorProject":"Git","vulnerabilityName":"Git Link, Following","dateAdded":"2025-08-25","dueDate":"2025-09-15","knownRansomwareCampaignUse":"Known","cwes":["CWE-59"]}]}`,
	} {
		k, err := parseKEV([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := gocmp.Diff(want, k.entries); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if k.released.Format(time.DateOnly) != "2025-08-25" {
			t.Errorf("%s: released %v", name, k.released)
		}
	}
	for text, want := range map[string]string{
		"cveID,dateAdded\n":                       "empty",
		"cveID,dateAdded\nCVE-1,2025-01-01\n":     `line 2: "CVE-1" is no CVE`,
		"cveID,dateAdded\nCVE-2025-48384,today\n": `line 2: CVE-2025-48384: dateAdded "today" is no day`,
		"cveID,x\n":                         "dateAdded are missing",
		`{"vulnerabilities":[`:              "unexpected EOF",
		"cveID,dateAdded\nCVE-2025-48384\n": "wrong number of fields",
	} {
		if _, err := parseKEV([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestEPSS follows the published description of the file; there was no real one to try.
func TestEPSS(t *testing.T) {
	for name, x := range map[string]struct{ text, scored string }{
		"today":          {"#model_version:v2025.03.14,score_date:2026-11-23T12:55:00Z\ncve,epss,percentile\nCVE-2021-44228,0.94358,0.99958\nCVE-1999-0001,1e-05,0\n", "2026-11-23T12:55:00Z"},
		"with an offset": {"#model_version:v2025.03.14,score_date:2026-11-23T00:00:00+0000\r\ncve,epss,percentile\r\nCVE-2021-44228,0.94358,0.99958\r\nCVE-1999-0001,0.00001,0\r\n", "2026-11-23T00:00:00Z"},
		"of 2021":        {"cve,epss\nCVE-2021-44228,0.94358\nCVE-1999-0001,0.00001", "0001-01-01T00:00:00Z"},
	} {
		e, err := parseEPSS([]byte(x.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(e.entries) != 2 || e.entries[0].cve != "CVE-2021-44228" || e.entries[0].epss != 0.94358 || e.entries[1].epss != 1e-5 || e.scored.Format(time.RFC3339) != x.scored {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for text, want := range map[string]string{
		"cve,epss\n":                             "there are none",
		"cve,epss\nCVE-2021-44228,x\n":           `line 2: "x" is no probability`,
		"cve,epss\nCVE-2021-44228,NaN\n":         "no probability",
		"cve,epss\nCVE-2021-44228,-0.1\n":        "no probability",
		"cve,epss\nCVE-2021-44228\n":             "no CVE with its score",
		"cve,epss\nx,0.1\n":                      "no CVE with its score",
		"a,b\n":                                  "cve and epss are missing",
		"#score_date:yesterday\ncve,epss\nx,1\n": `line 1: score_date "yesterday" is no time`,
	} {
		if _, err := parseEPSS([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestEOL: the forms of endoflife.date say the same.
func TestEOL(t *testing.T) {
	want := Product{Name: "debian", Label: "Debian", Category: "os", Identifiers: []Identifier{{"cpe": "cpe:/o:debian:debian_linux"}}, Cycles: []Cycle{
		{Name: "13", Codename: "Trixie", Released: "2025-08-09", EOL: Ends{Day: "2028-08-09", Told: true}, Latest: "13.6", LatestOn: "2026-07-11"},
		{Name: "10", EOL: Ends{Came: true, Told: true}, Active: Ends{Told: true}, LTS: true},
	}}
	file := `{"source":"https://endoflife.date","commit":"x","date":"2026-08-22T08:52:34+00:00","license":"MIT","products":[{"product":"debian","label":"Debian","category":"os","identifiers":[{"cpe":"cpe:/o:debian:debian_linux"}],"cycles":[{"cycle":"13","release_date":"2025-08-09","eol":"2028-08-09","latest":"13.6","latest_date":"2026-07-11","codename":"Trixie"},{"cycle":"10","eol":true,"end_active":false,"lts":"2020-01-01"}]}]}`
	full := `{"schema_version":"1.2.0","generated_at":"2026-08-22T08:52:34+00:00","total":1,"result":[{"name":"debian","aliases":[],"label":"Debian","category":"os","tags":["os"],"versionCommand":"x","identifiers":[{"id":"cpe:/o:debian:debian_linux","type":"cpe"}],"releases":[{"name":"13","codename":"Trixie","label":"13","releaseDate":"2025-08-09","isLts":false,"ltsFrom":null,"isEol":false,"eolFrom":"2028-08-09","isMaintained":true,"latest":{"name":"13.6","date":"2026-07-11","link":null},"custom":null},{"name":"10","codename":null,"isLts":true,"isEoas":false,"eoasFrom":null,"isEol":true,"eolFrom":null,"latest":null}]}]}`
	for name, text := range map[string]string{"file": file, "full": full} {
		got, at, err := parseEOL([]byte(text), "")
		if err != nil || len(got) != 1 || at.Format(time.RFC3339) != "2026-08-22T08:52:34Z" {
			t.Errorf("%s: %v %v", name, at, err)
			continue
		}
		if d := gocmp.Diff(want, got[0]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	old := `[{"cycle":"13","codename":"Trixie","releaseDate":"2025-08-09","eol":"2028-08-09","latest":"13.6","latestReleaseDate":"2026-07-11","lts":false},{"cycle":10,"eol":true,"support":true,"lts":"2020-01-01"}]`
	got, _, err := parseEOL([]byte(old), "debian")
	plain := want
	plain.Label, plain.Category, plain.Identifiers = "debian", "", nil
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(plain, got[0]); d != "" {
		t.Errorf("old (-want +got):\n%s", d)
	}
	for at, want := range map[string]bool{"2028-08-08": false, "2028-08-09": true, "2030-01-01": true} {
		if got := got[0].Cycles[0].EOL.By(day(at)); got != want {
			t.Errorf("has ended by %s: %v", at, got)
		}
	}

	// One product of the old form takes its place in the whole list.
	_, ix := imported(t, put(t, "eol.json", []byte(file)), put(t, "debian.json", []byte(old)), put(t, "nginx.json", []byte(`[{"cycle":"1.28","eol":false}]`)))
	if p := ix.EOL("debian"); len(p) != 1 || p[0].Label != "debian" {
		t.Errorf("%+v", p)
	}
	if p := ix.EOL("nginx"); len(p) != 1 || p[0].Cycles[0].Name != "1.28" {
		t.Errorf("%+v", p)
	}
	for text, want := range map[string]string{
		`{"products":[],"commit":"x"}`:                             "there are none",
		`{"products":[{"label":"x"}],"commit":"x"}`:                "has no name",
		`{"products":[{"product":"x","cycles":[{"eol":"soon"}]}]}`: `"soon" is no day`,
		`[]`:           "without the name",
		`{"result":7}`: "",
	} {
		if _, _, err := parseEOL([]byte(text), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
