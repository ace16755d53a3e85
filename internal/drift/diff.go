package drift

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// Sort is what happened at a path.
type Sort string

// The sorts.
const (
	Added   Sort = "added"
	Removed Sort = "removed"
	Changed Sort = "changed"
	Moved   Sort = "moved" // the order of a list whose order means something
)

// Change is one difference of two facts. Its path names the place by natural keys, never by an index.
type Change struct {
	Path   string `json:"path"` // users[root].shell
	Sort   Sort   `json:"sort"`
	Before string `json:"before,omitempty"` // in one bounded line; empty: it was not there
	After  string `json:"after,omitempty"`
}

// Diff gives the differences of two facts in canonical form, in order of their paths. Of equal facts there are none, and none
// comes of the order of a list, unless the order means something.
func Diff(before, after []byte, s *Shape) ([]Change, error) {
	_, changes, err := merge(before, after, s, func(string) bool { return false })
	return changes, err
}

// Merge gives the fact before with those changes taken over that take wants, in its steady form. The differences that it still
// has from after are the others.
func Merge(before, after []byte, s *Shape, take func(path string) bool) ([]byte, error) {
	merged, _, err := merge(before, after, s, take)
	if err != nil {
		return nil, err
	}
	merged, _ = s.steady(merged)
	return fact.Canonical(merged)
}

func merge(before, after []byte, s *Shape, take func(string) bool) (any, []Change, error) {
	b, err := parse(before)
	if err != nil {
		return nil, nil, err
	}
	a, err := parse(after)
	if err != nil {
		return nil, nil, err
	}
	w := walk{take: take}
	merged := w.value("", steadied(b, s), steadied(a, s), s)
	if merged == none {
		merged = map[string]any{}
	}
	slices.SortStableFunc(w.found, func(x, y Change) int { return strings.Compare(x.Path, y.Path) })
	return merged, w.found, nil
}

// none stands for what is not there.
var none any = struct{}{}

func steadied(v any, s *Shape) any {
	if kept, told := s.steady(v); told {
		return kept
	}
	return none
}

// walk goes through two trees at once.
type walk struct {
	take  func(path string) bool
	found []Change
}

// change notes a difference and gives what is kept.
func (w *walk) change(c Change, before, after any) any {
	w.found = append(w.found, c)
	if w.take(c.Path) {
		return after
	}
	return before
}

func (w *walk) value(path string, b, a any, s *Shape) any {
	// What is not there is an empty list or map: what comes first into it is one of its elements. An object that comes or goes
	// is one difference, but for the fact itself.
	bl, isB := b.([]any)
	al, isA := a.([]any)
	if isB && isA || isB && a == none || isA && b == none {
		return w.list(path, bl, al, s)
	}
	bo, isB := b.(map[string]any)
	ao, isA := a.(map[string]any)
	lone := path == "" || s != nil && s.elem != nil && s.fields == nil
	if isB && isA || lone && (isB && a == none || isA && b == none) {
		return w.object(path, bo, ao, s)
	}
	c := Change{Path: path, Sort: Changed}
	switch {
	case b == none && a == none:
		return none
	case b == none:
		c.Sort, c.After = Added, text(a)
	case a == none:
		c.Sort, c.Before = Removed, text(b)
	default:
		if same(b, a) {
			return b
		}
		c.Before, c.After = text(b), text(a)
	}
	return w.change(c, b, a)
}

func (w *walk) object(path string, b, a map[string]any, s *Shape) any {
	names := map[string]bool{}
	for n := range b {
		names[n] = true
	}
	for n := range a {
		names[n] = true
	}
	out := map[string]any{}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		of, under := s.of(), at(path, n)
		if s != nil && s.fields != nil {
			of, under = s.fields[n], join(path, n)
		}
		bv, ok := b[n]
		if !ok {
			bv = none
		}
		av, ok := a[n]
		if !ok {
			av = none
		}
		if v := w.value(under, bv, av, of); v != none {
			out[n] = v
		}
	}
	if len(out) == 0 {
		return none
	}
	return out
}

// same compares two values that are there.
func same(a, b any) bool {
	switch a := a.(type) {
	case string:
		t, ok := b.(string)
		return ok && a == t
	case json.Number:
		n, ok := b.(json.Number)
		return ok && a == n
	}
	return form(a) == form(b)
}

// form is the one form of a value.
func form(v any) string {
	data, err := fact.Canonical(v)
	if err != nil {
		return "?"
	}
	return string(data)
}
