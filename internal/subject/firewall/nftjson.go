package firewall

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parseNFT reads "nft -j list ruleset"; see libnftables-json(5).
func parseNFT(data []byte) ([]*table, error) {
	var doc struct {
		List []struct {
			Chain *struct{ Family, Table, Name, Type, Hook, Policy string }
			Rule  *struct {
				Family, Table, Chain string
				Expr                 []map[string]json.RawMessage
			}
		} `json:"nftables"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	var tables []*table
	find := func(family, name string) *table {
		for _, t := range tables {
			if t.family == family && t.name == name {
				return t
			}
		}
		t := newTable(family, name)
		tables = append(tables, t)
		return t
	}
	for _, e := range doc.List {
		switch {
		case e.Chain != nil:
			c := find(e.Chain.Family, e.Chain.Table).chain(e.Chain.Name)
			c.policy = e.Chain.Policy
			if e.Chain.Type == "filter" {
				c.hook = e.Chain.Hook
			}
		case e.Rule != nil:
			c := find(e.Rule.Family, e.Rule.Table).chain(e.Rule.Chain)
			c.rules = append(c.rules, nftRule(e.Rule.Expr)...)
		}
	}
	return tables, nil
}

// nftRule gives one rule, or one for each entry of a verdict map.
func nftRule(exprs []map[string]json.RawMessage) []rule {
	var r rule
	var spread []rule
	for _, expr := range exprs {
		for name, raw := range expr {
			switch name {
			case "accept", "drop", "reject", "return":
				r.verdict = name
			case "jump", "goto":
				r.verdict, r.target = name, target(raw)
			case "match":
				nftMatch(raw, &r)
			case "vmap":
				spread = append(spread, nftMap(raw, r)...)
			case "counter", "log", "comment", "mangle", "notrack", "ct helper":
			default: // limit, xt and whatever is new
				r.narrow = true
			}
		}
	}
	if spread != nil && r.verdict == "" {
		return spread
	}
	return append(spread, r)
}

func target(raw json.RawMessage) string {
	var t struct{ Target string }
	_ = json.Unmarshal(raw, &t) // an unreadable target names no chain: the jump goes nowhere
	return t.Target
}

// nftLeft is what a match looks at, in one word: ip saddr, tcp dport, meta iifname, ct state.
func nftLeft(v any) string {
	m, _ := v.(map[string]any)
	for kind, in := range m {
		f, _ := in.(map[string]any)
		switch kind {
		case "payload":
			return fmt.Sprint(f["protocol"], " ", f["field"])
		case "meta", "ct":
			return fmt.Sprint(kind, " ", f["key"])
		case "fib":
			return "fib"
		}
	}
	return ""
}

func nftMatch(raw json.RawMessage, r *rule) {
	var m struct {
		Op          string
		Left, Right any
	}
	if json.Unmarshal(raw, &m) != nil {
		r.narrow = true
		return
	}
	condition(r, nftLeft(m.Left), nftValues(m.Right), m.Op == "!=")
}

// condition notes what a match says; both syntaxes of nft come here.
func condition(r *rule, left string, values []string, not bool) {
	one := ""
	if len(values) == 1 {
		one = values[0]
	}
	family, field, _ := strings.Cut(left, " ")
	if family == "ip" || family == "ip6" {
		r.family = family
	}
	switch {
	case (left == "meta iif" || left == "meta iifname") && not && one == "lo":
		r.notLo = true
	case not || len(values) == 0:
		r.narrow = true
	case left == "meta iif" || left == "meta iifname":
		r.in = strings.Join(values, ",")
	case left == "meta nfproto" || left == "meta protocol":
		r.family = map[string]string{"ipv4": "ip", "ip": "ip", "ipv6": "ip6", "ip6": "ip6"}[one]
	case left == "meta l4proto" || left == "ip protocol" || left == "ip6 nexthdr":
		r.proto = strings.Join(values, ",")
	case left == "ct state":
		if slices.Contains(values, "new") || slices.Contains(values, "untracked") {
			return // the packets that we ask about
		}
		r.state = true
	case field == "saddr" && (family == "ip" || family == "ip6"):
		r.sources = values
	case field == "dport":
		r.ports = values
		if family != "th" {
			r.proto = family
		}
	case left == "fib" && one == "local":
	case family == "icmp" || family == "icmpv6":
		r.proto = family
	default:
		r.narrow = true
	}
}

// nftValues gives the right side of a match as texts.
func nftValues(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, nftValues(e)...)
		}
		return out
	case map[string]any:
		if set, ok := v["set"]; ok {
			return nftValues(set)
		}
		if p, ok := v["prefix"].(map[string]any); ok {
			return []string{fmt.Sprint(p["addr"], "/", p["len"])}
		}
		if b, ok := v["range"].([]any); ok && len(b) == 2 {
			return []string{strings.Join(append(nftValues(b[0]), nftValues(b[1])...), "-")}
		}
		if e, ok := v["elem"].(map[string]any); ok {
			return nftValues(e["val"])
		}
	}
	return nil
}

// nftMap spreads a verdict map over rules: ct state vmap { established : accept, invalid : drop }.
func nftMap(raw json.RawMessage, given rule) []rule {
	var m struct {
		Key  any
		Data struct{ Set [][]any }
	}
	if json.Unmarshal(raw, &m) != nil {
		given.narrow, given.verdict = true, ""
		return []rule{given}
	}
	left := nftLeft(m.Key)
	out := []rule{}
	for _, pair := range m.Data.Set {
		if len(pair) != 2 {
			continue
		}
		r := given
		condition(&r, left, nftValues(pair[0]), false)
		verdict, _ := pair[1].(map[string]any)
		for name, to := range verdict {
			r.verdict = name
			if t, ok := to.(map[string]any); ok {
				r.target, _ = t["target"].(string)
			}
		}
		out = append(out, r)
	}
	return out
}
