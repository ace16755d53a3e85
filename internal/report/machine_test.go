package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
)

// valid checks a JSON text against a JSON Schema.
func valid(t *testing.T, schema, text []byte) error {
	t.Helper()
	s, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", s); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(v)
}

func TestJSONFollowsSchema(t *testing.T) {
	for name, a := range map[string]*report.Assessment{"sample": sample(), "hostile": hostile(hostileTexts["controls"])} {
		if name == "hostile" {
			for i := range a.Requirements {
				a.Requirements[i].ID = "A.5.2.1"
			}
		}
		var b bytes.Buffer
		if err := report.JSON(&b, a); err != nil {
			t.Fatal(err)
		}
		if err := valid(t, report.Schema(), b.Bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema that takes everything would pass the test above.
func TestSchemaRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := report.JSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(map[string]any){
		"another version":         func(m map[string]any) { m["schema"] = "holdfast.assessment/v2" },
		"no summary":              func(m map[string]any) { delete(m, "summary") },
		"results null":            func(m map[string]any) { m["results"] = nil },
		"a local time":            func(m map[string]any) { m["assessed_at"] = "2026-11-20 09:31" },
		"status of no kind":       func(m map[string]any) { first(m, "requirements")["status"] = "ok" },
		"verdict of no kind":      func(m map[string]any) { first(m, "results")["verdict"] = "skip" },
		"a pass with a violation": func(m map[string]any) { first(m, "results")["verdict"] = "pass" },
		"a fail without one":      func(m map[string]any) { first(m, "results")["violations"] = []any{} },
		"severity of no kind":     func(m map[string]any) { first(m, "results")["severity"] = "medium" },
		"a violation unnamed":     func(m map[string]any) { delete(first(first(m, "results"), "violations"), "finding") },
	} {
		var m map[string]any
		if err := json.Unmarshal(b.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		edit(m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if valid(t, report.Schema(), text) == nil {
			t.Errorf("the schema takes %s", name)
		}
	}
	var m map[string]any
	if err := json.Unmarshal(b.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	m["later"], first(m, "results")["later"] = 1, 1
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, report.Schema(), text); err != nil {
		t.Errorf("the schema refuses a field of a later version: %v", err)
	}
}

func first(m map[string]any, key string) map[string]any {
	return m[key].([]any)[0].(map[string]any)
}

func sarif(t *testing.T, a *report.Assessment) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.SARIF(&b, a); err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile("testdata/sarif-2.1.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, schema, b.Bytes()); err != nil {
		t.Error(err)
	}
	return b.Bytes()
}

func TestSARIFGolden(t *testing.T) { golden(t, "report.sarif", sarif(t, sample())) }

func TestSARIFHostile(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(hostileTexts)) {
		t.Run(name, func(t *testing.T) { sarif(t, hostile(hostileTexts[name])) })
	}
	sarif(t, &report.Assessment{})
}

// Each violation and each undecided result stands in the log once, and no pass does.
func TestSARIFCounts(t *testing.T) {
	a := sample()
	var log struct {
		Runs []struct {
			Invocations []struct {
				ExecutionSuccessful bool
			}
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID, Kind, Level string
				RuleIndex           int
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(sarif(t, a), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	got := map[string]int{}
	for _, r := range run.Results {
		got[r.Kind+" "+r.Level]++
		if id := run.Tool.Driver.Rules[r.RuleIndex].ID; id != r.RuleID {
			t.Errorf("rule %d is %s, the result names %s", r.RuleIndex, id, r.RuleID)
		}
		if (r.Kind == "fail") != (r.PartialFingerprints["holdfastFinding/v1"] != "") {
			t.Errorf("%s: kind %s with fingerprints %v", r.RuleID, r.Kind, r.PartialFingerprints)
		}
	}
	want := map[string]int{"fail error": 4, "fail warning": 6, "fail note": 2, "open none": 4}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("results by kind and level (-want +got):\n%s", d)
	}
	if !run.Invocations[0].ExecutionSuccessful {
		t.Error("one host of three did not answer; the run is no failure for that")
	}
	a.Hosts = a.Hosts[2:]
	if err := json.Unmarshal(sarif(t, a), &log); err != nil {
		t.Fatal(err)
	}
	if log.Runs[0].Invocations[0].ExecutionSuccessful {
		t.Error("no host answered, and the run is called a success")
	}
}

func table(t *testing.T, a *report.Assessment) ([]byte, []map[string]string) {
	t.Helper()
	var b bytes.Buffer
	if err := report.CSV(&b, a); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, c := range r {
			m[rows[0][i]] = c
		}
		out = append(out, m)
	}
	return b.Bytes(), out
}

func TestCSV(t *testing.T) {
	text, rows := table(t, sample())
	golden(t, "report.csv", text)
	if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) {
		t.Error("a line ends without CR LF")
	}
	got := map[string]int{}
	for _, r := range rows {
		got[r["verdict"]]++
		if (r["verdict"] == "fail") != (r["finding"] != "") {
			t.Errorf("%s on %s is %s with the finding %q", r["check"], r["subject"], r["verdict"], r["finding"])
		}
	}
	if d := cmp.Diff(map[string]int{"fail": 12, "unknown": 3, "error": 1}, got); d != "" {
		t.Errorf("rows by verdict (-want +got):\n%s", d)
	}
}

func TestCSVHostile(t *testing.T) {
	texts := maps.Clone(hostileTexts)
	for _, s := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "＝1"} {
		texts["starts with "+s] = s
	}
	for name, s := range texts {
		t.Run(name, func(t *testing.T) {
			_, rows := table(t, hostile(s))
			for _, r := range rows {
				for column, c := range r {
					if !utf8.ValidString(c) {
						t.Fatalf("%s is no UTF-8", column)
					}
					if bare := strings.TrimLeft(c, " \u00a0"); bare != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(bare)[0]) {
						t.Errorf("%s begins as a formula: %.20q", column, c)
					}
					for _, x := range c {
						if unicode.IsControl(x) && x != '\n' && x != '\r' {
							t.Errorf("%s holds %U", column, x)
						}
					}
				}
			}
		})
	}
}

// Nothing that was judged may get lost between the forms.
func TestFormsAgree(t *testing.T) {
	a := sample()
	text, _ := table(t, a)
	forms := map[string]string{"csv": string(text), "sarif": string(sarif(t, a)), "html": page(t, a)}
	for _, r := range a.Results {
		for _, v := range r.Violations {
			for form, s := range forms {
				if !strings.Contains(s, v.Finding) {
					t.Errorf("%s lacks the finding %s", form, v.Finding)
				}
			}
		}
		if r.Verdict == check.Unknown || r.Verdict == check.Error {
			for form, s := range forms {
				if !strings.Contains(s, r.Check) {
					t.Errorf("%s lacks the undecided check %s", form, r.Check)
				}
			}
		}
	}
}
