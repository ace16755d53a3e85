package report

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// cause is one reason why results are unknown.
type cause struct {
	Text     string
	Commands []string
	Checks   []string
	Subjects []string
	Results  int
}

// gap is one part of a fact that could not be seen on some subjects.
type gap struct {
	Part, Text string
	Commands   []string
	Subjects   []string
}

func causes(a *Assessment) (out []cause, results int) {
	by := map[string]*cause{}
	for _, r := range a.Results {
		if r.Verdict != check.Unknown && r.Verdict != check.Error {
			continue
		}
		text := undecided(r)
		c, ok := by[text]
		if !ok {
			c = &cause{Text: text, Commands: commands(text)}
			by[text] = c
		}
		c.Results++
		results++
		c.Checks, c.Subjects = append(c.Checks, r.Check), append(c.Subjects, r.Subject)
	}
	for _, c := range by {
		c.Checks, c.Subjects = sortedSet(c.Checks), sortedSet(c.Subjects)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(x, y cause) int {
		return cmp.Or(cmp.Compare(y.Results, x.Results), strings.Compare(x.Text, y.Text))
	})
	return out, results
}

func gaps(hosts []Host) []gap {
	type at struct{ part, text string }
	by := map[at][]string{}
	for _, h := range hosts {
		for part, text := range h.Gaps {
			by[at{part, text}] = append(by[at{part, text}], h.Subject)
		}
	}
	var out []gap
	for _, k := range slices.SortedFunc(maps.Keys(by), func(x, y at) int {
		return cmp.Or(strings.Compare(x.part, y.part), strings.Compare(x.text, y.text))
	}) {
		out = append(out, gap{Part: k.part, Text: k.text, Commands: commands(k.text), Subjects: sortedSet(by[k])})
	}
	return out
}

// wouldShow finds the commands in the words of fact.Problem.
var wouldShow = regexp.MustCompile(`"([^"]+)" would show it`)

// commands gives the commands that would show what a text says is missing, each once.
func commands(text string) []string {
	var out []string
	for _, m := range wouldShow.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

func sortedSet(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
