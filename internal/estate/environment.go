package estate

import (
	"holdfast.example/holdfast/internal/estate/scalar"
)

// Environment is a set of systems of one stage, with borders.
type Environment struct {
	Name     string           `yaml:"name" rule:"required,name,key=environment" doc:"Name of the environment."`
	Stage    Stage            `yaml:"stage" rule:"required" doc:"What the environment is for."`
	Provider ProviderAccount  `yaml:"provider" doc:"What it runs on."`
	Networks []Network        `yaml:"networks" doc:"Its networks."`
	Realm    URL              `yaml:"realm" doc:"Issuer of the identities that log in here."`
	Gates    EnvironmentGates `yaml:"gates" doc:"The gates on its borders."`
	Zones    []Zone           `yaml:"zones" doc:"Parts of it with other exposure."`
	Formerly []string         `yaml:"formerly" rule:"name" doc:"Earlier names; history moves along."`

	At Place `yaml:"-"`
}

// ProviderAccount says whose machines an environment uses.
type ProviderAccount struct {
	Kind    Provider `yaml:"kind" doc:"Sort of provider."`
	Account string   `yaml:"account" doc:"Account, subscription or project at the provider."`
}

// EnvironmentGates names the gates of an environment.
type EnvironmentGates struct {
	Access  string `yaml:"access" rule:"ref=access-gate" doc:"Gate for administration."`
	Egress  string `yaml:"egress" rule:"ref=egress-gate" doc:"Gate for connections to the outside."`
	Ingress string `yaml:"ingress" rule:"ref=ingress-gate" doc:"Gate for requests from outside."`
}

// Zone is a part of an environment.
type Zone struct {
	Name     string    `yaml:"name" rule:"required,name" doc:"Name of the zone, unique in its environment."`
	Networks []Network `yaml:"networks" doc:"Its networks."`
	Exposure Exposure  `yaml:"exposure" doc:"Whether the internet reaches it."`
}

func (e *Environment) check(c *checker) {
	c.unique("zones", len(e.Zones), func(i int) string { return e.Zones[i].Name })
	for i, z := range e.Zones {
		for j, n := range z.Networks {
			if n.IsValid() && len(e.Networks) > 0 && !covered(n, e.Networks) {
				c.warn(c.at("zones", i, "networks", j), "networks: "+scalar.Quote(n.String())+" lies outside the networks of its environment")
			}
		}
	}
}

func covered(n Network, by []Network) bool {
	for _, b := range by {
		if b.IsValid() && b.Bits() <= n.Bits() && b.Contains(n.Addr()) {
			return true
		}
	}
	return false
}

// Gate stands on a border and lets through what is declared.
type Gate struct {
	Name   string    `yaml:"name" rule:"required,name,key=shared" doc:"Name of the gate."`
	Kind   GateKind  `yaml:"kind" rule:"required" doc:"What passes through it."`
	Stage  Stage     `yaml:"stage" doc:"The one stage that it serves."`
	Host   Host      `yaml:"host" doc:"Where it is reached."`
	Listen Listen    `yaml:"listen" doc:"Address and port that it listens on."`
	Accept []Network `yaml:"accept" doc:"Networks that it takes connections from."`
	Lease  Duration  `yaml:"lease" default:"15m" doc:"How long it works on without hearing from the control plane."`

	At Place `yaml:"-"`
}
