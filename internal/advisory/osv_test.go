package advisory

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/vuln"
)

// TestOSV: what is kept of a record, and what is passed over.
func TestOSV(t *testing.T) {
	one := func(part string) string {
		return `{"id":"X-1","modified":"2026-01-02T03:04:05.678Z","affected":[{"package":{"ecosystem":"npm","name":"p"}` + part + `}]}`
	}
	score := []vuln.Score{{Type: "CVSS_V3", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}
	severity := `"severity":[{"type":"CVSS_V3","score":"` + score[0].Vector + `"}]`
	for name, x := range map[string]struct {
		text string
		want vuln.Affected
		more func(*vuln.Record)
	}{
		"a range":                {one(`,"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2"}]}]`), vuln.Affected{Intervals: []vuln.Interval{{Introduced: "0", Fixed: "2"}}}, nil},
		"events in any sequence": {one(`,"ranges":[{"type":"SEMVER","events":[{"fixed":"2"},{"introduced":"5"},{"introduced":"0"}]}]`), vuln.Affected{Intervals: []vuln.Interval{{Introduced: "0", Fixed: "2"}, {Introduced: "5"}}}, nil},
		"commits say nothing":    {one(`,"ranges":[{"type":"GIT","repo":"x","events":[{"introduced":"0"},{"fixed":"abc"}]}]`), vuln.Affected{}, nil},
		"no events":              {one(`,"ranges":[{"type":"SEMVER"},{"type":"ECOSYSTEM","events":[]}]`), vuln.Affected{}, nil},
		"nothing":                {one(``), vuln.Affected{}, nil},
		"a list":                 {one(`,"versions":["1","2"]`), vuln.Affected{Versions: []string{"1", "2"}}, nil},
		"a list that is held":    {one(`,"versions":["1","1.5","2","7"],"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"2"}]}]`), vuln.Affected{Intervals: []vuln.Interval{{Introduced: "0", Fixed: "2"}}, Versions: []string{"2", "7"}}, nil},
		"unknown fields":         {one(`,"x":{"y":[1]},"ranges":[{"type":"NEW","events":[{"began":"1"}]},{"type":"SEMVER","events":[{"introduced":"0","x":1},{"last_affected":"3"}],"database_specific":{}}]`), vuln.Affected{Intervals: []vuln.Interval{{Introduced: "0", Last: "3"}}}, nil},
		"Debian's urgency":       {one(`,"ecosystem_specific":{"urgency":"unimportant"}`), vuln.Affected{Rating: "unimportant"}, nil},
		"a word":                 {one(`,"database_specific":{"severity":"Important"}`), vuln.Affected{Rating: "Important"}, nil},
		"a word that is none":    {one(`,"database_specific":{"severity":{"a":1}},"ecosystem_specific":["severity"]`), vuln.Affected{}, nil},
		"a score of the package": {one(`,` + severity), vuln.Affected{Scores: score}, nil},
		"symbols":                {one(`,"ecosystem_specific":{"imports":[{"path":"a/b","symbols":["F","T.M"]},{"path":"c"}]}`), vuln.Affected{Imports: []vuln.Import{{Path: "a/b", Symbols: []string{"F", "T.M"}}, {Path: "c"}}}, nil},
		"of the record": {strings.Replace(one(``), `{`, `{"database_specific":{"severity":"HIGH","review_status":"x"},"upstream":["U"],"aliases":["A"],"related":["R"],"withdrawn":"2026-02-01T00:00:00Z","details":"first\nsecond",`+severity+`,`, 1), vuln.Affected{}, func(r *vuln.Record) {
			r.Rating, r.Upstream, r.Aliases, r.Summary, r.Scores = "HIGH", []string{"U"}, []string{"A"}, "first", score
			r.Withdrawn = day("2026-02-01")
		}},
		"RustSec: nobody maintains it": {one(`,"database_specific":{"informational":"unmaintained"}`), vuln.Affected{}, func(r *vuln.Record) { r.Rating = "info" }},
		"RustSec: unsound is a flaw":   {one(`,"database_specific":{"informational":"unsound"}`), vuln.Affected{}, nil},
		"RustSec: a flaw":              {one(`,"database_specific":{"informational":null}`), vuln.Affected{}, nil},
		"broken text":                  {one(`,"x":"` + "\xff" + `"`), vuln.Affected{}, nil},
		"a name twice":                 {one(`,"x":1,"x":2`), vuln.Affected{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, ix := imported(t, put(t, "x.json", []byte(x.text)))
			rec := &vuln.Record{ID: "X-1", Feed: "npm", Modified: day("2026-01-02").Add(3*3600e9 + 4*60e9 + 5e9)}
			if x.more != nil {
				x.more(rec)
			}
			x.want.Record = rec
			if d := gocmp.Diff([]vuln.Affected{x.want}, ix.Find("npm", "p")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	for text, want := range map[string]string{
		`{}`:                            "has no id",
		`[]`:                            "no record of OSV",
		`{"id":1}`:                      "no record of OSV",
		`{"id":"a\u0000b"}`:             "control characters",
		`{"id":"x","withdrawn":"soon"}`: `withdrawn "soon" is no time`,
		`{"id":"x"} trailing`:           "no record of OSV",
	} {
		if _, err := parseOSV([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for text, year := range map[string]int{`{"id":"x","modified":"1-01-01T00:00:00Z"}`: 1, `{"id":"x","modified":"0001-01-01T00:00:00Z"}`: 1, `{"id":"x","modified":"1969-12-31T00:00:00Z"}`: 1969, `{"id":"x","modified":"2026-01-01T00:00:00+02:00"}`: 2025} {
		a, err := parseOSV([]byte(text))
		if err != nil || a.Modified.Year() != year {
			t.Errorf("%s: %v %v", text, a, err)
		}
	}
}

// TestRelease: releases of a distribution are found under the name that packages come with.
func TestRelease(t *testing.T) {
	_, ix := imported(t, put(t, "x.json", []byte(`[{"id":"U","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Ubuntu:22.04:LTS","name":"p"},"versions":["1"]}]},
		{"id":"R","modified":"2026-01-01T00:00:00Z","related":["CVE-2026-1"],"affected":[{"package":{"ecosystem":"Red Hat:enterprise_linux:9::baseos","name":"p"},"versions":["1"]},{"package":{"ecosystem":"Red Hat:enterprise_linux:9::appstream","name":"p"},"versions":["1"]}]}]`)))
	if a, b := ix.Find(vuln.Ecosystem("Ubuntu:22.04"), "p"), ix.Find("Red Hat:9", "p"); len(a) != 1 || len(b) != 1 || len(b[0].Record.Related) != 1 {
		t.Errorf("%+v %+v", a, b)
	}
	if ix.Find("", "p") != nil || ix.Find("npm", "") != nil || ix.Find("Ubuntu:24.04", "p") != nil || len(ix.Record("")) != 0 {
		t.Error("something is found under no name")
	}
}

// TestScores: who may tell how bad a flaw is.
func TestScores(t *testing.T) {
	rec := func(id, more string) string {
		return `{"id":"` + id + `","modified":"2026-01-01T00:00:00Z","severity":[{"type":"CVSS_V3","score":"of ` + id + `"}],"affected":[{"package":{"ecosystem":"Debian:12","name":"p"},"versions":["1"]}],` + more + `}`
	}
	_, ix := imported(t, put(t, "x.json", []byte("["+strings.Join([]string{
		rec("CVE-1", `"x":1`), rec("ALIAS", `"aliases":["CVE-1"]`), rec("SOLE", `"upstream":["CVE-1"]`), rec("SEVERAL", `"upstream":["CVE-1","CVE-2"]`),
		rec("RELATED", `"related":["CVE-1"]`), rec("GONE", `"aliases":["CVE-1"],"withdrawn":"2026-01-01T00:00:00Z"`), rec("TWICE", `"aliases":["CVE-1","CVE-1"]`),
	}, ",")+"]")))
	var got []string
	for _, s := range ix.Scores("CVE-1") {
		got = append(got, s.Vector)
	}
	if d := gocmp.Diff([]string{"of CVE-1", "of ALIAS", "of SOLE", "of TWICE"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var names []string
	for _, r := range ix.Record("CVE-1") {
		names = append(names, r.ID)
	}
	if d := gocmp.Diff([]string{"CVE-1", "ALIAS", "GONE", "TWICE", "SOLE", "SEVERAL", "RELATED"}, names); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
