// Package requirement knows the requirements of the standard and judges them: from the results of
// checks, from what could be seen and from what people attest, to one status per requirement.
//
// It judges results, not systems: it runs no check, reads no clock and no estate, and knows nothing
// of the deadlines of findings. Whether a violation is settled, which class an application has and
// whether an attestation is in force is told to it. Missing evidence never becomes a pass.
package requirement

// Level is how binding a requirement, or a part of one, is. The zero Level counts as Must.
type Level string

// The levels.
const (
	Must   Level = "must"
	Should Level = "should"
	May    Level = "may"
)

// rank orders levels, the most binding first. A word that is no level counts as Must.
func (l Level) rank() int {
	switch l {
	case Should:
		return 1
	case May:
		return 2
	}
	return 0
}

// weaker gives the less binding of two levels: a check that is bound as a MUST to a SHOULD
// requirement can only warn.
func weaker(a, b Level) Level {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// Class is the risk class of an application. The zero Class is not known and counts as High.
type Class string

// The risk classes.
const (
	Standard Class = "standard"
	High     Class = "high"
	VeryHigh Class = "very_high"
)

// high tells whether conditions marked "High and above" hold. Only a class that is known to be
// lower is not high.
func (c Class) high() bool { return c != Standard }

// Text gives the class as people write it: "Very High".
func (c Class) Text() string {
	switch c {
	case Standard:
		return "Standard"
	case High:
		return "High"
	case VeryHigh:
		return "Very High"
	}
	return "not declared, taken as High"
}

// Stage is what an environment is for. The zero Stage is not known and counts as production.
type Stage string

// The stages.
const (
	Production    Stage = "production"
	PreProduction Stage = "pre-production"
	Test          Stage = "test"
	Development   Stage = "development"
)

// Reach says which stages a requirement is about.
type Reach string

// The reaches.
const (
	InProduction    Reach = "production"
	InPreProduction Reach = "preproduction" // production and pre-production
	InPairs         Reach = "pairs"         // production, and every pair of production and another stage
)

// Requirement is one requirement of the standard, as the catalogue describes it. Source:
// catalog/requirements; every field is explained in catalog/FORMAT.md.
type Requirement struct {
	ID           string // A.5.2.1
	Title        string
	Section      string // title of its section
	Level        Level
	From         Class  // High: only from that class on; empty: always
	Raised       *Raise // a higher level from a class on; nil: none
	Reach        Reach
	HoldsWhen    string
	Parts        []Part
	Needs        []Kind // without which nobody can say that it holds
	NeedsEstate  bool
	AppliesTo    *Kind // only where there is something of this kind; nil: everywhere
	InternetOnly bool  // only for applications that are exposed to the Internet
	DecidedBy    []Decider
	Crosswalk    Crosswalk
}

// Part is a part of a requirement with a level, a class or needs of its own.
type Part struct {
	ID    string
	Level Level
	From  Class
	Text  string
	Needs []Kind
}

// Raise lifts the level of a requirement from a class on.
type Raise struct {
	From  Class
	Level Level
}

// Kind is a kind of evidence.
type Kind struct {
	Name      string // of a fact kind: sshd
	What      string // in words: the settings of the SSH server
	Collected bool   // this version has a collector for it
}

// Decider is one way in which a requirement, or a share of it, is decided.
type Decider struct {
	By   By
	What string
}

// By is who or what decides.
type By string

// The deciders. ByNothing marks a share that nothing decides yet, and says why.
const (
	ByChecks      By = "checks"
	ByGate        By = "gate"
	ByWorkflow    By = "workflow"
	ByAttestation By = "attestation"
	ByNothing     By = "nothing"
)

// Crosswalk names what the requirement corresponds to in other standards. It lists only what is
// certain, so it is not complete.
type Crosswalk struct {
	ISO27001  []string // ISO/IEC 27001:2022 Annex A: A.8.9
	NIST80053 []string // NIST SP 800-53 revision 5: CM-6
	CIS8      []string // CIS Controls version 8: 4.1
}

// LevelFor gives the level of the requirement for an application of a class.
func (r *Requirement) LevelFor(c Class) Level {
	if r.Raised != nil && c.high() {
		return r.Raised.Level
	}
	return r.Level
}

// Decides tells whether the requirement is decided in this way, wholly or for a share.
func (r *Requirement) Decides(by By) bool {
	for _, d := range r.DecidedBy {
		if d.By == by {
			return true
		}
	}
	return false
}

// undecided gives why nothing decides a share of the requirement, empty when all of it is decided.
func (r *Requirement) undecided() string {
	for _, d := range r.DecidedBy {
		if d.By == ByNothing {
			return d.What
		}
	}
	return ""
}

// part gives the part with an id, or nil.
func (r *Requirement) part(id string) *Part {
	for i := range r.Parts {
		if r.Parts[i].ID == id {
			return &r.Parts[i]
		}
	}
	return nil
}
