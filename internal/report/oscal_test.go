package report_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/report"
)

//go:embed testdata/oscal-assessment-results.schema.json
var oscalSchema []byte

type oscalTold struct {
	R struct {
		Results []struct {
			Observations []struct{ UUID string }
			Risks        []struct{ Status, Deadline string }
			Findings     []struct {
				Target struct {
					ID     string `json:"target-id"`
					Status struct{ State, Reason, Remarks string }
				}
				Props []struct{ Name, Value string }
			}
		}
	} `json:"assessment-results"`
}

func oscal(t *testing.T, a *report.Assessment) ([]byte, oscalTold) {
	t.Helper()
	var b bytes.Buffer
	if err := report.OSCAL(&b, a); err != nil {
		t.Fatal(err)
	}
	var told oscalTold
	if err := json.Unmarshal(b.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), told
}

// TestOSCALFollowsSchema: what is written is what NIST's schema describes, whatever systems call themselves.
func TestOSCALFollowsSchema(t *testing.T) {
	all := map[string]*report.Assessment{"sample": sample(), "nothing": {AssessedAt: sample().AssessedAt}}
	for name, text := range hostileTexts {
		a := hostile(text)
		for i := range a.Requirements {
			a.Requirements[i].ID = "A.5.2.1"
		}
		all[name] = a
	}
	for name, a := range all {
		text, _ := oscal(t, a)
		if err := valid(t, oscalSchema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again, _ := oscal(t, a); !bytes.Equal(text, again) {
			t.Errorf("%s: written twice it is not the same", name)
		}
	}
	text, _ := oscal(t, sample())
	if err := valid(t, oscalSchema, bytes.Replace(text, []byte(`"not-satisfied"`), []byte(`"perhaps"`), 1)); err == nil {
		t.Error("the schema takes everything")
	}
}

// TestOSCALSatisfied: only a pass and what does not apply are satisfied.
func TestOSCALSatisfied(t *testing.T) {
	a := sample()
	_, told := oscal(t, a)
	if len(told.R.Results) != 1 || len(told.R.Results[0].Findings) != len(a.Requirements) || len(told.R.Results[0].Observations) != len(a.Results) {
		t.Fatalf("%+v", told)
	}
	for i, f := range told.R.Results[0].Findings {
		q := a.Requirements[i]
		want := q.Status == "pass" || q.Status == "not_applicable"
		if f.Target.ID != q.ID || (f.Target.Status.State == "satisfied") != want || q.Status == "unknown" && !strings.HasPrefix(f.Target.Status.Remarks, "Unknown") {
			t.Errorf("%s is %s: %+v", q.ID, q.Status, f.Target)
		}
	}
	for _, status := range []string{"unknown", "", "nonsense", "warn", "justified", "fail"} {
		a.Requirements = a.Requirements[:1]
		a.Requirements[0].Status = status
		if _, told := oscal(t, a); told.R.Results[0].Findings[0].Target.Status.State != "not-satisfied" {
			t.Errorf("%q is satisfied", status)
		}
	}
}

// TestOSCALMarkup: what a system says is no markup.
func TestOSCALMarkup(t *testing.T) {
	a := sample()
	a.Results[0].Subject = "<script>alert(1)</script>[x](https://evil.example)"
	text, _ := oscal(t, a)
	if bytes.Contains(text, []byte(" <script>")) || bytes.Contains(text, []byte(`"<script>`)) || bytes.Contains(text, []byte("[x](")) {
		t.Error("markup of a system stands in the document")
	}
}
