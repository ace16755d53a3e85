package estate

import (
	"cmp"
	"fmt"
	"slices"
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
