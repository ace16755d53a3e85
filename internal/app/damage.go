package app

import (
	"fmt"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
)

// damaged tells what of the advisories could not be read so far. It is asked after matching: of what is damaged the
// index gives nothing, and nothing found would look like nothing there.
func (a *advisories) damaged() error {
	if a.damage == nil {
		return nil
	}
	return a.damage()
}

// doubted notes on every comparison that the advisories are damaged. What matched stays; which subject met the damage
// first depends on who came first, so it is told of all.
func (a *advisories) doubted(all []fact.Observation) []fact.Observation {
	for i := range all {
		f, ok := all[i].Fact.(vulnerabilities.Fact)
		if !ok {
			continue
		}
		text := fmt.Sprintf("%v; they could not be made anew: remove the folder advisories from the state folder and import them again", a.damaged())
		f.Note(vulnerabilities.PartAdvisories, &fact.Problem{Cause: fact.Failed, Source: "advisories", Text: text})
		f.NoEnds(text)
		all[i].Fact, all[i].Digest = f, fact.Digest([]byte(all[i].Digest+"\ndoubted"))
	}
	return all
}
