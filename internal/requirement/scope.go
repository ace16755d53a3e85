package requirement

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// tally counts the results of a scope by what they mean for the status.
type tally struct {
	must, should, may []string // ids of checks with unsettled violations at that level
	settled           []string // ids of checks whose violations are all settled
	passed, skipped   int      // results
	checks            int      // distinct checks with a decided result that can change the status
	failing           int      // results with unsettled violations of a MUST or SHOULD
}

func (v *view) tally() tally {
	var t tally
	var decided []string
	for _, e := range v.evidence {
		l := v.levelOf(e.Level, e.Part)
		informs := l == May // a MAY never changes a status
		if e.decided() && (!informs || v.level == May) {
			decided = append(decided, e.Check)
		}
		switch {
		case e.unsettled() && informs:
			t.may = append(t.may, e.Check)
		case e.unsettled():
			t.failing++
			if l == Should {
				t.should = append(t.should, e.Check)
			} else {
				t.must = append(t.must, e.Check)
			}
		case informs && v.level != May:
		case e.settled():
			t.settled = append(t.settled, e.Check)
		case e.Verdict == verdictPass:
			t.passed++
		case e.Verdict == verdictNotApplicable:
			t.skipped++
		}
	}
	for _, ids := range []*[]string{&t.must, &t.should, &t.may, &t.settled, &decided} {
		sort.Strings(*ids)
		*ids = slices.Compact(*ids)
	}
	t.checks = len(decided)
	return t
}

// unmet counts the checks that stand in the tally without deciding: those of a MAY requirement that
// fail.
func (t tally) unmet(level Level) int {
	if level == May {
		return len(t.may)
	}
	return 0
}

// judge gives the status of the scope, in the order of the rules: condition, violated MUST, missing
// evidence, violated SHOULD, settled violations, pass.
func (v *view) judge() ScopeJudgement {
	s := ScopeJudgement{Scope: v.scope, Level: v.level}
	if why := v.inapplicable(); why != "" {
		s.Status, s.what, s.detail = NotApplicable, "does not apply", why
		return s
	}
	t := v.tally()
	s.Failing = t.failing
	known := map[string]bool{} // kept once each: judgements outlive what they were made from
	for _, e := range v.evidence {
		if !known[e.Subject] {
			known[e.Subject] = true
			s.subjects = append(s.subjects, e.Subject)
		}
	}
	hard, soft := v.missing()
	info := optional(t, v.level)
	switch {
	case len(t.must) > 0:
		s.Status, s.what = Fail, verb(len(t.must), t.checks, "fails", "fail")
		s.detail = list(t.must) + beside(hard)
	case len(hard) > 0:
		s.Status, s.what = Unknown, "not decided"
		s.detail = some(hard, "; ", "reason", "reasons")
		if len(v.evidence) == 0 && !v.req.decidedByMachine() {
			s.what, s.detail, s.placeless = "nothing decides this yet", v.req.undecided(), true
		}
		if word := v.word(false); word != "" {
			s.detail += "; " + word
		}
		if len(t.should) > 0 {
			s.detail += "; besides, a SHOULD is violated: " + list(t.should)
		}
	case len(t.should) > 0:
		s.Status, s.what = Warn, verb(len(t.should), t.checks, "violates", "violate")+" a SHOULD"
		s.detail = list(t.should) + beside(soft)
	case len(soft) > 0:
		s.Status, s.what, s.detail = Warn, "a SHOULD is not decided", some(soft, "; ", "reason", "reasons")
	case len(t.settled) > 0:
		s.Status, s.what = Justified, "all violations are settled by decisions in force"
		s.detail = list(t.settled)
	case t.passed > 0:
		s.Status, s.what = Pass, verb(t.checks-t.unmet(v.level), t.checks, "passes", "pass")
		if t.skipped > 0 && t.unmet(v.level) == 0 {
			s.what = "all checks pass that apply"
		}
		s.detail = v.word(true)
	case v.word(true) != "":
		s.Status, s.what, s.detail, s.placeless = Pass, v.word(true), "", true
	case len(t.may) > 0 && v.level == May:
		s.Status, s.what = NotApplicable, "optional, and not in use"
	default:
		s.Status, s.what = NotApplicable, "none of the checks applies"
		if t.skipped == 0 {
			s.what = "there is nothing of what it is about"
		}
	}
	if info != "" {
		if s.detail != "" {
			s.detail += "; "
		}
		s.detail += info
	}
	return s
}

// decidedByMachine tells whether anything but a person's word can decide a share of the requirement.
func (r *Requirement) decidedByMachine() bool {
	return r.Decides(ByChecks) || r.Decides(ByGate) || r.Decides(ByWorkflow)
}

// optional tells of violations that change nothing.
func optional(t tally, level Level) string {
	if len(t.may) == 0 {
		return ""
	}
	if level == May {
		return "the condition does not hold: " + list(t.may)
	}
	return "for information, a MAY does not hold: " + list(t.may)
}

func beside(missing []string) string {
	if len(missing) == 0 {
		return ""
	}
	return "; not decided beside it: " + some(missing, "; ", "reason", "reasons")
}

func list(ids []string) string { return some(ids, ", ", "", "") }

// verb gives "3 of 21 checks fail", "1 of 21 checks fails", "all 21 checks pass", "the check passes".
func verb(n, of int, one, many string) string {
	switch {
	case n == 1 && of == 1:
		return "the check " + one
	case n == of:
		return fmt.Sprintf("all %d checks %s", n, many)
	case n == 1:
		return fmt.Sprintf("1 of %d checks %s", of, one)
	}
	return strings.TrimSpace(fmt.Sprintf("%d of %d checks %s", n, of, many))
}
