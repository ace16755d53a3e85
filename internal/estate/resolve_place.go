package estate

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// environmentOf is the environment of the entry that a name stands in, or "".
func environmentOf(owner any) string {
	switch o := owner.(type) {
	case *System:
		return o.Environment
	case *Backend:
		return o.Environment
	}
	return ""
}

func (s *scope) zone(r ref) {
	environment := s.environments[environmentOf(r.owner)]
	if environment == nil {
		return // told already
	}
	zones := make([]string, len(environment.Zones))
	for i, z := range environment.Zones {
		zones[i] = z.Name
	}
	if !slices.Contains(zones, r.name) {
		s.d.wrong(r.pos, r.key+": environment "+scalar.Quote(environment.Name)+" has no zone "+scalar.Quote(r.name)+s.near(r.name, zones))
	}
}

// system takes a system of the same environment by its name alone, any other with its environment.
func (s *scope) system(r ref) {
	if !s.systems[r.name] && !s.systems[environmentOf(r.owner)+"/"+r.name] {
		s.d.wrong(r.pos, r.key+": no system is called "+scalar.Quote(r.name)+s.near(r.name, s.around(r)))
	}
}

// around lists the systems and backends with names as they may be written at a place.
func (s *scope) around(r ref) []string {
	environment := environmentOf(r.owner)
	key := "around " + environment
	if names, ok := s.candidates[key]; ok {
		return names
	}
	names := slices.Clone(s.of("subject"))
	for _, subject := range s.of("subject") {
		if name, ok := strings.CutPrefix(subject, environment+"/"); ok {
			names = append(names, name)
		}
	}
	s.candidates[key] = names
	return names
}

func (s *scope) audience(r ref) {
	environment := environmentOf(r.owner)
	switch r.name {
	case "internet", "internal", "local":
		return
	}
	if s.systems[r.name] || s.backends[r.name] || s.systems[environment+"/"+r.name] || s.backends[environment+"/"+r.name] ||
		s.applications[r.name] || s.environments[r.name] != nil || strings.HasSuffix(s.shared[r.name], "-gate") || isAddress(r.name) {
		return
	}
	if e := s.environments[environment]; e != nil && slices.ContainsFunc(e.Zones, func(z Zone) bool { return z.Name == r.name }) {
		return
	}
	candidates := append([]string{"internet", "internal", "local"}, s.of("gate")...)
	candidates = append(append(candidates, s.of("application")...), s.of("environment")...)
	candidates = append(candidates, s.around(r)...)
	s.d.wrong(r.pos, r.key+": "+scalar.Quote(r.name)+" is not internet, internal, local, or anything declared"+s.near(r.name, candidates))
}

// endpoint takes what a flow may begin or end at.
func (s *scope) endpoint(r ref) {
	if r.name == "internet" || s.systems[r.name] || s.backends[r.name] || isAddress(r.name) ||
		strings.HasSuffix(s.shared[r.name], "-gate") {
		return
	}
	if !strings.Contains(r.name, "/") && s.bare[r.name] > 0 {
		if s.bare[r.name] == 1 {
			return
		}
		s.d.wrong(r.pos, r.key+": "+scalar.Quote(r.name)+" stands in several environments; write environment/"+r.name)
		return
	}
	candidates := append([]string{"internet"}, s.of("subject")...)
	s.d.wrong(r.pos, r.key+": no system or backend is called "+scalar.Quote(r.name)+s.near(r.name, candidates))
}

// where refuses a name that leads nowhere; a pattern that fits nothing yet is only told.
func (s *scope) where(r ref) {
	w := Where(r.name)
	environment, _, _ := strings.Cut(r.name, "/")
	switch {
	case !w.IsGlob():
		if !s.systems[r.name] && !s.backends[r.name] {
			s.d.wrong(r.pos, r.key+": no system or backend is called "+scalar.Quote(r.name)+s.near(r.name, s.of("subject")))
		}
	case !Where(environment).IsGlob() && s.environments[environment] == nil:
		s.d.wrong(r.pos, r.key+": no environment is called "+scalar.Quote(environment)+s.near(environment, s.of("environment")))
	case !slices.ContainsFunc(s.of("subject"), w.Matches):
		s.d.warn(r.pos, r.key+": "+scalar.Quote(r.name)+" fits no system or backend")
	}
}

// forward takes name:port with the name of a system or backend; a name with a dot may be any host.
func (s *scope) forward(r ref) {
	host, _ := scalar.SplitPort(r.name)
	if s.bare[host] > 0 || host == "localhost" || isAddress(host) || strings.Contains(host, ".") || s.systems[host] || s.backends[host] {
		return
	}
	s.d.wrong(r.pos, r.key+": no system or backend is called "+scalar.Quote(host)+s.near(host, s.of("bare")))
}

// subject takes what an attestation speaks of. Names with a colon are those of things seen but not
// declared, which nobody can know here.
func (s *scope) subject(r ref) {
	name := serviceless(r.name)
	if s.systems[name] || s.backends[name] || s.applications[name] || s.environments[name] != nil ||
		s.shared[name] != "" || strings.Contains(name, ":") || strings.Count(name, "/") > 1 {
		return
	}
	candidates := append(slices.Clone(s.of("subject")), s.of("application")...)
	s.d.wrong(r.pos, r.key+": nothing declared is called "+scalar.Quote(r.name)+s.near(r.name, append(candidates, s.of("environment")...)))
}
