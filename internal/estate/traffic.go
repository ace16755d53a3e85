package estate

import (
	"slices"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Flow is an approved connection.
type Flow struct {
	From       string `yaml:"from" rule:"required,ref=endpoint" doc:"Who connects: environment/system, a backend, a gate, a network, or internet."`
	To         string `yaml:"to" rule:"required,ref=endpoint" doc:"What is connected to."`
	Port       int    `yaml:"port" rule:"required,port" doc:"Port that is connected to."`
	Protocol   string `yaml:"protocol" rule:"protocol" default:"tcp" doc:"What is spoken."`
	Encrypted  bool   `yaml:"encrypted" doc:"The connection is encrypted."`
	Reason     string `yaml:"reason" doc:"Why it is needed."`
	ApprovedBy string `yaml:"approved_by" rule:"ref=person" doc:"Who approved it."`
	Approved   Date   `yaml:"approved" doc:"When it was approved."`
	Until      Date   `yaml:"until" doc:"Last day on which it is approved."`

	At Place `yaml:"-"`
}

func (f *Flow) check(c *checker) {
	c.order(f.Approved, "approved", f.Until, "until")
	if f.From != "" && f.From == f.To {
		c.wrong(c.at("to"), "to: "+scalar.Quote(f.To)+" is where the flow comes from")
	}
}

// Egress is what an application in an environment may reach outside.
type Egress struct {
	Application string     `yaml:"application" rule:"required,ref=application" doc:"Application that connects."`
	Environment string     `yaml:"environment" rule:"required,ref=environment" doc:"Environment that it connects from."`
	Allow       []HostPort `yaml:"allow" doc:"Destinations as host:port."`
	Mail        Mail       `yaml:"mail" doc:"Mail that it may send."`
	Reason      string     `yaml:"reason" doc:"Why it is needed."`
	ApprovedBy  string     `yaml:"approved_by" rule:"ref=person" doc:"Who approved it."`
	Approved    Date       `yaml:"approved" doc:"When it was approved."`
	Until       Date       `yaml:"until" doc:"Last day on which it is approved."`

	At Place `yaml:"-"`
}

// Mail is who may write to whom. A star stands for any name.
type Mail struct {
	From      []string `yaml:"from" doc:"Sender addresses, such as *@shop.example."`
	ToDomains []string `yaml:"to_domains" doc:"Domains of the receivers."`
}

func (e *Egress) check(c *checker) {
	c.order(e.Approved, "approved", e.Until, "until")
	if len(e.Allow) == 0 && len(e.Mail.From) == 0 {
		c.wrong(c.at(), "egress: an entry needs allow or mail")
	}
}

// Ingress is one host that the ingress gate serves.
type Ingress struct {
	Host        Host        `yaml:"host" rule:"required,key=ingress" doc:"Host name as users type it."`
	Application string      `yaml:"application" rule:"required,ref=application" doc:"Application behind it."`
	Environment string      `yaml:"environment" rule:"required,ref=environment" doc:"Environment that it runs in."`
	Upstream    []URL       `yaml:"upstream" rule:"required" doc:"Where requests are sent on to."`
	Kind        EndKind     `yaml:"kind" default:"web-ui" doc:"What users or programs meet there."`
	Methods     []string    `yaml:"methods" rule:"method" doc:"HTTP methods that pass."`
	WAF         WAF         `yaml:"waf" doc:"Web application firewall."`
	Limits      Limits      `yaml:"limits" doc:"Limits for each client."`
	OpenAPI     FileRef     `yaml:"openapi" doc:"Description that requests are checked against."`
	Auth        IngressAuth `yaml:"auth" doc:"Authentication that the gate asks for."`

	At Place `yaml:"-"`
}

// WAF is the setting of the Core Rule Set.
type WAF struct {
	Mode      WAFMode `yaml:"mode" default:"detect" doc:"detect only reports, block refuses."`
	Paranoia  int     `yaml:"paranoia" rule:"min=1,max=4" default:"1" doc:"Paranoia level of the rule set."`
	Threshold int     `yaml:"threshold" rule:"min=1,max=1000" default:"5" doc:"Score from which a request is an attack."`
}

// Limits hold for each client of an ingress host.
type Limits struct {
	Rate  Rate `yaml:"rate" doc:"Requests in a time."`
	Burst int  `yaml:"burst" rule:"min=1,max=1000000" doc:"Requests that may come at once."`
	Body  Size `yaml:"body" doc:"Largest body of a request."`
}

// IngressAuth is what a request must prove before it passes.
type IngressAuth struct {
	Kind       AuthKind    `yaml:"kind" doc:"How it is proven."`
	Issuer     URL         `yaml:"issuer" doc:"Issuer of the tokens."`
	Audience   string      `yaml:"audience" doc:"Audience that the tokens must name."`
	Algorithms []Algorithm `yaml:"algorithms" doc:"Signature algorithms that are taken."`
	CAs        []FileRef   `yaml:"cas" doc:"Authorities of client certificates."`
}

func (i *Ingress) check(c *checker) {
	kinds := []AuthKind{"jwt", "oidc"}
	if slices.Contains(kinds, i.Auth.Kind) && i.Auth.Issuer == "" {
		c.wrong(c.at("auth"), "auth: "+string(i.Auth.Kind)+" needs an issuer")
	}
}
