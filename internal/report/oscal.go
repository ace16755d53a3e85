package report

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast.example/holdfast/internal/requirement"
)

const (
	// oscalVersion is that of the schema that the tests hold this to.
	oscalVersion = "1.2.1"
	// oscalNS names our own properties and facets.
	oscalNS = "https://holdfast.example/ns/oscal"
)

// oscalSpace is the namespace of all UUIDs (version 5, RFC 9562): the same thing has the same one in every export.
var oscalSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte(oscalNS))

func oscalID(parts ...string) string {
	return uuid.NewSHA1(oscalSpace, []byte(strings.Join(parts, "\x00"))).String()
}

// OSCAL writes assessment results as NIST's Open Security Controls Assessment Language has them: an observation for every
// result of a check, a risk for every violation, a finding for every requirement. Unknown is never satisfied.
func OSCAL(w io.Writer, a *Assessment) error {
	out := oscalResult{
		UUID: oscalID("result", a.Run, a.AssessedAt.UTC().Format(time.RFC3339), a.Estate.Digest), Title: "Secure operation, as assessed by Holdfast",
		Description: "Every requirement of the standard for secure operation (chapter A.5), decided from what was seen on the systems in scope.",
		Start:       a.AssessedAt.Add(-time.Duration(a.DurationMS) * time.Millisecond).UTC().Truncate(time.Second), End: a.AssessedAt.UTC(),
		Props:    props("version", a.Version, "run", a.Run, "estate-digest", a.Estate.Digest),
		Local:    oscalLocal{Components: []oscalComponent{{UUID: oscalID("tool"), Type: "software", Title: "Holdfast", Description: "The program that collected and judged.", Status: oscalState{State: "operational"}}}, Inventory: inventory(a)},
		Reviewed: oscalReviewed{[]oscalSelection{{}}},
		Remarks:  markdown(strings.Join(a.Notes, "\n")),
	}
	observations, risks := map[string][]string{}, map[string][]string{} // by check
	for _, r := range a.Results {
		o := observation(r)
		out.Observations = append(out.Observations, o)
		observations[r.Check] = append(observations[r.Check], o.UUID)
		if r.Kind == "findings" {
			continue // a risk about a risk would be one too many
		}
		for _, v := range r.Violations {
			x := risk(a, r, v, o.UUID)
			out.Risks = append(out.Risks, x)
			risks[r.Check] = append(risks[r.Check], x.UUID)
		}
	}
	for _, q := range a.Requirements {
		out.Reviewed.Selections[0].Include = append(out.Reviewed.Selections[0].Include, oscalControl{q.ID})
		f := oscalFinding{UUID: oscalID("requirement", q.ID), Title: line(q.ID + " " + q.Title), Description: markdown(q.Reason), Props: props("status", q.Status, "level", q.Level),
			Target: oscalTarget{Type: "objective-id", ID: q.ID, Title: line(q.Title), Status: decided(requirement.Status(q.Status))}}
		for _, c := range q.Checks {
			for _, id := range observations[c] {
				f.Observations = append(f.Observations, oscalRelated{id})
			}
			for _, id := range risks[c] {
				f.Risks = append(f.Risks, oscalAssoc{id})
			}
		}
		out.Findings = append(out.Findings, f)
	}
	if len(a.Requirements) == 0 {
		out.Reviewed.Selections[0].All = &struct{}{}
	}
	plan := oscalID("plan")
	doc := oscalDocument{oscalResults{
		UUID: oscalID("document", out.UUID), ImportAP: oscalHref{"#" + plan, "The plan is the catalogue of requirements and checks that the program carries."}, Results: []oscalResult{out},
		Metadata:   oscalMetadata{Title: "Assessment results: secure operation", LastModified: a.AssessedAt.UTC(), Version: a.AssessedAt.UTC().Format(time.RFC3339), OSCAL: oscalVersion},
		BackMatter: oscalBackMatter{[]oscalResource{{plan, "Standard for secure operation", "Chapter A.5, Secure Operation, of TSS-WEB, the open technical security standard for web applications and services (CC BY 4.0, Secodis), as conditions that a program decides."}}},
	}}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// decided says what a status is to OSCAL, which knows satisfied and not, and a reason. What is justified is not satisfied: the
// fault is there and accepted.
func decided(s requirement.Status) oscalState {
	switch s {
	case requirement.Pass:
		return oscalState{State: "satisfied", Reason: "pass"}
	case requirement.NotApplicable:
		return oscalState{State: "satisfied", Reason: "other", Remarks: "Not applicable."}
	case requirement.Fail:
		return oscalState{State: "not-satisfied", Reason: "fail"}
	case requirement.Warn:
		return oscalState{State: "not-satisfied", Reason: "fail", Remarks: "A recommendation (SHOULD) is violated, and no decision justifies it."}
	case requirement.Justified:
		return oscalState{State: "not-satisfied", Reason: "other", Remarks: "What is violated is justified by decisions in force."}
	}
	return oscalState{State: "not-satisfied", Reason: "other", Remarks: "Unknown: evidence is missing, too old, or could not be collected."}
}

func observation(r Result) oscalObservation {
	lines := []string{r.Detail}
	for _, v := range r.Violations {
		text := v.Detail
		if v.Source != "" {
			text += " (" + v.Source + ")"
		}
		lines = append(lines, text)
	}
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	if len(lines) == 0 {
		lines = []string{string(r.Verdict)}
	}
	return oscalObservation{UUID: oscalID("observation", r.Check, r.Kind, r.Subject), Title: line(r.Title), Description: markdown(strings.Join(lines, "\n\n")),
		Props:   props("check", r.Check, "verdict", string(r.Verdict), "level", string(r.Level), "fact-sha256", r.Fact, "collector", r.Collector),
		Methods: []string{"TEST"}, Types: []string{"control-objective"}, Origins: []oscalOrigin{tool()},
		Subjects: []oscalSubject{{oscalID("subject", r.Subject), "inventory-item"}}, Collected: r.ObservedAt.UTC()}
}

func risk(a *Assessment, r Result, v Violation, observation string) oscalRisk {
	out := oscalRisk{UUID: oscalID("finding", v.Finding), Title: line(r.Subject + ": " + r.Title), Description: markdown(v.Detail), Statement: "not violated is: " + line(r.Title), Status: "open",
		Props: props("finding", v.Finding, "check", r.Check), Deadline: utc(v.Due), Observations: []oscalRelated{{observation}},
		Character: []oscalCharacter{{tool(), []oscalFacet{{"severity", oscalNS, string(r.Worst(v))}}}}}
	if v.Identified != nil {
		out.Props = append(out.Props, props("identified", v.Identified.UTC().Format(time.RFC3339))...)
	}
	if v.Overdue {
		out.Props = append(out.Props, props("overdue", "true")...)
	}
	if v.SettledBy != nil {
		out.Status = "deviation-approved"
		out.Props = append(out.Props, props("decision", *v.SettledBy)...)
	}
	if c := a.Pages[r.Check]; c != nil {
		out.Statement = markdown(c.Doc)
		out.Remediations = []oscalResponse{{oscalID("remedy", v.Finding), "recommendation", "What to do", code(c.Remedy)}}
	}
	return out
}

// inventory are the subjects of all results.
func inventory(a *Assessment) (out []oscalInventory) {
	done := map[string]bool{}
	for _, r := range a.Results {
		if done[r.Subject] {
			continue
		}
		done[r.Subject] = true
		x := oscalInventory{UUID: oscalID("subject", r.Subject), Description: markdown(r.Subject)}
		for _, p := range []struct {
			name  string
			value *string
		}{{"environment", r.Environment}, {"application", r.Application}, {"risk-class", r.RiskClass}} {
			if p.value != nil {
				x.Props = append(x.Props, props(p.name, *p.value)...)
			}
		}
		out = append(out, x)
	}
	return out
}

func tool() oscalOrigin { return oscalOrigin{[]oscalActor{{"tool", oscalID("tool")}}} }

// props are properties of pairs of name and value; one without a value is left out.
func props(pairs ...string) (out []oscalProp) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := plain(pairs[i+1]); v != "" {
			out = append(out, oscalProp{pairs[i], oscalNS, v})
		}
	}
	return out
}

// plain is a text in one line without space around it.
func plain(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// line is a plain text that is read as Markdown: never empty.
func line(s string) string {
	if s = plain(s); s == "" {
		return "-"
	}
	return markdown(s)
}

// markdown keeps what systems say from being read as markup.
func markdown(s string) string {
	return strings.NewReplacer("\\", "\\\\", "`", "\\`", "<", "\\<", ">", "\\>", "[", "\\[", "]", "\\]", "*", "\\*").Replace(s)
}

// code is a text that is shown as it stands: commands. The fence is longer than any in it.
func code(s string) string {
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + "\n" + s + "\n" + fence
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
