package access

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"

	"holdfast.example/holdfast/internal/estate"
)

// Role is what somebody is in the standard.
type Role string

// The roles of the standard.
const (
	Security      Role = "security"
	Management    Role = "management"
	Champion      Role = "champion"
	Team          Role = "team"
	Auditor       Role = "auditor"
	Administrator Role = "administrator"
	AgentRole     Role = "agent"
)

var roles = []Role{Security, Management, Champion, Team, Auditor, Administrator, AgentRole}

// Permission is something that a role may do. The zero value is held by nobody.
type Permission string

// The permissions.
const (
	SeeFindings  Permission = "findings"
	SeeDecisions Permission = "decisions"
	Request      Permission = "request"
	Decide       Permission = "decide"
	SeeAgents    Permission = "agents"
	SeeRuns      Permission = "runs"
	SeeLedger    Permission = "ledger"
	OwnPasskeys  Permission = "own-passkeys"
	AllPasskeys  Permission = "all-passkeys"
)

// Permissions are all of them.
var Permissions = []Permission{SeeFindings, SeeDecisions, Request, Decide, SeeAgents, SeeRuns, SeeLedger, OwnPasskeys, AllPasskeys}

// Rule is what a role may do, and of whose things.
type Rule struct {
	Role Role         `yaml:"role"`
	Doc  string       `yaml:"doc"`
	Sees string       `yaml:"sees"` // all or own
	May  []Permission `yaml:"may"`
}

// Rules are those of all roles.
type Rules []Rule

// LoadRules reads roles.yaml of the catalogue. Every role has to be there, once, and may what is a permission.
func LoadRules(catalogue fs.FS) (Rules, error) {
	data, err := fs.ReadFile(catalogue, "roles.yaml")
	if err != nil {
		return nil, err
	}
	var file struct {
		Roles Rules `yaml:"roles"`
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("catalog/roles.yaml: %w", err)
	}
	var problems []error
	seen := map[Role]bool{}
	for _, r := range file.Roles {
		switch {
		case !slices.Contains(roles, r.Role):
			problems = append(problems, fmt.Errorf("catalog/roles.yaml: %q is no role", r.Role))
		case seen[r.Role]:
			problems = append(problems, fmt.Errorf("catalog/roles.yaml: %s is there twice", r.Role))
		case r.Sees != "all" && r.Sees != "own":
			problems = append(problems, fmt.Errorf("catalog/roles.yaml: %s sees %q, which is neither all nor own", r.Role, r.Sees))
		}
		seen[r.Role] = true
		for _, p := range r.May {
			if !slices.Contains(Permissions, p) {
				problems = append(problems, fmt.Errorf("catalog/roles.yaml: %s may %q, which is no permission", r.Role, p))
			}
		}
	}
	for _, r := range roles {
		if !seen[r] {
			problems = append(problems, fmt.Errorf("catalog/roles.yaml: %s is missing", r))
		}
	}
	return file.Roles, errors.Join(problems...)
}

// Viewer is who asks for something: a person with what their roles give them. The zero Viewer may nothing and sees nothing.
type Viewer struct {
	Person       string // empty: who came by the link of the terminal
	Name         string
	Roles        []Role
	All          bool     // sees everything
	Teams        []string // else what belongs to these,
	Applications []string // or to these
	may          map[Permission]bool
}

// May tells whether a viewer may do something.
func (v Viewer) May(p Permission) bool { return v.may[p] }

// Sees tells whether something of these teams and applications is the viewer's to see.
func (v Viewer) Sees(teams, applications []string) bool {
	return v.All || slices.ContainsFunc(teams, func(t string) bool { return slices.Contains(v.Teams, t) }) ||
		slices.ContainsFunc(applications, func(a string) bool { return slices.Contains(v.Applications, a) })
}

// As makes a viewer of somebody who holds roles.
func (r Rules) As(person string, held ...Role) Viewer {
	v := Viewer{Person: person, Roles: held, may: map[Permission]bool{}}
	for _, rule := range r {
		if !slices.Contains(held, rule.Role) {
			continue
		}
		v.All = v.All || rule.Sees == "all"
		for _, p := range rule.May {
			v.may[p] = true
		}
	}
	return v
}

// Of makes a viewer of a person of the estate. Whether they work there today is not asked here.
func (r Rules) Of(person string, e *estate.Estate) Viewer {
	p := e.Person(person)
	if p == nil {
		return Viewer{}
	}
	var held []Role
	for _, role := range []Role{Security, Auditor, Administrator} {
		if e.HasRole(string(role), person) {
			held = append(held, role)
		}
	}
	var teams, applications []string
	champion := false
	for _, t := range e.Teams {
		if e.InTeam(t.Name, person) {
			teams = append(teams, t.Name)
			champion = champion || t.Champion == person
		}
	}
	for _, a := range e.Applications {
		manages := e.Manages(person, a.Name)
		if manages && !slices.Contains(held, Management) {
			held = append(held, Management)
		}
		if manages || slices.Contains(teams, a.Team) {
			applications = append(applications, a.Name)
		}
	}
	if champion {
		held = append(held, Champion)
	}
	if len(teams) > 0 {
		held = append(held, Team)
	}
	v := r.As(person, held...)
	v.Name, v.Teams, v.Applications = p.Name, teams, applications
	return v
}
