package estate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong with an estate file. Line and Column count from 1, columns in
// characters. Path leads to the value, as in systems[3].services[0].port; it is empty when the file
// could not be read as YAML. A warning does not keep the estate from being used.
type Problem struct {
	File         string
	Line, Column int
	Path         string
	Text         string
	Warning      bool
}

// String is the line that people see: e.yaml:5:18: criticality: "hihg" is not one of high, medium, low.
func (p Problem) String() string {
	mark := ""
	if p.Warning {
		mark = "warning: "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Column, mark, p.Text)
}

func sortProblems(all []Problem) {
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Text, b.Text))
	})
}

// show quotes what the user wrote, on one line and not too long.
func show(text string) string {
	if r := []rune(text); len(r) > 60 {
		text = string(r[:57]) + "..."
	}
	return fmt.Sprintf("%q", text)
}

// didYouMean is the tail of a message, empty when nothing is near.
func didYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "; did you mean " + show(near) + "?"
	}
	return ""
}

// known lists candidates as far as a person wants to read them.
func known(candidates []string) string {
	if len(candidates) == 0 {
		return ""
	}
	if len(candidates) > 8 {
		return fmt.Sprintf("%s and %d more", strings.Join(candidates[:7], ", "), len(candidates)-7)
	}
	return strings.Join(candidates, ", ")
}
