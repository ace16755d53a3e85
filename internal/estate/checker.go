package estate

// checker lets a type look over its own fields and tell what is wrong where.
type checker struct {
	d *decoder
	n *node
}

// at is the place of a value by its keys and indexes, or of the nearest thing around it that is there.
func (c *checker) at(steps ...any) pos {
	n := c.n
	for _, step := range steps {
		var next *node
		switch s := step.(type) {
		case string:
			next = n.get(s)
		case int:
			if n.kind == listNode && s < len(n.list) {
				next = n.list[s]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return c.d.at(n)
}

func (c *checker) wrong(at pos, text string) { c.d.wrong(at, text) }
func (c *checker) warn(at pos, text string)  { c.d.warn(at, text) }

// order refuses a later date that lies before the earlier one.
func (c *checker) order(first Date, firstKey string, last Date, lastKey string) {
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		c.wrong(c.at(lastKey), lastKey+": "+show(last.String())+" lies before "+firstKey+" "+show(first.String()))
	}
}

// unique refuses a name that stands twice in a list below.
func (c *checker) unique(key string, count int, name func(int) string) {
	seen := make(map[string]bool, count)
	for i := range count {
		if n := name(i); n != "" {
			if seen[n] {
				c.wrong(c.at(key, i), key+": "+show(n)+" is declared twice")
			}
			seen[n] = true
		}
	}
}
