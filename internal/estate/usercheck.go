package estate

import (
	"strings"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// Check is a user's own check. Its expressions are text here: whether they compile is told where
// the facts are known.
type Check struct {
	ID           string         `yaml:"id" rule:"required,name,key=check" doc:"Stable id; begins with user-."`
	Title        string         `yaml:"title" rule:"required" doc:"A sentence that is true when the check passes."`
	Doc          string         `yaml:"doc" doc:"Why it matters."`
	Remedy       string         `yaml:"remedy" doc:"What to do when it fails."`
	Kind         string         `yaml:"kind" rule:"required,name" doc:"Kind of fact that it judges, such as sshd."`
	Requirements []string       `yaml:"requirements" rule:"requirement" doc:"Requirements that it is evidence for."`
	References   []string       `yaml:"references" doc:"Sources, such as a CIS rule."`
	Severity     Severity       `yaml:"severity" default:"moderate" doc:"How bad a failure is in itself."`
	Level        Level          `yaml:"level" default:"must" doc:"Whether a failure fails the requirement."`
	Expr         string         `yaml:"expr" rule:"required" doc:"CEL expression over fact, declared and params; true passes."`
	Key          string         `yaml:"key" doc:"CEL expression for the name of the thing at fault."`
	Params       map[string]any `yaml:"params" doc:"Values that the expressions read as params."`
	Examples     []CheckExample `yaml:"examples" doc:"Facts that pass and fail; they are tests and documentation."`

	At Place `yaml:"-"`
}

// CheckExample is one fact and what the check says of it.
type CheckExample struct {
	Name   string         `yaml:"name" rule:"required" doc:"What the example shows."`
	Fact   map[string]any `yaml:"fact" rule:"required" doc:"The fact, as far as the check reads it."`
	Passes bool           `yaml:"passes" rule:"required" doc:"Whether the check passes."`
}

func (k *Check) check(c *checker) {
	if k.ID != "" && !strings.HasPrefix(k.ID, "user-") {
		c.wrong(c.at("id"), "id: "+scalar.Quote(k.ID)+" must begin with user-, such as "+scalar.Quote("user-"+k.ID))
	}
	c.unique("examples", len(k.Examples), func(i int) string { return k.Examples[i].Name })
	var passes, fails bool
	for _, x := range k.Examples {
		passes, fails = passes || x.Passes, fails || !x.Passes
	}
	if !passes || !fails {
		c.warn(c.at(), "check "+scalar.Quote(k.ID)+" needs an example that passes and one that fails, or nobody knows that it works")
	}
}
