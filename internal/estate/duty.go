package estate

import "slices"

// WithRole are the people who hold a role, in the order of the estate.
func (e *Estate) WithRole(role string) []string {
	if e == nil {
		return nil
	}
	return e.Roles[role]
}

// HasRole tells whether a person holds a role.
func (e *Estate) HasRole(role, person string) bool { return slices.Contains(e.WithRole(role), person) }

// InTeam tells whether a person belongs to a team, as its lead, champion or one of its members.
func (e *Estate) InTeam(team, person string) bool {
	t := e.Team(team)
	return t != nil && person != "" && (t.Lead == person || t.Champion == person || slices.Contains(t.Members, person))
}

// ManagementOf are the people who accept risks of an application: the person whom it names, or those of the team, role or
// schedule that it names.
func (e *Estate) ManagementOf(application string) []string {
	a := e.Application(application)
	if a == nil || a.Management == "" {
		return nil
	}
	name := a.Management
	if e.Person(name) != nil {
		return []string{name}
	}
	if t := e.Team(name); t != nil {
		out := slices.Clone(t.Members)
		if t.Lead != "" && !slices.Contains(out, t.Lead) {
			out = append(out, t.Lead)
		}
		return out
	}
	if people, ok := e.Roles[name]; ok {
		return people
	}
	for i := range e.Schedules {
		if e.Schedules[i].Name == name {
			return e.Schedules[i].Rotation.People
		}
	}
	return nil
}

// Manages tells whether a person accepts risks of an application.
func (e *Estate) Manages(person, application string) bool {
	return slices.Contains(e.ManagementOf(application), person)
}
