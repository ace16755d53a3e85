package linuxhost

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Owned demands that somebody owns the system.
var Owned = &check.Check{
	ID:           "linuxhost-owned",
	Title:        "The system belongs to an application that a team owns",
	Doc:          "What belongs to nobody is mended by nobody. Its findings get the strictest deadlines, and no team that keeps them.",
	Remedy:       "declare it in the estate with its application, and that with its team: systems: [{name: web-1, application: shop, environment: prod, target: ...}]\nor take it out of service",
	Requirements: []string{"A.5.10.1", "A.5.9.2"},
	Needs:        []string{"machine_id"}, // which system it is
	Rule: check.On(func(_ Fact, declared estate.View, _ check.Params) check.Result {
		fault := func(text string) check.Result {
			return check.Failed("", []check.Violation{{Key: "system:owner", Detail: text, At: ""}})
		}
		if declared.Estate == nil {
			return check.Inapplicable("no estate is loaded")
		}
		if !declared.Declared() {
			return fault("the estate does not know it")
		}
		apps := declared.Applications()
		if len(apps) == 0 {
			return fault("it is declared in no application")
		}
		for _, a := range apps {
			if a.Team == "" {
				return fault("no team owns its application " + a.Name)
			}
		}
		return check.Passed("application " + apps[0].Name + ", team " + apps[0].Team)
	}),
	Examples: []check.Example{
		check.Skips("no estate", Fact{}),
		check.Passes("of a team", Fact{}).Given(northwind + "systems: [{name: web-1, application: shop, environment: prod}]"),
		check.Fails("in no application", Fact{}, "system:owner").Given(northwind + "systems: [{name: web-1, environment: prod}]"),
		check.Fails("of an application without a team", Fact{}, "system:owner").Given(northwind + "systems: [{name: web-1, application: wiki, environment: prod}]"),
		check.Fails("shared with one that has none", Fact{}, "system:owner").Given(northwind + "systems: [{name: web-1, applications: [shop, wiki], environment: prod}]"),
		check.Fails("not declared", Fact{}, "system:owner").Given(northwind),
	},
}

const northwind = `organization: Northwind
people: [{id: erika, name: Erika Muster}]
teams: [{name: checkout, lead: erika, members: [erika]}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, criticality: high, exposure: internet, environments: [prod]}, {name: wiki, criticality: low, exposure: internal, environments: [prod]}]
`
