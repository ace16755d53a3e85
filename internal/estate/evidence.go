package estate

import "time"

// Pentest is a penetration test of an application.
type Pentest struct {
	Application string  `yaml:"application" rule:"required,ref=application" doc:"Application that was tested."`
	Date        Date    `yaml:"date" rule:"required" doc:"Day on which the test ended."`
	Scope       string  `yaml:"scope" doc:"What was tested."`
	Tester      string  `yaml:"tester" doc:"Who tested."`
	Report      FileRef `yaml:"report" doc:"The report."`
	Retest      Date    `yaml:"retest" doc:"Day on which the repairs were tested."`

	At Place `yaml:"-"`
}

func (p *Pentest) check(c *checker) { c.order(p.Date, "date", p.Retest, "retest") }

// Attestation is a person's word for what no machine can see, with evidence and an end.
type Attestation struct {
	Requirement string  `yaml:"requirement" rule:"required,requirement" doc:"Requirement that it speaks for, such as A.5.2.12."`
	Subject     string  `yaml:"subject" rule:"required,ref=subject" doc:"What it speaks of: environment/system, an application, an environment, or any other subject by its name."`
	Statement   string  `yaml:"statement" rule:"required" doc:"What is attested."`
	Evidence    FileRef `yaml:"evidence" rule:"required" doc:"What shows it."`
	By          string  `yaml:"by" rule:"required,ref=person" doc:"Who attests it."`
	Date        Date    `yaml:"date" rule:"required" doc:"Since when."`
	Until       Date    `yaml:"until" rule:"required" doc:"Last day on which it counts."`

	At Place `yaml:"-"`
}

func (a *Attestation) check(c *checker) { c.order(a.Date, "date", a.Until, "until") }

// AttestState is whether an attestation counts.
type AttestState string

const (
	NotAttested    AttestState = "none"
	AttestInForce  AttestState = "in force"
	AttestExpired  AttestState = "expired"
	AttestNotBegun AttestState = "not yet"
)

// State tells whether the attestation counts at now; the zone of now must be the estate's.
func (a *Attestation) State(now time.Time) AttestState {
	switch {
	case a.Until.Past(now):
		return AttestExpired
	case now.Before(a.Date.Start(now.Location())):
		return AttestNotBegun
	}
	return AttestInForce
}

// Attestation finds the best word for a requirement on a subject: one in force, else the one that
// expired last, else NotAttested.
func (e *Estate) Attestation(requirement, subject string, now time.Time) (Attestation, AttestState) {
	var best Attestation
	state := NotAttested
	if e == nil {
		return best, state
	}
	for _, i := range e.index.attestations[requirement+" "+subject] {
		a := e.Attestations[i]
		switch s := a.State(now); {
		case s == AttestNotBegun:
		case s == AttestInForce && (state != AttestInForce || best.Until.Before(a.Until)),
			s == AttestExpired && (state == NotAttested || state == AttestExpired && best.Until.Before(a.Until)):
			best, state = a, s
		}
	}
	return best, state
}
