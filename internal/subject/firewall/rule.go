package firewall

import (
	"cmp"
	"slices"
	"strings"
)

// rule is what all syntaxes of rules are brought to.
type rule struct {
	family  string // ip or ip6 when it concerns one only
	proto   string
	ports   []string
	sources []string
	in      string // interface that it is for
	notLo   bool   // for all interfaces but lo
	state   bool   // only packets of connections that exist
	narrow  bool   // other conditions, which are not understood
	verdict string // accept, drop, reject, jump, goto, return; empty: none
	target  string
}

type chain struct {
	name   string
	hook   string // input, forward; empty for one that is only jumped to
	policy string
	rules  []rule
}

type table struct {
	family string // ip, ip6, inet
	name   string
	chains map[string]*chain
}

func (t *table) chain(name string) *chain {
	c, ok := t.chains[name]
	if !ok {
		c = &chain{name: name}
		t.chains[name] = c
	}
	return c
}

// newTable makes an empty table.
func newTable(family, name string) *table {
	return &table{family: family, name: name, chains: map[string]*chain{}}
}

// summary tells what the tables do. A packet must pass every chain of its hook: one that denies is
// enough, and what that one lets in counts.
func summary(tables []*table) *Ruleset {
	return &Ruleset{
		IPv4: Family{Input: hook(tables, "ip", "input"), Forward: hook(tables, "ip", "forward")},
		IPv6: Family{Input: hook(tables, "ip6", "input"), Forward: hook(tables, "ip6", "forward")},
	}
}

func hook(tables []*table, family, name string) Hook {
	var out Hook
	var open []Opening
	for _, t := range tables {
		if t.family != family && t.family != "inet" {
			continue
		}
		for _, key := range sortedChains(t) {
			c := t.chains[key]
			if c.hook != name {
				continue
			}
			var h Hook
			w := walk{table: t, family: family, hook: &h}
			switch end := w.chain(c, rule{}, 0); {
			case end == "deny":
				h.Deny = "last rule"
			case end == "" && c.policy == "drop":
				h.Deny = "policy drop"
			}
			out.Filtered = out.Filtered || len(c.rules) > 0 || c.policy == "drop"
			out.Loopback, out.Spoofed = out.Loopback || h.Loopback, out.Spoofed || h.Spoofed
			open = append(open, h.Open...)
			if h.Deny != "" {
				out.Deny, out.Open = h.Deny, append(out.Open, h.Open...)
			}
		}
	}
	if out.Deny == "" {
		out.Open = open
	}
	if name != "input" {
		out.Open, out.Loopback, out.Spoofed = nil, false, false
	}
	slices.SortFunc(out.Open, compareOpening)
	out.Open = slices.CompactFunc(out.Open, func(a, b Opening) bool { return compareOpening(a, b) == 0 })
	return out
}

func sortedChains(t *table) []string {
	var names []string
	for n := range t.chains {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func compareOpening(a, b Opening) int {
	partly := func(o Opening) int {
		if o.Partly {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), slices.Compare(a.Ports, b.Ports), slices.Compare(a.Sources, b.Sources),
		cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Chain, b.Chain), cmp.Compare(partly(a), partly(b)))
}

// walk follows a new packet from another host, for a port that nothing names.
type walk struct {
	table  *table
	family string
	hook   *Hook
	steps  int
}

// Bounds of a walk: the kernel allows 16 nested jumps; steps end what jumps blow up.
const (
	maxDepth = 16
	maxSteps = 50_000
)

// chain gives deny or accept when the chain decides, and "" when the packet falls through. given
// holds the conditions under which the chain was reached.
func (w *walk) chain(c *chain, given rule, depth int) string {
	for _, r := range c.rules {
		w.steps++
		if depth > maxDepth || w.steps > maxSteps {
			return ""
		}
		if r.family != "" && r.family != w.family {
			continue
		}
		if end, done := w.rule(c, both(given, r), depth); done {
			return end
		}
	}
	return ""
}

func (w *walk) rule(c *chain, r rule, depth int) (end string, done bool) {
	denies := r.verdict == "drop" || r.verdict == "reject"
	switch {
	case r.state:
		return "", false
	case r.in == "lo":
		w.hook.Loopback = w.hook.Loopback || r.verdict == "accept" && r.proto == "" && len(r.sources) == 0
		return "", false
	case denies && loopbackSource(r.sources):
		w.hook.Spoofed = true
		return "", false
	}
	always := r.proto == "" && len(r.ports) == 0 && len(r.sources) == 0 && r.in == "" && !r.narrow
	switch r.verdict {
	case "accept":
		if always {
			return "accept", true
		}
		if !strings.Contains(r.proto, "icmp") {
			w.hook.Open = append(w.hook.Open, Opening{r.proto, r.ports, r.sources, r.in, r.narrow, c.name})
		}
	case "drop", "reject":
		if always {
			return "deny", true
		}
	case "return":
		return "", always
	case "jump", "goto":
		next, ok := w.table.chains[r.target]
		if !ok {
			return "", false
		}
		end := w.chain(next, r, depth+1)
		if end == "accept" && !always {
			w.hook.Open = append(w.hook.Open, Opening{r.proto, r.ports, r.sources, r.in, r.narrow, next.name})
		}
		return end, always && (end != "" || r.verdict == "goto")
	}
	return "", false
}

// both joins the conditions of a jump with those of a rule behind it.
func both(given, r rule) rule {
	r.proto = cmp.Or(r.proto, given.proto)
	r.in = cmp.Or(r.in, given.in)
	if len(r.ports) == 0 {
		r.ports = given.ports
	}
	if len(r.sources) == 0 {
		r.sources = given.sources
	}
	r.state = r.state || given.state
	r.narrow = r.narrow || given.narrow
	return r
}

func loopbackSource(sources []string) bool {
	return len(sources) > 0 && !slices.ContainsFunc(sources, func(s string) bool { return !strings.HasPrefix(s, "127.") && s != "::1" && s != "::1/128" })
}
