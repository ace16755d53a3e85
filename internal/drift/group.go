package drift

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// many is how many elements of a list must differ in the same way to be taken for the work of one cause.
const many = 4

// part is what differs of one element of a fact, seen first in one look.
type part struct {
	kind      string // without its version
	list      string // empty: no element of a list
	name      string // users[root]
	signature string // what differs, without the values
	whole     Sort   // the element came or went as a whole; empty: something in it changed
	proposed  string
	paths     []string
}

func (p part) key() string { return p.kind + ":" + p.name }

// grouped gives the group of each difference that was seen first in one look at a subject, by kind and path. What has one cause is
// one group: all that differs of one element; many elements of a list that differ in the same way; what came or went in several
// facts under one name, as a user with a home. A group keeps its name as long as any of it stands, so one that is there already is
// not joined by what comes later: an old decision must not cover a new change.
func grouped(news []Open, there map[string]bool) map[[2]string]string {
	parts := partsOf(news)
	lists := map[string][]part{}
	for _, p := range parts {
		at := strings.Join([]string{p.kind, p.list, p.signature, p.proposed}, "\n")
		lists[at] = append(lists[at], p)
	}
	out := map[[2]string]string{}
	named := map[string][]part{}
	give := func(group string, of ...part) {
		for _, p := range of {
			for _, path := range p.paths {
				out[[2]string{p.kind, path}] = group
				if there[group] {
					out[[2]string{p.kind, path}] = strings.TrimSpace(p.kind + ":" + path + " " + string(p.whole))
				}
			}
		}
	}
	for _, same := range lists {
		if same[0].list != "" && len(same) >= many {
			var names []string
			for _, p := range same {
				names = append(names, p.name)
			}
			what, _, _ := strings.Cut(same[0].signature, "\n")
			give(same[0].kind+":"+same[0].list+" "+what+" "+short(strings.Join(names, "\n")), same...)
			continue
		}
		for _, p := range same {
			if p.whole == "" {
				give(p.key(), p)
				continue
			}
			at := strings.Join([]string{bare(p), string(p.whole), p.proposed}, "\n")
			named[at] = append(named[at], p)
		}
	}
	for _, same := range named {
		first := slices.MinFunc(same, func(a, b part) int {
			return cmp.Or(rank(a.kind)-rank(b.kind), strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name))
		})
		give(first.key(), same...)
	}
	return out
}

// partsOf gathers differences by element, in order.
func partsOf(news []Open) []part {
	at := map[string]*part{}
	for _, o := range news {
		kind := KindName(o.Kind)
		list, name, rest := element(o.Path)
		p := at[kind+":"+name]
		if p == nil {
			p = &part{kind: kind, list: list, name: name, proposed: o.Proposed}
			at[kind+":"+name] = p
		}
		what := strings.TrimPrefix(rest, ".")
		if what == "" {
			what = string(o.Sort)
			if o.Sort == Added || o.Sort == Removed {
				p.whole = o.Sort
			}
		}
		if p.signature != "" {
			p.signature += "\n"
		}
		p.signature += what
		if p.proposed != o.Proposed {
			p.proposed = "" // a part of it is not expected
		}
		p.paths = append(p.paths, o.Path)
	}
	var out []part
	for _, k := range slices.Sorted(maps.Keys(at)) {
		out = append(out, *at[k])
	}
	return out
}

// bare is what an element is called wherever it stands: toor of users[toor] and homes[toor], nginx of units[nginx.service] and
// packages[nginx amd64].
func bare(p part) string {
	if p.list == "" {
		return p.key()
	}
	name := strings.TrimSuffix(strings.TrimPrefix(p.name, p.list+"["), "]")
	name, _, _ = strings.Cut(name, " ")
	return strings.TrimSuffix(name, ".service")
}
