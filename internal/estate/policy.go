package estate

import (
	"time"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Policy holds the organisation's own limits. Defaults are what the standard asks for.
type Policy struct {
	ImageMaxAge       Duration     `yaml:"image_max_age" doc:"Oldest age of an image; at most 30d. Has no default, since A.5.3.5 asks that it be declared."`
	TrustedRegistries []string     `yaml:"trusted_registries" doc:"Registries that images may come from."`
	TrustedBases      []string     `yaml:"trusted_bases" doc:"Base images that may be built on."`
	Signatures        Signatures   `yaml:"signatures" doc:"Whether images must be signed, and with which keys."`
	ScanInterval      Duration     `yaml:"scan_interval" default:"24h" doc:"How often systems are assessed; at most 24h."`
	CertWarn          Duration     `yaml:"cert_warn" default:"30d" doc:"How long before its end a certificate warns; at least 30d."`
	TrustedCAs        []FileRef    `yaml:"trusted_cas" doc:"The organisation's own authorities."`
	AcceptanceLimit   Duration     `yaml:"acceptance_limit" default:"6mo" doc:"Longest risk acceptance; at most 6mo."`
	KnownExploited    Severity     `yaml:"known_exploited" doc:"Severity that known exploitation raises a vulnerability to."`
	EgressWildcards   bool         `yaml:"egress_wildcards" doc:"Egress entries may hold wildcards."`
	AutomatedGrants   Percent      `yaml:"automated_grants" default:"80%" doc:"Share of grants given by rule, request or runbook; at least 80%."`
	SecondFactor      SecondFactor `yaml:"second_factor" doc:"What proves a person besides a key or password."`
	FourEyes          Switch       `yaml:"four_eyes" default:"on" doc:"off: the one person of this estate decides on own requests; stands in every report."`
	Agent             AgentBudget  `yaml:"agent" doc:"What an agent may use of a system."`
}

// Signatures of images.
type Signatures struct {
	Required bool      `yaml:"required" doc:"Unsigned images are violations."`
	Keys     []FileRef `yaml:"keys" doc:"Public keys that count."`
}

// SecondFactor says how fresh a second factor must be, and of which kinds.
type SecondFactor struct {
	MaxAge Duration `yaml:"max_age" default:"12h" doc:"How long a factor counts."`
	Kinds  []Factor `yaml:"kinds" doc:"Kinds that count."`
}

// AgentBudget bounds an agent.
type AgentBudget struct {
	CPU    Percent `yaml:"cpu" default:"20%" doc:"Share of one processor."`
	Memory Size    `yaml:"memory" default:"100MB" doc:"Memory."`
}

// check keeps the policy from loosening the standard.
func (p *Policy) check(c *checker) {
	const day = 24 * time.Hour
	looser := func(key, value, limit, clause string) {
		c.wrong(c.at(key), key+": "+scalar.Quote(value)+" is looser than the standard, which asks for "+limit+" ("+clause+")")
	}
	if p.ImageMaxAge.Approx() > 30*day {
		looser("image_max_age", p.ImageMaxAge.String(), "at most 30d", "A.5.3.5")
	}
	if p.ScanInterval.Approx() > day {
		looser("scan_interval", p.ScanInterval.String(), "at most 24h", "A.5.3.2, A.5.7.1")
	}
	if d := p.CertWarn; !d.IsZero() && d.Approx() < 30*day {
		looser("cert_warn", d.String(), "at least 30d", "A.5.7.2")
	}
	if p.AcceptanceLimit.Approx() > (Duration{Months: 6}).Approx() {
		looser("acceptance_limit", p.AcceptanceLimit.String(), "at most 6mo", "A.5.10.3")
	}
	if p.AutomatedGrants != 0 && p.AutomatedGrants < 80 {
		looser("automated_grants", p.AutomatedGrants.String(), "at least 80%", "A.5.1.6")
	}
	if p.Signatures.Required && len(p.Signatures.Keys) == 0 {
		c.wrong(c.at("signatures"), "signatures: required needs keys to verify with")
	}
}
