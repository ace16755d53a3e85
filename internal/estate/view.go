package estate

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// View is what is declared for one subject. The zero View says that nothing is declared at all; a
// View with only an Estate, that the estate does not know the subject. The two are judged differently.
type View struct {
	Estate  *Estate
	System  *System
	Backend *Backend
	Served  *Service // of the system, when the subject is its endpoint
}

// View gives what is declared for a subject: environment/name, or a service on it such as
// prod/web-1:443/tcp, or the endpoint of a service, as shop.example:443 or https://shop.example.
func (e *Estate) View(subject string) View {
	if e == nil {
		return View{}
	}
	if at, ok := e.index.endpoints[subject]; ok {
		s := &e.Systems[at.system]
		return View{Estate: e, System: s, Served: &s.Services[at.service]}
	}
	subject = serviceless(subject)
	return View{Estate: e, System: e.System(subject), Backend: e.Backend(subject)}
}

// serviceless takes :443/tcp from the name of a service on a system.
func serviceless(subject string) string {
	i := strings.LastIndexByte(subject, ':')
	if i < 0 {
		return subject
	}
	port, transport, ok := strings.Cut(subject[i+1:], "/")
	if ok && scalar.IsPort(port) && (transport == "tcp" || transport == "udp") {
		return subject[:i]
	}
	return subject
}

// Declared tells whether the estate knows the subject.
func (v View) Declared() bool { return v.System != nil || v.Backend != nil }

// Subject is the declared name, environment/name, or "" when the subject is not declared.
func (v View) Subject() string {
	switch {
	case v.System != nil:
		return v.System.Subject()
	case v.Backend != nil:
		return v.Backend.Subject()
	}
	return ""
}

// Service finds the declared service on a port; transport is tcp or udp.
func (v View) Service(port int, transport string) (Service, bool) {
	if v.System != nil {
		for _, s := range v.System.Services {
			if s.Port == port && slices.Contains(s.Transports(), transport) {
				return s, true
			}
		}
	}
	return Service{}, false
}

// Runs tells whether a service or module is declared to belong there. The ending .service may be
// left out on either side.
func (v View) Runs(name string) bool {
	if v.System == nil {
		return false
	}
	name = strings.TrimSuffix(name, ".service")
	return slices.ContainsFunc(v.System.Runs, func(r string) bool { return strings.TrimSuffix(r, ".service") == name })
}

// Environment is where the subject stands, or nil when it is not declared.
func (v View) Environment() *Environment {
	switch {
	case v.System != nil:
		return v.Estate.Environment(v.System.Environment)
	case v.Backend != nil:
		return v.Estate.Environment(v.Backend.Environment)
	}
	return nil
}

// Zone is the part of the environment that the subject stands in, or nil.
func (v View) Zone() *Zone {
	env, name := v.Environment(), ""
	switch {
	case v.System != nil:
		name = v.System.Zone
	case v.Backend != nil:
		name = v.Backend.Zone
	}
	if env != nil {
		for i := range env.Zones {
			if env.Zones[i].Name == name {
				return &env.Zones[i]
			}
		}
	}
	return nil
}

// Applications are those that the subject belongs to, in the order in which it names them.
func (v View) Applications() []*Application {
	var names []string
	switch {
	case v.System != nil:
		names = v.System.ApplicationNames()
	case v.Backend != nil:
		for _, a := range v.Backend.Accounts {
			if !slices.Contains(names, a.Application) {
				names = append(names, a.Application)
			}
		}
	}
	var out []*Application
	for _, name := range names {
		if a := v.Estate.Application(name); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// Stage is that of the environment. What is not declared counts as production.
func (v View) Stage() Stage {
	if env := v.Environment(); env != nil {
		return env.Stage
	}
	return Production
}

// Exposure is how the subject is reached on behalf of one of its applications: the system's own
// word goes first.
func (v View) Exposure(a *Application) Exposure {
	if v.System != nil && v.System.Exposure != "" {
		return v.System.Exposure
	}
	return a.Exposure
}

// RiskClass is the strictest of the applications' classes on this subject, and high when none is
// declared.
func (v View) RiskClass() RiskClass {
	applications := v.Applications()
	if len(applications) == 0 {
		return HighRisk
	}
	strictest := StandardRisk
	for _, a := range applications {
		if class := Class(a.Criticality, v.Exposure(a)); class.atLeast(strictest) {
			strictest = class
		}
	}
	return strictest
}

// Account is a declared account name and whose it is.
type Account struct {
	Name   string
	Admin  bool
	Person *Person
}

// Accounts are those of all people, in the order in which they are declared. People have the same
// account names on every system; whether they may use them there is told by Grants.
func (v View) Accounts() []Account {
	if v.Estate == nil {
		return nil
	}
	var out []Account
	for i := range v.Estate.People {
		p := &v.Estate.People[i]
		if p.Accounts.Standard != "" {
			out = append(out, Account{p.Accounts.Standard, false, p})
		}
		if p.Accounts.Admin != "" {
			out = append(out, Account{p.Accounts.Admin, true, p})
		}
	}
	return out
}

// Grants are those that cover the subject, whether in force or not.
func (v View) Grants() []*Grant {
	subject := v.Subject()
	if subject == "" {
		return nil
	}
	var out []*Grant
	for i := range v.Estate.Access {
		if g := &v.Estate.Access[i]; g.Covers(subject) {
			out = append(out, g)
		}
	}
	return out
}

// Policy is the policy in force for the subject.
func (v View) Policy() Policy { return v.Estate.Limits() }
