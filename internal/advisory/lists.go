package advisory

import (
	"maps"
	"slices"
	"strings"
)

// The forms of the lists' entries in the index.

func (w *writer) exploit(e Exploit) {
	w.string(e.CVE)
	w.string(e.Name)
	w.time(e.Added)
	w.time(e.Due)
	n := uint64(0)
	if e.Ransomware {
		n = 1
	}
	w.uint(n)
}

func (r *reader) exploit() Exploit {
	return Exploit{CVE: r.string(), Name: r.string(), Added: r.time(), Due: r.time(), Ransomware: r.uint() == 1}
}

// eolValue is a product, or for a name that it has elsewhere the names of the products that have it.
type eolValue struct {
	product *Product
	names   []string
}

// eolKeys are the names under which products are found: their own, and what identifies them elsewhere.
func eolKeys(list []Product) map[string]eolValue {
	out := map[string]eolValue{}
	for i, p := range list {
		for _, id := range p.Identifiers {
			for _, v := range id {
				if strings.Contains(v, ":") { // a purl or CPE; other names could be those of other products
					e := out[v]
					e.names = append(e.names, p.Name)
					out[v] = e
				}
			}
		}
		e := out[p.Name]
		e.product = &list[i]
		out[p.Name] = e
	}
	return out
}

func (w *writer) eol(v eolValue) {
	w.strings(v.names)
	if v.product == nil {
		return
	}
	p := v.product
	w.string(p.Name)
	w.string(p.Label)
	w.string(p.Category)
	w.len(len(p.Identifiers))
	for _, id := range p.Identifiers {
		w.len(len(id))
		for _, k := range sortedKeys(id) {
			w.string(k)
			w.string(id[k])
		}
	}
	w.len(len(p.Cycles))
	for _, c := range p.Cycles {
		w.string(c.Name)
		w.string(c.Codename)
		w.string(c.Released)
		for _, e := range []Ends{c.EOL, c.Active, c.Extended, c.Gone} {
			w.ends(e)
		}
		w.string(c.Latest)
		w.string(c.LatestOn)
		n := uint64(0)
		if c.LTS {
			n = 1
		}
		w.uint(n)
	}
}

func (r *reader) eol() (v eolValue) {
	v.names = r.strings()
	if r.s == "" {
		return v
	}
	p := &Product{Name: r.string(), Label: r.string(), Category: r.string()}
	for range r.count() {
		id := Identifier{}
		for range r.count() {
			k := r.string()
			id[k] = r.string()
		}
		p.Identifiers = append(p.Identifiers, id)
	}
	for range r.count() {
		p.Cycles = append(p.Cycles, Cycle{
			Name: r.string(), Codename: r.string(), Released: r.string(),
			EOL: r.ends(), Active: r.ends(), Extended: r.ends(), Gone: r.ends(),
			Latest: r.string(), LatestOn: r.string(), LTS: r.uint() == 1,
		})
	}
	v.product = p
	return v
}

func (w *writer) ends(e Ends) {
	switch {
	case e.Day != "":
		w.string(e.Day)
	case !e.Told:
		w.string("")
	case e.Came:
		w.string("+")
	default:
		w.string("-")
	}
}

func (r *reader) ends() Ends {
	switch s := r.string(); s {
	case "":
		return Ends{}
	case "+", "-":
		return Ends{Came: s == "+", Told: true}
	default:
		return Ends{Day: s, Told: true}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
