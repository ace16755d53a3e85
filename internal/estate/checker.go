package estate

import (
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/estate/tree"
)

// checked looks over what it was read from, across its fields.
type checked interface{ check(*checker) }

// checker lets a type look over its own fields and tell what is wrong where.
type checker struct {
	d *decoder
	n *tree.Node
}

// at is the place of a value by its keys and indexes, or of the nearest thing around it that is there.
func (c *checker) at(steps ...any) pos {
	n := c.n
	for _, step := range steps {
		var next *tree.Node
		switch s := step.(type) {
		case string:
			next = n.Get(s)
		case int:
			if n.Kind == tree.List && s < len(n.List) {
				next = n.List[s]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return c.d.at(n)
}

// has tells whether a key is given, whatever its value is worth.
func (c *checker) has(key string) bool {
	v := c.n.Get(key)
	return v != nil && v.Kind != tree.Null
}

func (c *checker) wrong(at pos, text string) { c.d.wrong(at, text) }
func (c *checker) warn(at pos, text string)  { c.d.warn(at, text) }

// order refuses a later date that lies before the earlier one.
func (c *checker) order(first Date, firstKey string, last Date, lastKey string) {
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		c.wrong(c.at(lastKey), lastKey+": "+scalar.Quote(last.String())+" lies before "+firstKey+" "+scalar.Quote(first.String()))
	}
}

// unique refuses a name that stands twice in a list below.
func (c *checker) unique(key string, count int, name func(int) string) {
	seen := make(map[string]bool, count)
	for i := range count {
		if n := name(i); n != "" {
			if seen[n] {
				c.wrong(c.at(key, i), key+": "+scalar.Quote(n)+" is declared twice")
			}
			seen[n] = true
		}
	}
}
