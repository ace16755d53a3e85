package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
)

// TextOptions say what the reader's terminal can do.
type TextOptions struct {
	Width   int  // columns; 0 means 80
	Color   bool // ANSI colours
	Verbose bool // everything, not one screen
}

// firstScreen is how many groups stand on the first screen.
const firstScreen = 6

// Text writes the assessment for a person. The rules of it: the worst comes first, one screen says
// what matters, every failing line ends with a command to copy, unknown is never shown as a pass,
// and colour only repeats what the words say.
func Text(w io.Writer, a *Assessment, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 80
	}
	t := &text{o: o}
	t.head(a)
	for _, e := range a.Endpoints {
		t.endpoint(e, a.AssessedAt)
	}
	groups, settled := unsettled(Ranked(a))
	t.counts(groups, settled)
	shown := groups
	if !o.Verbose && len(groups) > firstScreen {
		shown = groups[:firstScreen]
	}
	for _, g := range shown {
		t.group(g, a.Pages[g.Result.Check])
	}
	if rest := len(groups) - len(shown); rest > 0 {
		t.line("")
		t.line(fmt.Sprintf("%d more checks fail. All of them: holdfast assess -v, or holdfast finding list", rest))
	}
	t.vulnerable(a)
	t.unknown(a)
	t.requirements(a)
	for _, n := range a.Notes {
		t.line("")
		t.wrap("", "", n)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type text struct {
	b strings.Builder
	o TextOptions
}

func (t *text) line(s string) { t.b.WriteString(s + "\n") }

func (t *text) head(a *Assessment) {
	for _, h := range a.Hosts {
		s := t.bold(h.Subject)
		if h.System != "" {
			s += "  " + h.System
		}
		if h.Problem != nil {
			t.line(s)
			t.wrap("  not assessed: ", "  ", h.Problem.Error())
			continue
		}
		if len(a.Hosts) > 12 && !t.o.Verbose {
			continue
		}
		t.line(s)
	}
	if len(a.Hosts) > 12 && !t.o.Verbose {
		t.line(fmt.Sprintf("%d hosts", len(a.Hosts)))
	}
	t.line(fmt.Sprintf("assessed %s in %s", a.AssessedAt.Format("2006-01-02 15:04 MST"), time.Duration(a.DurationMS)*time.Millisecond))
	if a.RiskClass != nil {
		t.wrap("", "", "No estate is loaded: this counts as production of risk class "+*a.RiskClass+" (--risk-class changes that; holdfast discover drafts an estate).")
	}
}

// unsettled takes out what a decision settles, and counts it. In each group what to do next stands first.
func unsettled(groups []Group) (open []Group, settled int) {
	for _, g := range groups {
		var faults []Fault
		for _, f := range g.Faults {
			if f.SettledBy != nil {
				settled++
			} else {
				faults = append(faults, f)
			}
		}
		if len(faults) > 0 {
			slices.SortStableFunc(faults, sooner)
			g.Faults = faults
			open = append(open, g)
		}
	}
	return open, settled
}

// sooner puts what is due first, then what is known to be exploited, then what is worse.
func sooner(a, b Fault) int {
	due := func(f Fault) string {
		if f.Due == nil {
			return "9"
		}
		return f.Due.UTC().Format(time.RFC3339)
	}
	exploited := func(f Fault) int {
		if f.Threat != nil && f.Threat.Exploited {
			return 0
		}
		return 1
	}
	rank := func(f Fault) int {
		if f.Severity == "" {
			return -1 // that of the check, as all of them have
		}
		return f.Severity.Rank()
	}
	return cmp.Or(cmp.Compare(due(a), due(b)), cmp.Compare(exploited(a), exploited(b)), cmp.Compare(rank(a), rank(b)))
}

func (t *text) counts(groups []Group, settled int) {
	n := map[check.Severity]int{}
	total, overdue := 0, 0
	for _, g := range groups {
		for _, f := range g.Faults {
			n[g.Result.Worst(f.Violation)]++
			total++
			if f.Overdue {
				overdue++
			}
		}
	}
	var parts []string
	for _, s := range []check.Severity{check.Critical, check.High, check.Moderate, check.Low, check.Info} {
		if n[s] > 0 {
			parts = append(parts, t.severity(s, fmt.Sprintf("%d %s", n[s], s)))
		}
	}
	t.line("")
	if total == 0 {
		t.line("No violation was found in what could be seen.")
	} else {
		t.line(fmt.Sprintf("%s of %s: %s", t.bold(plural(total, "violation")), plural(len(groups), "check"), strings.Join(parts, ", ")))
	}
	if overdue > 0 {
		t.line(t.severity(check.High, fmt.Sprintf("%d overdue", overdue)) + ": holdfast finding list")
	}
	if settled > 0 {
		t.line(fmt.Sprintf("%d more settled by decisions: holdfast waiver list", settled))
	}
}

func (t *text) group(g Group, page *check.Check) {
	t.line("")
	label := strings.ToUpper(string(g.Severity))
	if g.Result.Level != check.Must {
		label += " (" + string(g.Result.Level) + ")"
	}
	t.wrap(t.severity(g.Severity, label)+"  ", "  ", "Violated: "+g.Result.Title+"  ["+strings.Join(g.Result.Requirements, ", ")+"]")
	if page != nil {
		t.wrap("  why  ", "       ", page.Doc)
	}
	shown := g.Faults
	if !t.o.Verbose && len(shown) > 3 {
		shown = shown[:3]
	}
	subjects := map[string]bool{}
	for _, f := range g.Faults {
		subjects[f.Subject] = true
	}
	for _, f := range shown {
		s := f.Detail
		if f.Source != "" && !strings.Contains(s, f.Source) {
			s += " (" + f.Source + ")"
		}
		if len(subjects) > 1 {
			s = f.Subject + ": " + s
		}
		if f.Why != "" {
			s += "; " + f.Why
		}
		t.wrap("  seen ", "       ", s)
		next := t.dim("holdfast finding show " + f.Finding)
		if f.Overdue {
			next += "   " + t.severity(check.High, "OVERDUE since "+f.Due.UTC().Format("2006-01-02"))
		} else if f.Due != nil {
			next += "   due " + f.Due.UTC().Format("2006-01-02 15:04 MST")
		}
		t.line("       " + next)
	}
	if more := len(g.Faults) - len(shown); more > 0 {
		t.line(fmt.Sprintf("       and %d more: holdfast finding list --only %s", more, g.Result.Check))
	}
	if page != nil {
		t.remedy(page.ID, page.Remedy)
	}
}

// remedy is printed as it stands, for commands are copied. A long one is only named: half of a
// command is worse than none.
func (t *text) remedy(id, s string) {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if !t.o.Verbose && len(lines) > 4 {
		t.line("  do   holdfast check " + id)
		return
	}
	for i, l := range lines {
		lead := "       "
		if i == 0 {
			lead = "  do   "
		}
		t.line(lead + l)
	}
}

// firstOfText is how many vulnerabilities the terminal names; all of them stand in the list of findings.
const firstOfText = 5

// vulnerable names the vulnerabilities that come next, where there are more than their group shows.
func (t *text) vulnerable(a *Assessment) {
	if len(a.Vulnerabilities) <= 3 {
		return
	}
	t.line("")
	t.wrap(t.bold("Vulnerabilities: "), "  ", countVulnerable(a.Vulnerabilities).String()+". Next:")
	for i, v := range Vulnerable(a) {
		if v.Status != "open" || i == firstOfText && !t.o.Verbose {
			break
		}
		s := v.ID + " in " + v.Package + " " + v.Version
		if len(a.Hosts) > 1 {
			s = v.Subject + ": " + s
		}
		if len(v.FixedIn) > 0 {
			s += ", fixed in " + strings.Join(v.FixedIn, ", ")
		}
		if v.KEV {
			s += "; known to be exploited"
		}
		switch {
		case v.Overdue:
			s += "; overdue since " + v.Due.UTC().Format(time.DateOnly)
		case v.Due != nil:
			s += "; due " + v.Due.UTC().Format(time.DateOnly)
		}
		t.wrap("  "+t.severity(check.Severity(v.Severity), fmt.Sprintf("%-8s", v.Severity))+"  ", "            ", s)
	}
	t.line("  holdfast finding list --only vulnerabilities-known")
}

// unknown lists what could not be decided, by its cause.
func (t *text) unknown(a *Assessment) {
	by := map[string][]string{}
	for _, r := range a.Results {
		if r.Verdict == check.Unknown || r.Verdict == check.Error {
			by[r.Detail] = append(by[r.Detail], r.Check)
		}
	}
	if len(by) == 0 {
		return
	}
	var causes []string
	n := 0
	for c, checks := range by {
		causes = append(causes, c)
		n += len(checks)
	}
	slices.SortFunc(causes, func(x, y string) int {
		if d := len(by[y]) - len(by[x]); d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	t.line("")
	t.line(t.unknownMark(fmt.Sprintf("%s unknown: nothing was seen that decides them", plural(n, "result"))))
	for i, c := range causes {
		if !t.o.Verbose && i == 3 {
			t.line(fmt.Sprintf("  and %d more causes: holdfast assess -v", len(causes)-3))
			break
		}
		t.wrap(fmt.Sprintf("  %3d  ", len(by[c])), "       ", c)
	}
}

func (t *text) requirements(a *Assessment) {
	s := a.Summary
	decided := s.Pass + s.Fail + s.Warn + s.Justified
	t.line("")
	t.wrap(t.bold("Requirements: "), "  ", fmt.Sprintf("%d fail, %d warn, %d justified, %d pass; %d unknown, %d not applicable (%d of %d decided)",
		s.Fail, s.Warn, s.Justified, s.Pass, s.Unknown, s.NotApplicable, decided, decided+s.Unknown))
	for _, r := range a.Requirements {
		if !t.o.Verbose && r.Status != "fail" && r.Status != "warn" {
			continue
		}
		lead := fmt.Sprintf("  %-8s %-8s ", r.ID, statusWord(r.Status))
		if t.o.Verbose {
			t.wrap(lead, strings.Repeat(" ", 20), r.Title+": "+r.Reason)
		} else {
			t.line(lead + clip(r.Title, t.o.Width-len(lead)))
		}
	}
}

func statusWord(s string) string {
	if s == "not_applicable" {
		return "n/a"
	}
	return s
}

// plural counts things: 1 finding, 2 findings.
func plural(n int, s string) string {
	if n == 1 {
		return "1 " + s
	}
	return fmt.Sprintf("%d %ss", n, s)
}
