package access_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
)

func rules(t *testing.T) access.Rules {
	t.Helper()
	r, err := access.LoadRules(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRules: who changes something is never who only reads, nobody without a role may anything, and what the roles may is as
// the standard wants it.
func TestRules(t *testing.T) {
	r := rules(t)
	for role, want := range map[access.Role]string{
		access.Security:      "all findings decisions request decide agents runs ledger own-passkeys",
		access.Management:    "own findings decisions request decide own-passkeys",
		access.Champion:      "own findings decisions request own-passkeys",
		access.Team:          "own findings decisions request own-passkeys",
		access.Auditor:       "all findings decisions agents runs ledger own-passkeys",
		access.Administrator: "all findings decisions agents runs ledger own-passkeys all-passkeys",
		access.AgentRole:     "own",
		"":                   "own",
		"mayor":              "own",
	} {
		v := r.As("x", role)
		got := "own"
		if v.All {
			got = "all"
		}
		for _, p := range access.Permissions {
			if v.May(p) {
				got += " " + string(p)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", role, got, want)
		}
		if v.May("") {
			t.Errorf("%s may what has no name", role)
		}
	}
	if v := (access.Viewer{}); v.May(access.SeeFindings) || v.Sees([]string{""}, []string{""}) {
		t.Error("nobody may something")
	}
}

func TestDamagedRules(t *testing.T) {
	good, err := fs.ReadFile(catalog.FS, "roles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no role":         strings.Replace(string(good), "role: auditor", "role: mayor", 1),
		"twice":           strings.Replace(string(good), "role: auditor", "role: team", 1),
		"a slip":          strings.Replace(string(good), "may: [findings", "may: [fundings", 1),
		"sees nothing":    strings.Replace(string(good), "sees: own", "sees: ", 1),
		"unknown key":     strings.Replace(string(good), "sees: own", "seas: own", 1),
		"no roles at all": "roles: []",
		"no YAML":         "roles: [",
	} {
		if _, err := access.LoadRules(fstest.MapFS{"roles.yaml": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), "catalog/roles.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const company = `
organization: Northwind
people:
  - {id: sam, name: Sam}
  - {id: erika, name: Erika}
  - {id: maria, name: Maria}
  - {id: otto, name: Otto}
  - {id: pia, name: Pia}
roles: {security: [sam], auditor: [otto], administrator: [sam]}
teams:
  - {name: checkout, lead: erika, members: [erika], champion: erika}
  - {name: platform, members: [sam]}
applications:
  - {name: shop, team: checkout, management: maria}
  - {name: wiki, team: platform, management: security}
`

func TestOf(t *testing.T) {
	e, problems := estate.Parse([]estate.File{{Name: "e.yaml", Data: []byte(company)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	r := rules(t)
	for person, want := range map[string]string{
		"sam":   "security administrator management team | all | platform | wiki",
		"erika": "champion team |  | checkout | shop",
		"maria": "management |  |  | shop",
		"otto":  "auditor | all |  | ",
		"pia":   " |  |  | ",
		"":      " |  |  | ",
		"nemo":  " |  |  | ",
	} {
		v := r.Of(person, e)
		var held []string
		for _, role := range v.Roles {
			held = append(held, string(role))
		}
		all := ""
		if v.All {
			all = "all"
		}
		if got := strings.Join([]string{strings.Join(held, " "), all, strings.Join(v.Teams, " "), strings.Join(v.Applications, " ")}, " | "); got != want {
			t.Errorf("%s: %q, want %q", person, got, want)
		}
	}
	erika, maria := r.Of("erika", e), r.Of("maria", e)
	if !erika.Sees([]string{"checkout"}, nil) || !erika.Sees(nil, []string{"shop"}) || erika.Sees([]string{"platform"}, []string{"wiki"}) || erika.Sees(nil, nil) {
		t.Error("a team sees what is not its own, or not what is")
	}
	if !maria.Sees(nil, []string{"wiki", "shop"}) || maria.Sees([]string{"checkout"}, []string{"wiki"}) {
		t.Error("management sees what is not its own, or not what is")
	}
}
