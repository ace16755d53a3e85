package main

import (
	"slices"
	"strings"
)

// outcome is the comparison with one tool.
type outcome struct {
	agreed    int
	silent    int // pairs on which the other tool gave no verdict
	disagreed []row
	alone     []row // faults that the other tool sees and no check of Holdfast looks at
	unpaired  int   // rules without a counterpart that found nothing
}

// row is one line of the report.
type row struct {
	rule, theirs, ours string
	text               string
}

// compare goes through the pairs, then through what no pair has taken.
func compare(list []pair, theirs peer, ours map[string]result) outcome {
	var out outcome
	taken := map[string][]bool{} // by rule, which of its items a pair has taken
	known := map[string]bool{}
	for _, p := range list {
		said, ran := theirs.rules[p.Rule]
		if !ran {
			continue
		}
		known[p.Rule] = true
		v, text := said, ""
		if p.Item != "" && said == fail {
			v, text = pass, ""
		}
		if said == fail {
			if taken[p.Rule] == nil {
				taken[p.Rule] = make([]bool, len(theirs.items[p.Rule]))
			}
			for i, it := range theirs.items[p.Rule] {
				if p.takes(it) && !taken[p.Rule][i] {
					taken[p.Rule][i] = true
					v, text = fail, join(text, it.text)
				}
			}
		}
		switch mine, why := verdict(p.Checks, p.Key, ours); {
		case v == none, v == pass && theirs.silence && mine == "not_applicable":
			out.silent++
		case p.Note != "" && v == fail:
			out.alone = append(out.alone, row{rule: p.name(), theirs: v, text: join(text, p.Note)})
		case p.Note != "":
			out.unpaired++
		case v == mine:
			out.agreed++
		default:
			out.disagreed = append(out.disagreed, row{p.name(), v, mine, join(text, why)})
		}
	}
	for rule, v := range theirs.rules {
		switch {
		case v == pass && !known[rule]:
			out.unpaired++
		case v == fail && !known[rule] && len(theirs.items[rule]) == 0:
			out.alone = append(out.alone, row{rule: rule, theirs: v})
		case v == fail:
			for i, it := range theirs.items[rule] {
				if taken[rule] == nil || !taken[rule][i] {
					out.alone = append(out.alone, row{rule: strings.TrimSpace(rule + " " + it.name), theirs: v, text: it.text})
				}
			}
		}
	}
	byRule := func(a, b row) int { return strings.Compare(a.rule+a.text, b.rule+b.text) }
	slices.SortFunc(out.disagreed, byRule)
	slices.SortFunc(out.alone, byRule)
	return out
}

// takes tells whether the pair speaks of this fault.
func (p pair) takes(it item) bool {
	return p.Item == "" || it.name == p.Item || it.name == "" && strings.Contains(it.text, p.Item)
}

// join sets two texts side by side, each only if there is one.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
