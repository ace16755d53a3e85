package firewall

import (
	"regexp"
	"strings"
)

// parseNFTText reads an nftables script (/etc/nftables.conf): tables, chains and the rules in the
// block form that such files have. Commands (add rule ...) are left to nftCommand, which finds them;
// conditions of other sorts only narrow a rule.
func parseNFTText(data string) []*table {
	p := nftText{words: nftWords(data)}
	for !p.end() {
		if p.next() == "table" {
			p.table()
		}
	}
	return p.tables
}

type nftText struct {
	words  []string
	at     int
	tables []*table
}

func (p *nftText) end() bool { return p.at >= len(p.words) }

func (p *nftText) next() string {
	if p.end() {
		return ""
	}
	p.at++
	return p.words[p.at-1]
}

func (p *nftText) table() {
	family, name := "ip", p.next()
	switch name {
	case "ip", "ip6", "inet", "arp", "bridge", "netdev":
		family, name = name, p.next()
	}
	if p.next() != "{" {
		return // "table inet filter" alone makes an empty one
	}
	t := newTable(family, name)
	p.tables = append(p.tables, t)
	for !p.end() {
		switch p.next() {
		case "}":
			return
		case "chain":
			name := p.next()
			if p.next() == "{" {
				p.chain(t.chain(name))
			}
		case "set", "map", "flowtable", "counter", "limit", "quota", "ct":
			for !p.end() && p.next() != "{" {
			}
			p.skip()
		}
	}
}

// skip leaves a block whose opening brace was read.
func (p *nftText) skip() {
	for depth := 1; depth > 0 && !p.end(); {
		switch p.next() {
		case "{":
			depth++
		case "}":
			depth--
		}
	}
}

func (p *nftText) chain(c *chain) {
	var words []string
	depth := 0
	for !p.end() {
		w := p.next()
		switch {
		case w == "{":
			depth++
		case w == "}" && depth == 0:
			c.statement(words)
			return
		case w == "}":
			depth--
		case (w == ";" || w == "\n") && depth == 0:
			c.statement(words)
			words = nil
			continue
		case w == "\n":
			continue
		}
		words = append(words, w)
	}
}

func (c *chain) statement(words []string) {
	switch {
	case len(words) == 0:
	case words[0] == "type":
		for i, w := range words[:len(words)-1] {
			if w == "hook" && len(words) > 1 && words[1] == "filter" {
				c.hook, c.policy = words[i+1], "accept"
			}
		}
	case words[0] == "policy" && len(words) > 1:
		c.policy = words[1]
	default:
		c.rules = append(c.rules, textRule(words)...)
	}
}

// textRule reads one rule from its words.
func textRule(words []string) []rule {
	var r rule
	for i := 0; i < len(words); {
		w := words[i]
		i++
		switch w {
		case "accept", "drop", "return":
			r.verdict = w
		case "reject":
			r.verdict = w
			return []rule{r}
		case "jump", "goto":
			if i < len(words) {
				r.verdict, r.target = w, words[i]
				i++
			}
		case "counter":
			for i+1 < len(words) && (words[i] == "packets" || words[i] == "bytes") {
				i += 2
			}
		case "log":
			for i+1 < len(words) && (words[i] == "prefix" || words[i] == "level" || words[i] == "flags" || words[i] == "group") {
				i += 2
			}
		case "comment":
			i++
		case "iif", "iifname":
			i = textMatch(&r, "meta "+w, words, i)
		case "meta", "ct", "ip", "ip6", "tcp", "udp", "th", "icmp", "icmpv6", "sctp", "dccp":
			if i < len(words) && words[i] == "iif" || i < len(words) && w == "meta" {
				w = "meta"
			}
			if i >= len(words) {
				r.narrow = true
				break
			}
			i = textMatch(&r, w+" "+words[i], words, i+1)
		case "limit":
			r.narrow = true
			for i < len(words) && (words[i] == "rate" || words[i] == "over" || words[i] == "burst" || words[i] == "packets" || words[i][0] >= '0' && words[i][0] <= '9') {
				i++
			}
		default:
			r.narrow = true
		}
	}
	return []rule{r}
}

// textMatch reads the operator and the values behind a match and gives the next position. A
// verdict map of connection states is read as the rule that accepts existing connections.
func textMatch(r *rule, left string, words []string, i int) int {
	not := false
	if i < len(words) && (words[i] == "!=" || words[i] == "==") {
		not = words[i] == "!="
		i++
	}
	if i < len(words) && words[i] == "vmap" {
		i++
		if left == "ct state" {
			r.state, r.verdict = true, "accept"
		} else {
			r.narrow = true
		}
	}
	if i >= len(words) {
		r.narrow = true
		return i
	}
	var values []string
	if words[i] != "{" {
		values = strings.Split(words[i], ",")
		i++
		for i < len(words) && strings.HasSuffix(words[i-1], ",") {
			values = append(values, strings.Split(words[i], ",")...)
			i++
		}
	} else {
		for i++; i < len(words) && words[i] != "}"; i++ {
			values = append(values, strings.Split(words[i], ",")...)
		}
		i++
	}
	var clean []string
	for _, v := range values {
		if v != "" && v != "," {
			clean = append(clean, v)
		}
	}
	if !r.state {
		condition(r, left, clean, not)
	}
	return i
}

var nftWord = regexp.MustCompile(`"[^"\n]*"|#[^\n]*|\\\n|\n|[{};]|[^\s{};"#]+`)

// nftWords separates a script into words, braces, semicolons and line ends, without comments.
func nftWords(data string) []string {
	var out []string
	for _, w := range nftWord.FindAllString(data, -1) {
		if w[0] != '#' && w != "\\\n" {
			out = append(out, strings.Trim(w, `"`))
		}
	}
	return out
}

var nftCommand = regexp.MustCompile(`(?m)^\s*(add|insert|create|replace)\s+(rule|chain)\b`)

var nftInclude = regexp.MustCompile(`(?m)^\s*include\s+"([^"\n]+)"`)

// includes gives the absolute paths and patterns that a script includes.
func includes(data string) []string {
	var out []string
	for _, m := range nftInclude.FindAllStringSubmatch(data, -1) {
		if strings.HasPrefix(m[1], "/") {
			out = append(out, m[1])
		}
	}
	return out
}
