package requirement

import "strings"

// Scope is what a requirement is judged for: an application in an environment or, without an
// estate, one subject. Application, Environment and Subject are its identity. What is not known
// counts as the strictest: an empty Class as High, Stage as production, Exposure as the Internet.
type Scope struct {
	Application string
	Environment string
	Subject     string // only for what belongs to no application
	Class       Class
	Stage       Stage
	Exposure    string // internet or internal
}

// Name gives the scope for people: "shop in prod" or "host:web1".
func (s Scope) Name() string {
	switch {
	case s.Application != "" && s.Environment != "":
		return s.Application + " in " + s.Environment
	case s.Application != "":
		return s.Application
	case s.Subject != "":
		return s.Subject
	}
	return s.Environment
}

func (s Scope) place() string {
	if s.Application != "" {
		return "for " + s.Name()
	}
	return "on " + s.Name()
}

// same tells whether two scopes are one; what is known of them may differ.
func (s Scope) same(t Scope) bool {
	return s.Application == t.Application && s.Environment == t.Environment && s.Subject == t.Subject
}

// merge adds what t knows of the same scope. Where both know and differ, the stricter goes.
func (s Scope) merge(t Scope) Scope {
	s.Class = stricter(s.Class, t.Class, VeryHigh, High, Standard)
	s.Stage = stricter(s.Stage, t.Stage, Production, PreProduction, Test, Development)
	s.Exposure = stricter(s.Exposure, t.Exposure, "internet", "internal")
	return s
}

func stricter[T comparable](a, b T, strictestFirst ...T) T {
	for _, v := range strictestFirst {
		if a == v || b == v {
			return v
		}
	}
	return a
}

// Evidence is one result of a check as the judging of requirements sees it: of a check that is
// bound to the requirement at hand, on one subject.
type Evidence struct {
	Check          string
	Subject        string
	Kind           string   // kind of evidence that the check judged
	Reads          []string // further kinds that it judged, for a check that compares several
	Verdict        string   // pass, fail, not_applicable, unknown, error; any other word counts as error
	Level          Level    // at which the check is bound to the requirement; empty means Must
	Part           string   // part of the requirement that the check is about; empty: all of it
	Detail         string   // one line; for unknown: what is missing and how to get it
	Open           int      // violations that no decision settles
	Settled        int      // violations that a decision in force settles
	WithProduction bool     // compares with production; decides what counts for the reach InPairs
	Scope          Scope
}

// The verdicts, as package check gives them.
const (
	verdictPass          = "pass"
	verdictFail          = "fail"
	verdictNotApplicable = "not_applicable"
)

func (e Evidence) decided() bool {
	return e.Verdict == verdictPass || e.Verdict == verdictFail || e.Verdict == verdictNotApplicable
}

// unsettled tells whether a violation counts. A fail without any count is one.
func (e Evidence) unsettled() bool {
	return e.Verdict == verdictFail && (e.Open > 0 || e.Settled == 0)
}

func (e Evidence) settled() bool { return e.Verdict == verdictFail && !e.unsettled() }

func (e Evidence) judges(kind string) bool {
	if e.Kind == kind {
		return true
	}
	for _, k := range e.Reads {
		if k == kind {
			return true
		}
	}
	return false
}

// Sight tells what came of looking for one kind of evidence on one subject. Whoever judges passes
// one for every kind that the subject should have shown, also when nothing could be had: what is not
// mentioned was not looked for.
type Sight struct {
	Subject string
	Kind    string
	State   SightState
	Cause   string // for Missing: why, in words
	Scope   Scope
}

// SightState is what came of looking. The zero SightState is Missing.
type SightState string

// The sights.
const (
	Missing SightState = ""     // could not be had
	Seen    SightState = "seen" // a fact is there
	None    SightState = "none" // looked, and the subject has nothing of the kind
)

// Bound is a check that is bound to the requirement. A bound check that gave no result on a subject
// whose evidence was seen leaves the requirement unknown.
type Bound struct {
	Check string
	Kind  string
	Level Level
	Part  string
}

// Attestation is the word of a person that the requirement holds. It decides only what no machine
// evidence contradicts, and only where the catalogue lets attestations decide.
type Attestation struct {
	Application string // empty: all
	Environment string // empty: all
	Subject     string // empty: all subjects of the scope
	By          string // who attests
	Until       string // last day, as the estate writes it
	InForce     bool   // false: expired, or not begun
}

// reaches tells whether the attestation is about the scope or about subjects in it.
func (a Attestation) reaches(s Scope) bool {
	return (a.Application == "" || a.Application == s.Application) &&
		(a.Environment == "" || a.Environment == s.Environment)
}

// covers tells whether the attestation is about a subject: the named one or a service on it.
func (a Attestation) covers(subject string) bool {
	return a.Subject == "" || a.Subject == subject || strings.HasPrefix(subject, a.Subject+":")
}

// Input is everything that the judging of one requirement may know. Its order does not matter.
type Input struct {
	Estate       bool    // an estate is loaded
	Scopes       []Scope // to be judged; scopes of evidence and sights are added
	Evidence     []Evidence
	Sights       []Sight
	Checks       []Bound // all checks bound to the requirement, also those without a result
	Attestations []Attestation
}
