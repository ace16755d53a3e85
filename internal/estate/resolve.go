package estate

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// scope is everything that names may lead to, once all files are read.
type scope struct {
	d            *decoder
	shared       map[string]string // name to what it is: person, team, role, schedule, access-gate ...
	environments map[string]*Environment
	applications map[string]bool
	systems      map[string]bool // by environment/name
	backends     map[string]bool // by environment/name
	bare         map[string]int  // how many systems and backends have that name
	channels     map[string]bool
	candidates   map[string][]string
}

// resolve judges what can be judged only when everything is read: names that lead nowhere, entries
// that stand twice, documents that are missing.
func (d *decoder) resolve(e *Estate) {
	s := &scope{
		d: d, shared: map[string]string{}, environments: map[string]*Environment{}, applications: map[string]bool{},
		systems: map[string]bool{}, backends: map[string]bool{}, bare: map[string]int{}, channels: map[string]bool{},
		candidates: map[string][]string{},
	}
	s.collect(e)
	for _, r := range d.refs {
		s.judge(r)
	}
	d.missing()
}

func (s *scope) collect(e *Estate) {
	for _, p := range e.People {
		s.shared[p.ID] = "person"
	}
	for name := range e.Roles {
		s.shared[name] = "role"
	}
	for _, t := range e.Teams {
		s.shared[t.Name] = "team"
	}
	for _, g := range e.Gates {
		s.shared[g.Name] = string(g.Kind) + "-gate"
	}
	for _, sc := range e.Schedules {
		s.shared[sc.Name] = "schedule"
	}
	for i := range e.Environments {
		s.environments[e.Environments[i].Name] = &e.Environments[i]
	}
	for _, a := range e.Applications {
		s.applications[a.Name] = true
	}
	for _, c := range e.Alerts.Channels {
		s.channels[c.Name] = true
	}
	for i := range e.Systems {
		s.placed(s.systems, e.Systems[i].Environment, e.Systems[i].Name, e.Systems[i].At, "systems")
	}
	for i := range e.Backends {
		s.placed(s.backends, e.Backends[i].Environment, e.Backends[i].Name, e.Backends[i].At, "backends")
	}
}

// placed takes in a system or backend, whose names are unique together within an environment.
func (s *scope) placed(into map[string]bool, environment, name string, at Place, section string) {
	if environment == "" || name == "" {
		return
	}
	subject := environment + "/" + name
	file := slices.IndexFunc(s.d.files, func(f File) bool { return f.Name == at.File })
	s.d.claim("systems and backends", subject, section, pos{file: int32(file), line: int32(at.Line), column: int32(at.Column)})
	into[subject] = true
	s.bare[name]++
}

// judge tells when a name leads nowhere, or to the wrong sort of thing.
func (s *scope) judge(r ref) {
	is := s.shared[r.name]
	switch r.space {
	case "person", "team", "access-gate", "egress-gate", "ingress-gate":
		if is != r.space {
			s.dangling(r, strings.Replace(r.space, "-", " ", 1), is, s.of(r.space))
		}
	case "who":
		if is == "" || strings.HasSuffix(is, "-gate") {
			s.dangling(r, "person, team, role or schedule", is, s.of("who"))
		}
	case "environment":
		if s.environments[r.name] == nil {
			s.dangling(r, "environment", "", s.of("environment"))
		}
	case "application":
		if !s.applications[r.name] {
			s.dangling(r, "application", "", s.of("application"))
		}
	case "channel":
		if !s.channels[r.name] {
			s.dangling(r, "channel", "", s.of("channel"))
		}
	case "zone":
		s.zone(r)
	case "system":
		s.system(r)
	case "audience":
		s.audience(r)
	case "endpoint":
		s.endpoint(r)
	case "where":
		s.where(r)
	case "forward":
		s.forward(r)
	case "subject":
		s.subject(r)
	}
}

// dangling tells that no thing of that sort is declared by the name, and what it is instead.
func (s *scope) dangling(r ref, sort, is string, candidates []string) {
	text := fmt.Sprintf("%s: no %s is called %s", r.key, sort, scalar.Quote(r.name))
	if is != "" {
		text = fmt.Sprintf("%s: %s is a %s, not a %s", r.key, scalar.Quote(r.name), strings.Replace(is, "-", " ", 1), sort)
	}
	s.d.wrong(r.pos, fixArticle(text)+s.near(r.name, candidates))
}

func fixArticle(text string) string {
	for _, word := range []string{"access", "egress", "ingress", "environment", "application"} {
		text = strings.ReplaceAll(text, " a "+word, " an "+word)
	}
	return text
}

// near is the tail of a message: the nearest name, or the few that there are.
func (s *scope) near(name string, candidates []string) string {
	if hint := s.d.didYouMean(name, candidates); hint != "" {
		return hint
	}
	if len(candidates) > 0 && len(candidates) <= 8 {
		return " (there is " + scalar.Listed(candidates) + ")"
	}
	return ""
}

// of lists the names of a space in order, for suggestions.
func (s *scope) of(space string) []string {
	if names, ok := s.candidates[space]; ok {
		return names
	}
	var names []string
	switch space {
	case "environment":
		names = slices.Collect(maps.Keys(s.environments))
	case "application":
		names = slices.Collect(maps.Keys(s.applications))
	case "channel":
		names = slices.Collect(maps.Keys(s.channels))
	case "bare":
		names = slices.Collect(maps.Keys(s.bare))
	case "subject":
		names = slices.AppendSeq(slices.Collect(maps.Keys(s.systems)), maps.Keys(s.backends))
	default:
		for name, is := range s.shared {
			if is == space || space == "who" && !strings.HasSuffix(is, "-gate") || space == "gate" && strings.HasSuffix(is, "-gate") {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	s.candidates[space] = names
	return names
}

// missing warns of documents that are not there.
func (d *decoder) missing() {
	if d.opts.Exists == nil {
		return
	}
	known := map[string]bool{}
	for _, doc := range d.docs {
		there, asked := known[doc.path]
		if !asked {
			there = d.opts.Exists(doc.path)
			known[doc.path] = there
		}
		if !there {
			d.warn(doc.pos, doc.key+": there is no file "+scalar.Quote(doc.path))
		}
	}
}

func isAddress(s string) bool {
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}
