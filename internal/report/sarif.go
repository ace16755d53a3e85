package report

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// SARIF writes the assessment as SARIF 2.1.0: one run, whose rules are the checks that were judged.
// Each violation is a result of kind fail, and each result that nobody could decide is one of kind
// open, never a silence: a consumer that counts results must not take what was not seen for clean.
// A violation that a decision settles is a suppressed result.
func SARIF(w io.Writer, a *Assessment) error {
	rules, index := sarifRules(a)
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "Holdfast", Version: a.Version, Rules: rules}},
		Invocations: []sarifInvocation{sarifInvoked(a)},
		Results:     []sarifResult{},
		Properties:  map[string]any{"assessedAt": stamp(&a.AssessedAt), "durationMs": a.DurationMS, "summary": a.Summary},
	}
	if a.Run != "" {
		run.Automation = &sarifID{ID: "holdfast/assess/" + a.Run}
	}
	for _, r := range a.Results {
		if r.Verdict == check.Fail {
			for _, v := range r.Violations {
				run.Results = append(run.Results, sarifFail(r, v, index[r.Check]))
			}
		}
		if unseen := undecided(r); unseen != "" {
			run.Results = append(run.Results, sarifOpen(r, unseen, index[r.Check]))
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

// sarifRules gives a rule for each check with a result, by id, and the place of each.
func sarifRules(a *Assessment) ([]sarifRule, map[string]int) {
	first := map[string]Result{}
	for _, r := range a.Results {
		if _, ok := first[r.Check]; !ok {
			first[r.Check] = r
		}
	}
	rules, index := []sarifRule{}, map[string]int{}
	for i, id := range slices.Sorted(maps.Keys(first)) {
		r := first[id]
		index[id] = i
		rule := sarifRule{ID: id, Short: message(r.Title, id), Default: sarifDefault{Level: sarifLevel(r.Severity)}, Properties: map[string]any{
			"severity": r.Severity, "level": r.Level, "requirements": texts(r.Requirements), "tags": append([]string{"security"}, r.Requirements...),
		}}
		if score := sarifScore(r.Severity); score != "" {
			rule.Properties["security-severity"] = score
		}
		if page := a.Pages[id]; page != nil {
			rule.Properties["references"] = texts(page.References)
			if page.Doc != "" {
				rule.Full = &sarifText{Text: page.Doc}
			}
			if page.Remedy != "" {
				rule.Help = &sarifText{Text: page.Remedy, Markdown: fenced(page.Remedy)}
			}
		}
		rules = append(rules, rule)
	}
	return rules, index
}

func sarifFail(r Result, v Violation, rule int) sarifResult {
	severity := r.Worst(v)
	out := sarifOf(r, v.Key, cmp.Or(v.Detail, r.Title), rule)
	out.Kind, out.Level = "fail", sarifLevel(severity)
	out.Locations[0].Physical = sarifFile(v.Source)
	if v.Finding != "" {
		out.Fingerprints = map[string]string{"holdfastFinding/v1": v.Finding}
	}
	if v.SettledBy != nil {
		out.Suppressions = []sarifSuppression{{Kind: "external", Status: "accepted", Justification: "settled by decision " + Clean(*v.SettledBy)}}
	}
	more := map[string]string{"severity": string(severity), "severityReason": Clean(v.Why), "source": Clean(v.Source), "at": Clean(v.At),
		"identified": stamp(v.Identified), "due": stamp(v.Due)}
	for k, s := range more {
		if s != "" {
			out.Properties[k] = s
		}
	}
	if v.Due != nil {
		out.Properties["overdue"] = v.Overdue
	}
	return out
}

// sarifOpen is for what could not be decided. SARIF 2.1.0 section 3.27.9 has the kind open for it,
// with which the level is none.
func sarifOpen(r Result, unseen string, rule int) sarifResult {
	out := sarifOf(r, "", "Unknown: "+unseen, rule)
	out.Kind, out.Level = "open", "none"
	return out
}

func sarifOf(r Result, key, text string, rule int) sarifResult {
	where := sarifLogical{Name: Clean(r.Subject), FullName: Clean(r.Subject), Kind: r.Kind}
	if key != "" {
		where.Name, where.FullName = Clean(key), Clean(r.Subject+"/"+key)
	}
	out := sarifResult{RuleID: r.Check, RuleIndex: rule, Message: message(text, r.Title),
		Locations:  []sarifLocation{{Logical: []sarifLogical{where}}},
		Properties: map[string]any{"subject": Clean(r.Subject), "verdict": r.Verdict, "level": r.Level, "requirements": texts(r.Requirements)}}
	for k, s := range map[string]string{"observedAt": stamp(&r.ObservedAt), "fact": r.Fact, "collector": Clean(r.Collector),
		"application": orEmpty(r.Application), "environment": orEmpty(r.Environment), "stage": r.Stage, "riskClass": orEmpty(r.RiskClass)} {
		if s != "" {
			out.Properties[k] = s
		}
	}
	return out
}

// sarifInvoked tells whether the run could be made, and which hosts and checks broke. A run in
// which no host answered is no success, however few results it has.
func sarifInvoked(a *Assessment) sarifInvocation {
	out := sarifInvocation{Successful: len(a.Hosts) == 0}
	for _, h := range a.Hosts {
		if h.Problem == nil {
			out.Successful = true
			continue
		}
		out.Notifications = append(out.Notifications, sarifNotification{Level: "error", Message: message(h.Subject+": not assessed: "+h.Problem.Error(), "not assessed")})
	}
	for _, r := range a.Results {
		if r.Verdict == check.Error {
			out.Notifications = append(out.Notifications, sarifNotification{Level: "error", Message: message(r.Subject+": the check "+r.Check+" broke: "+r.Detail, r.Check),
				Rule: &sarifID{ID: r.Check}})
		}
	}
	for _, n := range a.Notes {
		out.Notifications = append(out.Notifications, sarifNotification{Level: "note", Message: message(n, "note")})
	}
	return out
}

// sarifFile places a source that is an absolute path, with or without a line: /etc/fstab:4. Other
// sources, such as commands, name no file; they stand in the properties.
func sarifFile(source string) *sarifPhysical {
	if !path.IsAbs(source) {
		return nil
	}
	source, _, _ = strings.Cut(source, ", /") // of several files, the first
	out := &sarifPhysical{}
	if i := strings.LastIndexByte(source, ':'); i > 0 {
		if line, err := strconv.Atoi(source[i+1:]); err == nil && line > 0 {
			source, out.Region = source[:i], &sarifRegion{Start: line}
		}
	}
	out.Artifact.URI = (&url.URL{Scheme: "file", Path: Clean(source)}).String()
	return out
}

func sarifLevel(s check.Severity) string {
	switch s {
	case check.Critical, check.High:
		return "error"
	case check.Moderate:
		return "warning"
	}
	return "note"
}

// sarifScore is the number by which GitHub code scanning shows the severity; it has no words for it.
// The bands are its own: above 9.0 critical, from 7.0 high, from 4.0 medium, below low.
func sarifScore(s check.Severity) string {
	switch s {
	case check.Critical:
		return "9.5"
	case check.High:
		return "8.0"
	case check.Moderate:
		return "5.5"
	case check.Low:
		return "2.0"
	}
	return ""
}

// fenced makes commands a Markdown block, with a fence that they cannot close.
func fenced(s string) string {
	fence := "```"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence + "sh\n" + strings.TrimSpace(s) + "\n" + fence + "\n"
}

// message words s; SARIF wants a text, so that an empty one is replaced.
func message(s, otherwise string) sarifText {
	return sarifText{Text: cmp.Or(Clean(s), otherwise, "-")}
}

// texts is s as a JSON array, never null.
func texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
