package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// csvColumns is the header. Columns are only added, at the end.
var csvColumns = []string{"subject", "kind", "check", "title", "verdict", "severity", "level", "requirements", "key", "detail", "why",
	"source", "finding", "identified", "due", "overdue", "settled_by", "application", "environment", "stage", "risk_class", "observed_at", "remedy"}

// CSV writes what needs somebody's attention as RFC 4180: a header, one row for each violation, and
// one row, with the verdict unknown or error, for each result that could not be decided or was
// decided only in part. Passes have no row. Times are RFC 3339 in UTC.
//
// A cell that a spreadsheet would run as a formula, because it begins with = + - @ or with a tab,
// carriage return or line feed, gets a leading apostrophe. Names on a host are chosen by others, so
// a script that needs the exact text should read the JSON form.
func CSV(w io.Writer, a *Assessment) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvColumns); err != nil {
		return err
	}
	for _, r := range a.Results {
		remedy := ""
		if page := a.Pages[r.Check]; page != nil {
			remedy = page.Remedy
		}
		if r.Verdict == check.Fail {
			for _, v := range r.Violations {
				if err := out.Write(csvRow(r, v, remedy)); err != nil {
					return err
				}
			}
		}
		if unseen := undecided(r); unseen != "" {
			verdict := r
			if r.Verdict == check.Fail {
				verdict.Verdict = check.Unknown
			}
			if err := out.Write(csvRow(verdict, Violation{Violation: check.Violation{Detail: unseen}}, remedy)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func csvRow(r Result, v Violation, remedy string) []string {
	cells := []string{r.Subject, r.Kind, r.Check, r.Title, string(r.Verdict), string(r.Worst(v)), string(r.Level), strings.Join(r.Requirements, " "),
		v.Key, v.Detail, v.Why, v.Source, v.Finding, stamp(v.Identified), stamp(v.Due), strconv.FormatBool(v.Overdue), orEmpty(v.SettledBy),
		orEmpty(r.Application), orEmpty(r.Environment), r.Stage, orEmpty(r.RiskClass), stamp(&r.ObservedAt), remedy}
	for i, c := range cells {
		cells[i] = PlainCell(c)
	}
	return cells
}

// PlainCell makes s a text for spreadsheets too. Spaces in front are looked through, because some
// of them drop these; the wide forms of the four signs count as the signs.
func PlainCell(s string) string {
	const starts = "=+-@\t\r\n＝＋－＠"
	s = strings.ToValidUTF8(s, "?")
	if t := strings.TrimLeft(s, " \u00a0"); t != "" && strings.ContainsRune(starts, []rune(t)[0]) {
		return "'" + cleanLines(s)
	}
	return cleanLines(s)
}

// cleanLines is Clean for texts of several lines.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	return strings.Join(lines, "\n")
}

// undecided gives what was not seen for a result: all of it when the result is unknown, a part of
// it when a fail names what else may be wrong. It is empty when the result is decided.
func undecided(r Result) string {
	switch r.Verdict {
	case check.Unknown, check.Error:
		if r.Detail == "" {
			return "no reason was given"
		}
		return r.Detail
	case check.Fail:
		return r.Detail // only a partial fail has a detail; the others have violations
	}
	return ""
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// orEmpty is the text behind p, empty for none.
func orEmpty(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
