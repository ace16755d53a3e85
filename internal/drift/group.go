package drift

import (
	"maps"
	"slices"
	"strings"
)

// many is how many elements of a list must differ in the same way to be taken for the work of one cause.
const many = 4

// change is one difference with why it is proposed for approval.
type fresh struct {
	Change
	proposed string
}

// grouped gives the group of each difference that was seen first in one look, by its path. All that differs of one element is
// one group; many elements of a list that differ in the same way are one together. A group keeps its name as long as any of it
// stands, so one that is there already is not joined by what comes later: an old decision must not cover a new change.
func grouped(all []fresh, there map[string]bool) map[string]string {
	type elementOf struct {
		list, signature string
		paths           []string
	}
	elements := map[string]*elementOf{}
	for _, c := range all {
		list, name, rest := element(c.Path)
		e := elements[name]
		if e == nil {
			e = &elementOf{list: list}
			elements[name] = e
		}
		what := string(c.Sort)
		if rest != "" {
			what = strings.TrimPrefix(rest, ".")
		}
		e.paths = append(e.paths, c.Path)
		e.signature += "\n" + what + " " + c.proposed
	}
	alike := map[string][]string{} // names of elements, by list and signature
	for _, name := range slices.Sorted(maps.Keys(elements)) {
		if e := elements[name]; e.list != "" {
			alike[e.list+"\n"+e.signature] = append(alike[e.list+"\n"+e.signature], name)
		}
	}
	out := map[string]string{}
	for name, e := range elements {
		group := name
		if same := alike[e.list+"\n"+e.signature]; e.list != "" && len(same) >= many {
			what, _, _ := strings.Cut(strings.TrimPrefix(e.signature, "\n"), " ")
			group = e.list + " " + what + " " + short(strings.Join(same, "\n"))
		}
		for _, path := range e.paths {
			out[path] = group
			if there[group] {
				out[path] = path
			}
		}
	}
	return out
}
