// Package check says what a check is and runs checks over observations. A check is a value: what
// it demands, why, how to mend it, and a pure rule. Judging does no I/O, reads no clock and uses
// no randomness, so that recorded facts can be judged again at any time with the same answer.
package check

import (
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// Check is one condition on one kind of subject. Severity, level, parameters and intervals are not
// here: they are catalogue data (catalog/checks, see Settings).
type Check struct {
	ID           string   // stable, subject first, no severity in it: sshd-root-login
	Title        string   // true when the check passes: Root cannot log in over SSH
	Doc          string   // why it matters, for an engineer who is in a hurry
	Remedy       string   // what to do, as commands where possible
	Requirements []string // ids of the standard: A.5.2.1
	References   []string // CIS Debian 12 5.1.20; ANSSI BP-028 R29
	Needs        []string // parts of the fact (names of its gaps) without which a pass means nothing
	Rule         Rule
	Examples     []Example // documentation and tests at once; at least one passes, one fails
}

// Verdict is the outcome of one check on one subject. The zero Verdict is none of them.
type Verdict string

// The verdicts.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	NotApplicable Verdict = "not_applicable"
	Unknown       Verdict = "unknown"
	Error         Verdict = "error"
)

// Result is what a rule says. Make it by Passed, Failed, Inapplicable or Unseen.
type Result struct {
	Verdict    Verdict
	Detail     string // what was seen, or the reason, in one line
	Violations []Violation
	Has        []string // of a rule across subjects: keys that the subject has, at fault or not
	Partial    bool     // a fail beside which a needed part was not seen: what is not named may be wrong too
}

// Violation is one fault in one observation.
type Violation struct {
	Key      string   `json:"key"`                // names the thing at fault, in the subject's terms: user:toor; stable
	Detail   string   `json:"detail"`             // one line: what is wrong and what was seen
	At       string   `json:"at"`                 // JSON pointer into the fact
	Source   string   `json:"source,omitempty"`   // where it was seen: /etc/ssh/sshd_config:12
	Severity Severity `json:"severity,omitempty"` // raised or lowered by declared facts; empty means the check's own
	Why      string   `json:"why,omitempty"`      // the reason for a changed severity
	With     []string `json:"-"`                  // subjects that share the fault: only together can they be cleared of it
	Threat   *Threat  `json:"threat,omitempty"`   // of a vulnerability: what makes it urgent besides its severity
	Flaw     *Flaw    `json:"-"`                  // of a vulnerability: which one, in which package
}

// Flaw is a vulnerability in the package that carries it, as others name both.
type Flaw struct {
	ID        string   `json:"id"` // CVE, else GHSA, else the name of the record
	Aliases   []string `json:"aliases,omitempty"`
	Ecosystem string   `json:"ecosystem,omitempty"`
	Package   string   `json:"package"`
	Version   string   `json:"version,omitempty"`
	Purl      string   `json:"purl,omitempty"`
	FixedIn   []string `json:"fixed_in,omitempty"`
}

// Threat is what is known of attacks on a vulnerability.
type Threat struct {
	Exploited bool     `json:"exploited,omitempty"` // known to be exploited (CISA KEV)
	EPSS      *float64 `json:"epss,omitempty"`      // probability of exploitation within 30 days, 0 to 1
	Running   bool     `json:"running,omitempty"`   // a running process uses it
	Fix       bool     `json:"fix,omitempty"`       // a version that mends it is known
}

// Passed is a pass; seen says what was seen.
func Passed(seen string) Result { return Result{Verdict: Pass, Detail: seen} }

// Failed is a fail with its violations; without any it is a pass, so that a rule can collect
// violations and end with one line.
func Failed(seen string, vs []Violation) Result {
	if len(vs) == 0 {
		return Passed(seen)
	}
	return Result{Verdict: Fail, Violations: vs}
}

// Beside marks a fail beside which something was not seen that is no need of the whole check: what
// the fail does not name may be wrong too, so that it ends no finding. Empty means all was seen.
func (r Result) Beside(missing string) Result {
	if r.Verdict == Fail && missing != "" {
		r.Detail, r.Partial = "also not seen: "+missing, true
	}
	return r
}

// Inapplicable says why the condition does not concern this subject.
func Inapplicable(reason string) Result { return Result{Verdict: NotApplicable, Detail: reason} }

// Unseen says what is missing and, where possible, how to get it.
func Unseen(missing string) Result { return Result{Verdict: Unknown, Detail: missing} }

// Unclear turns a problem into an unknown.
func Unclear(p *fact.Problem) Result { return Unseen(p.Error()) }

// Seen is one observation as rules across subjects see it.
type Seen[F fact.Fact] struct {
	Subject  string
	Fact     F
	Declared estate.View
}

// Params is what a rule gets besides facts: parameters from the catalogue and the time of judging.
// Asking for a parameter that the catalogue does not hold panics, which makes the result an error
// of that check; the check's examples find it.
type Params struct {
	Now    time.Time
	check  string
	values map[string]any
}
