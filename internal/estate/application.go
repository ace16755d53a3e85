package estate

import (
	"holdfast.example/holdfast/internal/estate/scalar"
)

// Application is what an organisation runs for its users, with an owner and a risk.
type Application struct {
	Name         string      `yaml:"name" rule:"required,name,key=application" doc:"Name of the application."`
	Team         string      `yaml:"team" rule:"ref=team" doc:"Team that owns it."`
	Management   string      `yaml:"management" rule:"ref=who" doc:"Who accepts risks of this application (A.5.10.3)."`
	Criticality  Criticality `yaml:"criticality" default:"high" doc:"Business criticality; when left out, high."`
	Exposure     Exposure    `yaml:"exposure" default:"internet" doc:"Whether the internet reaches it; when left out, internet."`
	Confidential bool        `yaml:"confidential" doc:"Confidential data flows through it."`
	Environments []string    `yaml:"environments" rule:"ref=environment" doc:"Environments that it runs in."`
	Releases     []Date      `yaml:"releases" doc:"Planned release days."`
	Live         Date        `yaml:"live" doc:"Day of first production use."`
	Repository   URL         `yaml:"repository" doc:"Where its source is kept."`
	Formerly     []string    `yaml:"formerly" rule:"name" doc:"Earlier names; history moves along."`

	At Place `yaml:"-"`
}

// RiskClass is the class by the application's own criticality and exposure.
func (a *Application) RiskClass() RiskClass { return Class(a.Criticality, a.Exposure) }

func (a *Application) check(c *checker) {
	for _, key := range []string{"criticality", "exposure"} {
		if !c.has(key) {
			taken := map[string]string{"criticality": "high", "exposure": "internet"}[key]
			c.warn(c.at(), "application "+scalar.Quote(a.Name)+" declares no "+key+"; taken as "+taken)
		}
	}
	if !c.has("team") {
		c.warn(c.at(), "application "+scalar.Quote(a.Name)+" declares no team, so nobody owns its findings")
	}
}

// Image is a container image of an application.
type Image struct {
	Repository  string `yaml:"repository" rule:"required,repository" doc:"Registry and repository, without tag and digest."`
	Application string `yaml:"application" rule:"ref=application" doc:"Application that it belongs to."`
	Channel     string `yaml:"channel" rule:"name" doc:"Tag that is followed."`

	At Place `yaml:"-"`
}
