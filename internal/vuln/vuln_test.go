package vuln_test

import (
	"cmp"
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/vuln"
)

// numbers is the order of whole numbers.
type numbers struct{}

func (numbers) Compare(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return cmp.Compare(x, y)
}
func (numbers) Valid(v string) bool { _, err := strconv.Atoi(v); return err == nil }

// source is what a test knows.
type source struct {
	affected map[string][]vuln.Affected // by ecosystem/name
	scores   map[string][]vuln.Score
	kev      []string
	epss     map[string]float64
}

func (s source) Find(ecosystem, name string) []vuln.Affected { return s.affected[ecosystem+"/"+name] }
func (s source) Scores(id string) []vuln.Score               { return s.scores[id] }
func (s source) Exploited(id string) bool                    { return slices.Contains(s.kev, id) }
func (s source) EPSS(id string) (float64, bool)              { p, ok := s.epss[id]; return p, ok }

func in(v string) vuln.Event    { return vuln.Event{Introduced: v} }
func fixed(v string) vuln.Event { return vuln.Event{Fixed: v} }
func last(v string) vuln.Event  { return vuln.Event{LastAffected: v} }
func limit(v string) vuln.Event { return vuln.Event{Limit: v} }

// TestIntervals: every range in words, in every order of its events.
func TestIntervals(t *testing.T) {
	for name, x := range map[string]struct {
		events   []vuln.Event
		affected string // of 1 to 9
	}{
		"from the first on":               {[]vuln.Event{in("0")}, "123456789"},
		"until a fix":                     {[]vuln.Event{in("0"), fixed("4")}, "123"},
		"two branches":                    {[]vuln.Event{in("2"), fixed("4"), in("6"), fixed("8")}, "2367"},
		"up to the last":                  {[]vuln.Event{in("2"), last("4")}, "234"},
		"one alone":                       {[]vuln.Event{in("3"), last("3")}, "3"},
		"fixed and introduced again":      {[]vuln.Event{in("1"), fixed("3"), in("3"), fixed("5")}, "1234"},
		"nothing at all":                  {[]vuln.Event{in("3"), fixed("3")}, ""},
		"a limit":                         {[]vuln.Event{in("3"), limit("6")}, "345"},
		"the highest limit":               {[]vuln.Event{in("3"), limit("4"), limit("6")}, "345"},
		"a limit behind the fix":          {[]vuln.Event{in("3"), fixed("5"), limit("8")}, "34"},
		"a limit before the introduction": {[]vuln.Event{in("3"), limit("2")}, ""},
		"no limit":                        {[]vuln.Event{in("3"), limit("*"), limit("5")}, "3456789"},
		"no introduction":                 {[]vuln.Event{fixed("5")}, ""},
		"no event":                        {nil, ""},
		"two fixes":                       {[]vuln.Event{in("2"), fixed("6"), fixed("4")}, "23"},
		"two introductions":               {[]vuln.Event{in("2"), in("4"), fixed("6")}, "2345"},
	} {
		for i := range 20 {
			events := slices.Clone(x.events)
			rand.New(rand.NewSource(int64(i))).Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
			got := ""
			intervals := vuln.Intervals(numbers{}, events)
			for v := 1; v < 10; v++ {
				if slices.ContainsFunc(intervals, func(i vuln.Interval) bool { return i.Holds(numbers{}, strconv.Itoa(v)) }) {
					got += strconv.Itoa(v)
				}
			}
			if got != x.affected {
				t.Fatalf("%s as %+v: %q, want %q", name, events, got, x.affected)
			}
		}
	}
}

// FuzzIntervals: intervals hold just what the pseudo code of the OSV schema holds, where no two events have the same
// version.
func FuzzIntervals(f *testing.F) {
	f.Add([]byte{0, 1, 2, 4, 0, 6, 2, 8})
	f.Add([]byte{0, 0, 1, 4, 3, 6})
	f.Fuzz(func(t *testing.T, data []byte) {
		var events []vuln.Event
		used := map[string]bool{}
		for i := 0; i+1 < len(data) && len(events) < 12; i += 2 {
			v := strconv.Itoa(int(data[i+1] % 30))
			if used[v] {
				continue
			}
			used[v] = true
			events = append(events, []vuln.Event{in(v), last(v), fixed(v), limit(v)}[data[i]%4])
		}
		intervals := vuln.Intervals(numbers{}, events)
		for n := 1; n < 32; n++ {
			v := strconv.Itoa(n)
			got := slices.ContainsFunc(intervals, func(i vuln.Interval) bool { return i.Holds(numbers{}, v) })
			if want := pseudo(events, v); got != want {
				t.Fatalf("%+v holds %s: %v, want %v", events, v, got, want)
			}
		}
	})
}

