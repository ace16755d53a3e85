package estate

import "strings"

// index finds entries by name. It holds positions in the lists, so that an Estate can be read by
// many at once and nothing is stored twice.
type index struct {
	people       map[string]int
	accounts     map[string]account
	keys         map[string]int
	environments map[string]int
	gates        map[string]int
	teams        map[string]int
	applications map[string]int
	systems      map[string]int
	backends     map[string]int
	formerly     map[string]string
	endpoints    map[string]place // by their subjects
	attestations map[string][]int
}

type account struct {
	person int
	admin  bool
}

func (e *Estate) buildIndex() {
	x := &e.index
	x.people, x.accounts, x.keys = map[string]int{}, map[string]account{}, map[string]int{}
	for i, p := range e.People {
		x.people[p.ID] = i
		// Of two people with one account name the first is answered; sharing it is a verdict.
		for _, a := range []struct {
			name  string
			admin bool
		}{{p.Accounts.Standard, false}, {p.Accounts.Admin, true}} {
			if _, taken := x.accounts[a.name]; a.name != "" && !taken {
				x.accounts[a.name] = account{i, a.admin}
			}
		}
		for _, k := range p.Keys {
			if _, taken := x.keys[k.ID()]; !taken {
				x.keys[k.ID()] = i
			}
		}
	}
	x.environments = byName(e.Environments, func(v *Environment) string { return v.Name })
	x.gates = byName(e.Gates, func(v *Gate) string { return v.Name })
	x.teams = byName(e.Teams, func(v *Team) string { return v.Name })
	x.applications = byName(e.Applications, func(v *Application) string { return v.Name })
	x.systems = byName(e.Systems, (*System).Subject)
	x.backends = byName(e.Backends, (*Backend).Subject)
	e.indexEndpoints()
	x.formerly = map[string]string{}
	for i := range e.Systems {
		e.former(&x.formerly, e.Systems[i].Environment, e.Systems[i].Subject(), e.Systems[i].Formerly)
	}
	for i := range e.Backends {
		e.former(&x.formerly, e.Backends[i].Environment, e.Backends[i].Subject(), e.Backends[i].Formerly)
	}
	x.attestations = map[string][]int{}
	for i, a := range e.Attestations {
		key := a.Requirement + " " + a.Subject
		x.attestations[key] = append(x.attestations[key], i)
	}
}

// former notes the earlier subjects of one: its earlier names, and its names in an environment that was renamed.
func (e *Estate) former(into *map[string]string, environment, now string, names []string) {
	for _, name := range names {
		(*into)[environment+"/"+name] = now
	}
	if env := e.Environment(environment); env != nil {
		_, name, _ := strings.Cut(now, "/")
		for _, old := range env.Formerly {
			(*into)[old+"/"+name] = now
		}
	}
}

func byName[T any](list []T, name func(*T) string) map[string]int {
	m := make(map[string]int, len(list))
	for i := range list {
		m[name(&list[i])] = i
	}
	return m
}

func lookup[T any](list []T, at map[string]int, name string) *T {
	if i, ok := at[name]; ok {
		return &list[i]
	}
	return nil
}

// Person finds a person by id, or nil.
func (e *Estate) Person(id string) *Person {
	if e == nil {
		return nil
	}
	return lookup(e.People, e.index.people, id)
}

// PersonByAccount finds whose account it is, and whether it is the one for administration.
func (e *Estate) PersonByAccount(name string) (person *Person, admin bool) {
	if e == nil {
		return nil, false
	}
	a, ok := e.index.accounts[name]
	if !ok {
		return nil, false
	}
	return &e.People[a.person], a.admin
}

// PersonByKey finds whose public key it is, given as a line of authorized_keys. Options and comment do
// not count.
func (e *Estate) PersonByKey(authorizedKey string) *Person {
	id := AuthorizedKey(authorizedKey).ID()
	if e == nil || id == "" {
		return nil
	}
	return lookup(e.People, e.index.keys, id)
}

// Environment finds an environment by name, or nil.
func (e *Estate) Environment(name string) *Environment {
	if e == nil {
		return nil
	}
	return lookup(e.Environments, e.index.environments, name)
}

// Gate finds a gate by name, or nil.
func (e *Estate) Gate(name string) *Gate {
	if e == nil {
		return nil
	}
	return lookup(e.Gates, e.index.gates, name)
}

// Team finds a team by name, or nil.
func (e *Estate) Team(name string) *Team {
	if e == nil {
		return nil
	}
	return lookup(e.Teams, e.index.teams, name)
}

// Application finds an application by name, or nil.
func (e *Estate) Application(name string) *Application {
	if e == nil {
		return nil
	}
	return lookup(e.Applications, e.index.applications, name)
}

// System finds a system by environment/name, or nil.
func (e *Estate) System(subject string) *System {
	if e == nil {
		return nil
	}
	return lookup(e.Systems, e.index.systems, subject)
}

// Backend finds a backend by environment/name, or nil.
func (e *Estate) Backend(subject string) *Backend {
	if e == nil {
		return nil
	}
	return lookup(e.Backends, e.index.backends, subject)
}

// Renamed gives the present name of a subject that was renamed, for carrying its history along.
func (e *Estate) Renamed(old string) (now string, ok bool) {
	if e == nil {
		return "", false
	}
	now, ok = e.index.formerly[old]
	return now, ok
}

// Limits are the policy in force: what is declared, and the standard's own limits for the rest.
func (e *Estate) Limits() Policy {
	if e == nil {
		return DefaultPolicy()
	}
	return e.Policy
}

// SecurityContact is the address of the first person with the role security; empty without one.
func (e *Estate) SecurityContact() string {
	if e == nil {
		return ""
	}
	for _, id := range e.Roles["security"] {
		if p := e.Person(id); p != nil && p.Email != "" {
			return string(p.Email)
		}
	}
	return ""
}
