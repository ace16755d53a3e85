package requirement

import (
	"sort"
	"strconv"
	"strings"
)

// Catalogue is all requirements, checked and in natural order. Make it by Load; it does not change
// afterwards and may be shared. What it hands out is its own: read it, do not write to it.
type Catalogue struct {
	all   []*Requirement
	byID  map[string]*Requirement
	kinds map[string]Kind
}

// All gives every requirement in natural order: A.5.2.9 before A.5.2.10.
func (c *Catalogue) All() []*Requirement { return append([]*Requirement(nil), c.all...) }

// Get gives the requirement with an id.
func (c *Catalogue) Get(id string) (*Requirement, bool) {
	r, ok := c.byID[id]
	return r, ok
}

// Kinds gives every kind of evidence that the catalogue knows, by name.
func (c *Catalogue) Kinds() []Kind {
	out := make([]Kind, 0, len(c.kinds))
	for _, k := range c.kinds {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Nearest gives the id that was most likely meant, or "" when none is near. Case and a missing "A."
// do not matter.
func (c *Catalogue) Nearest(id string) string {
	id = strings.ToUpper(strings.TrimSpace(id))
	if !strings.HasPrefix(id, "A.") {
		id = "A." + strings.TrimPrefix(id, "A")
	}
	best, least := "", 3 // more than two slips are another id
	for _, r := range c.all {
		if d := distance(id, r.ID); d < least {
			best, least = r.ID, d
		}
	}
	return best
}

// Before tells whether id a stands before id b in natural order: number by number. It is a total
// order, also over ids that are not in the catalogue.
func Before(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := 0; i < len(as) && i < len(bs); i++ {
		if as[i] == bs[i] {
			continue
		}
		x, errX := strconv.ParseUint(as[i], 10, 32)
		y, errY := strconv.ParseUint(bs[i], 10, 32)
		switch {
		case errX == nil && errY == nil && x != y:
			return x < y
		case errX == nil && errY != nil:
			return true
		case errX != nil && errY == nil:
			return false
		}
		return as[i] < bs[i]
	}
	return len(as) < len(bs)
}

// distance is the least number of letters to add, drop or change to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := diagonal
			if a[i-1] != b[j-1] {
				d = 1 + min(diagonal, row[j], row[j-1])
			}
			diagonal, row[j] = row[j], d
		}
	}
	return row[len(b)]
}