// pseudo is the evaluation as the OSV schema has it.
func pseudo(events []vuln.Event, v string) bool {
	o := numbers{}
	at := func(e vuln.Event) string { return e.Introduced + e.Fixed + e.LastAffected + e.Limit }
	below, limits := false, false
	for _, e := range events {
		if e.Limit != "" {
			limits, below = true, below || o.Compare(v, e.Limit) < 0
		}
	}
	if limits && !below {
		return false
	}
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b vuln.Event) int { return o.Compare(at(a), at(b)) })
	affected := false
	for _, e := range sorted {
		switch {
		case e.Introduced != "" && (e.Introduced == "0" || o.Compare(v, e.Introduced) >= 0):
			affected = true
		case e.Fixed != "" && o.Compare(v, e.Fixed) >= 0:
			affected = false
		case e.LastAffected != "" && o.Compare(v, e.LastAffected) > 0:
			affected = false
		}
	}
	return affected
}

func record(id string, aliases ...string) *vuln.Record { return &vuln.Record{ID: id, Aliases: aliases} }

func all(r *vuln.Record) vuln.Affected {
	return vuln.Affected{Record: r, Intervals: []vuln.Interval{{Introduced: "0", Fixed: "5"}}}
}

// TestOneFaultOneVulnerability: what several records call by a common name is one; two CVEs never are.
func TestOneFaultOneVulnerability(t *testing.T) {
	upstream := func(id string, up ...string) *vuln.Record { return &vuln.Record{ID: id, Upstream: up} }
	for name, x := range map[string]struct {
		ecosystem string
		records   []*vuln.Record
		want      []string
	}{
		"one":                           {"npm", []*vuln.Record{record("GHSA-1")}, []string{"GHSA-1"}},
		"two names of one":              {"npm", []*vuln.Record{record("GHSA-1", "CVE-1"), record("CVE-1", "GHSA-1")}, []string{"CVE-1 GHSA-1"}},
		"joined by a third":             {"PyPI", []*vuln.Record{record("GHSA-1"), record("PYSEC-1", "GHSA-1", "CVE-1")}, []string{"CVE-1 GHSA-1 PYSEC-1"}},
		"joined without a CVE":          {"PyPI", []*vuln.Record{record("PYSEC-1", "GHSA-1"), record("OSV-1", "GHSA-1")}, []string{"GHSA-1 OSV-1 PYSEC-1"}},
		"no name in common":             {"npm", []*vuln.Record{record("A-1"), record("B-1")}, []string{"A-1", "B-1"}},
		"two CVEs in one record":        {"crates.io", []*vuln.Record{record("RUSTSEC-1", "CVE-1", "CVE-2")}, []string{"CVE-1 RUSTSEC-1", "CVE-2 RUSTSEC-1"}},
		"a record of a distribution":    {"Debian:12", []*vuln.Record{upstream("DEBIAN-CVE-1", "CVE-1")}, []string{"CVE-1 DEBIAN-CVE-1"}},
		"an erratum of several":         {"AlmaLinux:9", []*vuln.Record{{ID: "ALSA-1", Related: []string{"CVE-1", "CVE-2"}}}, []string{"CVE-1 ALSA-1", "CVE-2 ALSA-1"}},
		"related elsewhere is no name":  {"npm", []*vuln.Record{{ID: "GHSA-1", Related: []string{"CVE-1"}}}, []string{"GHSA-1"}},
		"an erratum that mends bugs":    {"AlmaLinux:9", []*vuln.Record{record("ALBA-1"), record("ALEA-1")}, nil},
		"withdrawn":                     {"npm", []*vuln.Record{{ID: "GHSA-1", Withdrawn: time.Unix(1, 0)}}, nil},
		"two CVEs by one GHSA":          {"npm", []*vuln.Record{record("CVE-1", "GHSA-1"), record("CVE-2", "GHSA-1")}, []string{"CVE-1 GHSA-1", "CVE-2 GHSA-1"}},
		"a nameless one of two CVEs":    {"npm", []*vuln.Record{record("CVE-1", "GHSA-1"), record("CVE-2", "GHSA-1"), record("GHSA-1")}, []string{"CVE-1 GHSA-1", "CVE-2 GHSA-1"}},
		"the same record of two places": {"npm", []*vuln.Record{record("GHSA-1"), record("GHSA-1")}, []string{"GHSA-1"}},
	} {
		var list []vuln.Affected
		for _, r := range x.records {
			list = append(list, all(r))
		}
		p := vuln.Package{Ecosystem: x.ecosystem, Name: "p", Version: "3"}
		for range 5 {
			var got []string
			for _, m := range vuln.Of(p, numbers{}, source{affected: map[string][]vuln.Affected{vuln.Ecosystem(x.ecosystem) + "/p": list}}) {
				got = append(got, strings.Join(append([]string{m.ID}, m.Aliases...), " "))
			}
			if d := gocmp.Diff(x.want, got); d != "" {
				t.Fatalf("%s (-want +got):\n%s", name, d)
			}
			slices.Reverse(list)
		}
	}
}

