package drift

import (
	"slices"
)

// item is an element of a list on one side or on both; -1 where it is not there.
type item struct {
	path          string
	before, after int
	value         any // what is kept; none when nothing is
}

// list compares two lists, element by element as their names go together, and gives the merged one.
func (w *walk) list(path string, b, a []any, s *Shape) any {
	if len(b) == 1 && len(a) == 1 && isPlain(b[0]) && isPlain(a[0]) && !same(b[0], a[0]) {
		return w.change(Change{Path: path, Sort: Changed, Before: text(b[0]), After: text(a[0])}, b, a) // one value in place of another
	}
	items := w.paired(path, b, a, s.of())
	ordered := s != nil && s.ordered
	moved := ordered && isMoved(items)
	byAfter := !moved
	if moved {
		before, after := order(items, b, a, s.of())
		w.found = append(w.found, Change{Path: path + "(order)", Sort: Moved, Before: before, After: after})
		byAfter = w.take(path + "(order)")
	}
	for i := range items {
		it := &items[i]
		bv, av := none, none
		if it.before >= 0 {
			bv = b[it.before]
		}
		if it.after >= 0 {
			av = a[it.after]
		}
		it.value = w.value(it.path, bv, av, s.of())
	}
	var out []any
	if ordered {
		items = sequence(items, byAfter)
	}
	for _, it := range items {
		if it.value != none {
			out = append(out, it.value)
		}
	}
	if len(out) == 0 {
		return none
	}
	return out
}

// isPlain tells whether a value is neither a list nor an object.
func isPlain(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return false
	}
	return true
}

// paired finds the elements that stand for each other. Those whose names are theirs alone on both sides go together by
// them; of the rest those that are equal, and what is left has come or gone.
func (w *walk) paired(path string, b, a []any, s *Shape) []item {
	names := func(list []any) (of []string, times map[string]int) {
		times = map[string]int{}
		for _, v := range list {
			n := s.name(v)
			of, times[n] = append(of, n), times[n]+1
		}
		return of, times
	}
	bn, bt := names(b)
	an, atimes := names(a)
	alone := func(n string) bool { return bt[n] <= 1 && atimes[n] <= 1 }
	byName := map[string]int{}
	byForm := map[string][]int{}
	for i, n := range an {
		if alone(n) {
			byName[n] = i
		} else {
			k := n + "\n" + form(a[i])
			byForm[k] = append(byForm[k], i)
		}
	}
	var items []item
	met := make([]bool, len(a))
	for i, n := range bn {
		it := item{path: at(path, n), before: i, after: -1}
		if alone(n) {
			if j, ok := byName[n]; ok {
				it.after = j
			}
		} else if k := n + "\n" + form(b[i]); len(byForm[k]) > 0 {
			it.after, byForm[k] = byForm[k][0], byForm[k][1:]
		}
		if it.after >= 0 {
			met[it.after] = true
		}
		items = append(items, it)
	}
	for i, n := range an {
		if !met[i] {
			items = append(items, item{path: at(path, n), before: -1, after: i})
		}
	}
	distinct(items, b, a, alone, bn, an)
	return items
}

// distinct gives those that share a name paths of their own, which follow from what they hold.
func distinct(items []item, b, a []any, alone func(string) bool, bn, an []string) {
	taken := map[string]int{}
	for i := range items {
		it := &items[i]
		var n string
		var v any
		if it.before >= 0 {
			n, v = bn[it.before], b[it.before]
		} else {
			n, v = an[it.after], a[it.after]
		}
		if it.before >= 0 && it.after >= 0 && !alone(n) {
			continue // equal: nothing is told of it
		}
		path := it.path
		if !alone(n) {
			path = nth(it.path, form(v), 1)
		}
		for k := 2; taken[path] > 0; k++ {
			path = nth(it.path, form(v), k)
		}
		taken[path]++
		it.path = path
	}
}

// isMoved tells whether those that are on both sides stand in another order.
func isMoved(items []item) bool {
	last := -1
	for _, it := range items { // in the order of before
		if it.before >= 0 && it.after >= 0 {
			if it.after < last {
				return true
			}
			last = it.after
		}
	}
	return false
}

// order words both orders of those that are on both sides.
func order(items []item, b, a []any, s *Shape) (before, after string) {
	var both []item
	for _, it := range items {
		if it.before >= 0 && it.after >= 0 {
			both = append(both, it)
		}
	}
	word := func(list []any, at func(item) int) string {
		slices.SortFunc(both, func(x, y item) int { return at(x) - at(y) })
		var names []any
		for _, it := range both {
			names = append(names, s.name(list[at(it)]))
		}
		return text(names)
	}
	return word(b, func(i item) int { return i.before }), word(a, func(i item) int { return i.after })
}

// sequence puts merged elements in order: that of one side, and each of the others behind the one that it followed.
func sequence(items []item, byAfter bool) []item {
	first, second := func(i item) int { return i.before }, func(i item) int { return i.after }
	if byAfter {
		first, second = second, first
	}
	var main, rest []item
	for _, it := range items {
		if first(it) >= 0 {
			main = append(main, it)
		} else {
			rest = append(rest, it)
		}
	}
	slices.SortFunc(main, func(x, y item) int { return first(x) - first(y) })
	slices.SortFunc(rest, func(x, y item) int { return second(x) - second(y) })
	for _, it := range rest {
		place := 0
		near := -1
		for i, m := range main {
			if p := second(m); p >= 0 && p < second(it) && p > near {
				near, place = p, i+1
			}
		}
		main = slices.Insert(main, place, it)
	}
	return main
}
