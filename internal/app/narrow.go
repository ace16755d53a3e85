package app

import (
	"slices"

	"holdfast.example/holdfast/internal/vuln"
)

// narrow is what a source tells of one package, as far as it has to do with one flaw: the records that have its name, and
// those that share a name with these, directly or by others. What they make of the flaw is what all records would; but
// a kernel has thousands of them, and each of its versions is asked about.
type narrow struct {
	vuln.Source
	found  []vuln.Affected
	scores map[string][]vuln.Score
}

func narrowed(s vuln.Source, id, ecosystem, name string) *narrow {
	all := s.Find(ecosystem, name)
	names := map[string]bool{id: true}
	taken := make([]bool, len(all))
	for grew := true; grew; {
		grew = false
		for i, a := range all {
			own := slices.Concat([]string{a.Record.ID}, a.Record.Aliases, a.Record.Upstream, a.Record.Related)
			if taken[i] || !slices.ContainsFunc(own, func(n string) bool { return names[n] }) {
				continue
			}
			taken[i], grew = true, true
			for _, n := range own {
				names[n] = true
			}
		}
	}
	n := &narrow{Source: s, scores: map[string][]vuln.Score{}}
	for i, a := range all {
		if taken[i] {
			n.found = append(n.found, a)
		}
	}
	return n
}

// Find gives the records of the package.
func (n *narrow) Find(string, string) []vuln.Affected { return n.found }

// Scores remembers what was told: each version asks for the same.
func (n *narrow) Scores(id string) []vuln.Score {
	s, ok := n.scores[id]
	if !ok {
		s = n.Source.Scores(id)
		n.scores[id] = s
	}
	return s
}