// TestMatch: only what holds the version, with the versions that mend it.
func TestMatch(t *testing.T) {
	s := source{affected: map[string][]vuln.Affected{"npm/p": {
		{Record: record("GHSA-1"), Intervals: []vuln.Interval{{Introduced: "1", Fixed: "3"}, {Introduced: "4", Fixed: "6"}}},
		{Record: record("GHSA-2"), Intervals: []vuln.Interval{{Introduced: "0", Last: "4"}}},
		{Record: record("GHSA-3"), Versions: []string{"5", "x"}},
		{Record: record("GHSA-4"), Intervals: []vuln.Interval{{Introduced: "0", Fixed: "9", Limit: true}}},
	}}, kev: []string{"GHSA-2"}, epss: map[string]float64{"GHSA-3": 0.5}}
	for version, want := range map[string]string{
		"2": "GHSA-1 [3] GHSA-2 [] GHSA-4 []", "3": "GHSA-2 [] GHSA-4 []", "5": "GHSA-1 [6] GHSA-3 [] GHSA-4 []", "9": "", "x": "GHSA-1 [3 6] GHSA-2 [] GHSA-3 [] GHSA-4 []",
	} {
		var got []string
		for _, m := range vuln.Of(vuln.Package{Ecosystem: "npm", Name: "p", Version: version}, numbers{}, s) {
			got = append(got, fmt.Sprint(m.ID, " ", m.Fixed))
			if m.KEV != (m.ID == "GHSA-2") || (m.EPSS != nil) != (m.ID == "GHSA-3") || (m.Doubtful != "") != (version == "x") {
				t.Errorf("%s: %+v", version, m)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", version, s, want)
		}
	}
}

// TestOffered: whether the configured repositories offer a version that mends it.
func TestOffered(t *testing.T) {
	s := source{affected: map[string][]vuln.Affected{"npm/p": {{Record: record("GHSA-1"), Intervals: []vuln.Interval{{Introduced: "1", Fixed: "5"}}}}}}
	for offered, want := range map[string]bool{"": false, "4": false, "5": true, "9": true} {
		if m := vuln.Of(vuln.Package{Ecosystem: "npm", Name: "p", Version: "3", Offered: offered}, numbers{}, s); len(m) != 1 || m[0].Offered != want {
			t.Errorf("%q offered: %+v", offered, m)
		}
	}
}

const (
	v31critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"                    // 9.8
	v31moderate = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N"                    // 5.3
	v40low      = "CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N" // below 4
	v40high     = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N" // 8.7
	v2          = "AV:N/AC:L/Au:N/C:C/I:C/A:C"                                      // 10.0
	v30high     = "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"                    // 7.5
)

// TestRate: who tells, and which of several counts.
func TestRate(t *testing.T) {
	score := func(vectors ...string) (out []vuln.Score) {
		for _, v := range vectors {
			typ := "CVSS_V3"
			if v == v2 {
				typ = "CVSS_V2"
			}
			out = append(out, vuln.Score{Type: typ, Vector: v})
		}
		return out
	}
	for name, x := range map[string]struct {
		affected []vuln.Affected
		more     []vuln.Score
		want     string
	}{
		"nothing":                      {[]vuln.Affected{{Record: record("GHSA-1")}}, nil, "high (unrated, treated as high)"},
		"CVSS":                         {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v31moderate)}}}, nil, "moderate (CVSS 3.1 5.3)"},
		"the highest of several":       {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v31moderate)}}, {Record: &vuln.Record{Scores: score(v31critical)}}}, nil, "critical (CVSS 3.1 9.8)"},
		"version 4 before 3.1":         {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v31critical, v40high)}}}, nil, "high (CVSS 4.0 8.7)"},
		"version 3.1 before 3.0 and 2": {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v2, v30high, v31moderate)}}}, nil, "moderate (CVSS 3.1 5.3)"},
		"version 3.0 before 2":         {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v2, v30high)}}}, nil, "high (CVSS 3.0 7.5)"},
		"version 2":                    {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v2)}}}, nil, "critical (CVSS 2.0 10.0)"},
		"of the package":               {[]vuln.Affected{{Record: record("A"), Scores: score(v31critical)}}, nil, "critical (CVSS 3.1 9.8)"},
		"nonsense":                     {[]vuln.Affected{{Record: &vuln.Record{Scores: score("CVSS:3.1/AV:N", "x")}}}, nil, "high (unrated, treated as high)"},
		"a word":                       {[]vuln.Affected{{Record: &vuln.Record{ID: "RETIREJS-1", Rating: "MODERATE"}}}, nil, "moderate (RETIREJS-1: MODERATE)"},
		"CVSS before a word":           {[]vuln.Affected{{Record: &vuln.Record{ID: "GHSA-1", Rating: "LOW", Scores: score(v31critical)}}}, nil, "critical (CVSS 3.1 9.8)"},
		"AlmaLinux by its summary":     {[]vuln.Affected{{Record: &vuln.Record{ID: "ALSA-1", Summary: "Important: kernel update", Scores: score(v31critical)}}}, nil, "high (ALSA-1: Important)"},
		"Ubuntu's word":                {[]vuln.Affected{{Record: &vuln.Record{ID: "UBUNTU-CVE-1", Scores: []vuln.Score{{Type: "Ubuntu", Vector: "low"}, {Type: "CVSS_V3", Vector: v31critical}}}}}, nil, "low (Ubuntu: low)"},
		"Debian's urgency is none":     {[]vuln.Affected{{Record: record("DEBIAN-CVE-1"), Rating: "low"}}, nil, "high (unrated, treated as high)"},
		"Debian: unimportant":          {[]vuln.Affected{{Record: record("DEBIAN-CVE-1"), Rating: "unimportant"}}, score(v31critical), "info (Debian: unimportant)"},
		"told upstream":                {[]vuln.Affected{{Record: record("DEBIAN-CVE-1")}}, score(v31critical), "critical (CVSS 3.1 9.8)"},
		"a score of its own first":     {[]vuln.Affected{{Record: &vuln.Record{Scores: score(v31moderate)}}}, score(v31critical), "moderate (CVSS 3.1 5.3)"},
		"a word after upstream":        {[]vuln.Affected{{Record: &vuln.Record{Rating: "LOW"}}}, score(v31critical), "critical (CVSS 3.1 9.8)"},
	} {
		if got := vuln.Rate(x.affected, x.more).String(); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
	if r := vuln.Rate([]vuln.Affected{{Record: &vuln.Record{Scores: score(v40low)}}}, nil); r.Severity != vuln.Low {
		t.Errorf("%s", r)
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"Debian:12.11": "Debian:12", "debian:12": "Debian:12", "Debian": "Debian", "Ubuntu:22.04:LTS": "Ubuntu:22.04", "Ubuntu:Pro:18.04:LTS": "Ubuntu:Pro:18.04",
		"Alpine:v3.19": "Alpine:v3.19", "Alpine:3.19.1": "Alpine:v3.19", "Alpine:edge": "Alpine:edge", "AlmaLinux:9.4": "AlmaLinux:9", "Red Hat:enterprise_linux:9::baseos": "Red Hat:9",
		"Rocky Linux:8.10": "Rocky Linux:8", "NPM": "npm", "pypi": "PyPI", "SUSE:Linux Enterprise Server 15 SP5": "SUSE:Linux Enterprise Server 15 SP5", "Debian:": "Debian",
	} {
		if got := vuln.Ecosystem(in); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
	for in, want := range map[[2]string]string{{"PyPI", "Foo_Bar.baz"}: "foo-bar-baz", {"PyPI", "a--b__c"}: "a-b-c", {"PyPI", "Django"}: "django", {"npm", "JSONStream"}: "JSONStream",
		{"NuGet", "Newtonsoft.Json"}: "newtonsoft.json", {"Go", "github.com/Masterminds/x"}: "github.com/Masterminds/x"} {
		if got := vuln.Name(in[0], in[1]); got != want {
			t.Errorf("%s %s is %s, want %s", in[0], in[1], got, want)
		}
	}
}
