package environment

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
)

func claims(kind string, fingerprints ...string) Claims {
	var c Claims
	for _, f := range fingerprints {
		c.List = append(c.List, fact.Claim{Kind: kind, Fingerprint: f, Label: "root: erika@laptop", At: "/root/.ssh/authorized_keys"})
	}
	return c
}

func unread(kind string) Claims {
	var c Claims
	c.Note(kind, &fact.Problem{Cause: fact.Denied, Source: kind})
	return c
}

// together is an example of several subjects that ends in verdict; what it reports is the worst of
// them.
func together(want check.Verdict, name string, facts ...fact.Fact) check.Example {
	x := check.FailsTogether(name, facts)
	x.Want = want
	return x
}

const twoStages = `organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
  - {name: test, stage: test}
applications:
  - {name: shop, team: platform, criticality: high, exposure: internet, environments: [prod, test]}
systems:
  - {name: web-1, application: shop, environment: prod}
  - {name: web-2, application: shop, environment: prod}
  - {name: web-1, application: shop, environment: test}
`

const oneDeclared = `organization: Northwind
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example}
teams:
  - {name: platform, lead: erika, members: [erika], contact: platform@northwind.example}
environments:
  - {name: prod, stage: production}
applications:
  - {name: shop, team: platform, criticality: high, exposure: internet, environments: [prod]}
systems:
  - {name: web-1, application: shop, environment: prod}
`
