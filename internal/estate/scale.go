package estate

// Enumerated values are strings of a type of their own. names lists them in the order in which
// messages and editors show them.

type (
	Stage       string
	Criticality string
	Exposure    string
	GateKind    string
	Provider    string
	EndKind     string // what a person or program meets at an HTTP endpoint
	Probing     string
	TLSProbing  string
	Switch      string
	BackendKind string
	WAFMode     string
	AuthKind    string
	Algorithm   string
	Severity    string
	Level       string
	Factor      string
	ChannelKind string
	SinkKind    string
	QueryKind   string
	Transfer    string
)

const (
	Production    Stage = "production"
	PreProduction Stage = "pre-production"
	Test          Stage = "test"
	Development   Stage = "development"

	HighCriticality   Criticality = "high"
	MediumCriticality Criticality = "medium"
	LowCriticality    Criticality = "low"

	Internet Exposure = "internet"
	Internal Exposure = "internal"

	AccessGate  GateKind = "access"
	EgressGate  GateKind = "egress"
	IngressGate GateKind = "ingress"

	WebUI    EndKind = "web-ui"
	API      EndKind = "api"
	Download EndKind = "download"

	ProbeRead  Probing = "read"
	ProbeWrite Probing = "write"

	ProbeGentle    TLSProbing = "gentle"
	ProbeIntrusive TLSProbing = "intrusive"

	On  Switch = "on"
	Off Switch = "off"

	Must   Level = "must"
	Should Level = "should"
	May    Level = "may"
)

func (Stage) Names() []string {
	return []string{"production", "pre-production", "test", "development"}
}
func (Criticality) Names() []string { return []string{"high", "medium", "low"} }
func (Exposure) Names() []string    { return []string{"internet", "internal"} }
func (GateKind) Names() []string    { return []string{"access", "egress", "ingress"} }
func (Provider) Names() []string    { return []string{"hosts", "kubernetes", "aws", "azure", "gcp"} }
func (EndKind) Names() []string     { return []string{"web-ui", "api", "download"} }
func (Probing) Names() []string     { return []string{"read", "write"} }
func (Switch) Names() []string      { return []string{"on", "off"} }
func (TLSProbing) Names() []string  { return []string{"gentle", "intrusive"} }
func (BackendKind) Names() []string {
	return []string{"postgres", "mysql", "redis", "bucket", "queue", "secret-store", "api", "volume"}
}
func (WAFMode) Names() []string  { return []string{"detect", "block", "off"} }
func (AuthKind) Names() []string { return []string{"jwt", "oidc", "mtls", "none"} }
func (Algorithm) Names() []string {
	return []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}
}
func (Severity) Names() []string { return []string{"critical", "high", "moderate", "low", "info"} }
func (Level) Names() []string    { return []string{"must", "should", "may"} }
func (Factor) Names() []string   { return []string{"webauthn", "totp", "x509"} }
func (ChannelKind) Names() []string {
	return []string{"email", "webhook", "slack", "teams", "matrix", "pagerduty", "opsgenie", "sms"}
}
func (SinkKind) Names() []string {
	return []string{"syslog-tls", "syslog", "elasticsearch", "opensearch", "splunk-hec", "loki", "kafka", "webhook", "file"}
}
func (QueryKind) Names() []string {
	return []string{"elasticsearch", "opensearch", "splunk", "loki"}
}
func (Transfer) Names() []string { return []string{"read", "write"} }

// RiskClass of an application decides which conditions hold for it.
type RiskClass string

const (
	StandardRisk RiskClass = "standard"
	HighRisk     RiskClass = "high"
	VeryHighRisk RiskClass = "very_high"
)

// Class gives the risk class by business criticality and exposure. What is neither of the known
// values counts as the strictest, so that nothing slips below by being undeclared.
func Class(c Criticality, x Exposure) RiskClass {
	internal := x == Internal
	switch {
	case c == LowCriticality:
		return StandardRisk
	case c == MediumCriticality && internal:
		return StandardRisk
	case c == MediumCriticality, internal:
		return HighRisk
	default:
		return VeryHighRisk
	}
}

// atLeast tells whether r is as strict as o.
func (r RiskClass) atLeast(o RiskClass) bool { return r.rank() >= o.rank() }

func (r RiskClass) rank() int {
	switch r {
	case StandardRisk:
		return 0
	case HighRisk:
		return 1
	}
	return 2
}
