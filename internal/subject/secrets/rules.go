package secrets

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"
)

// The rules of gitleaks, MIT License; see the comment in the file and tools/gitleaksrules.
//
//go:embed rules.json
var rulesFile []byte

type allowance struct {
	Target    string   `json:"target"`
	And       bool     `json:"and"`
	Regexes   []string `json:"regexes"`
	Stopwords []string `json:"stopwords"`
	Paths     []string `json:"paths"`
}

type rule struct {
	ID       string      `json:"id"`
	Regex    string      `json:"regex"`
	Path     string      `json:"path"`
	Keywords []string    `json:"keywords"`
	Entropy  float64     `json:"entropy"`
	Group    int         `json:"group"`
	Allow    []allowance `json:"allow"`
}

// matcher finds rules by their keywords and compiles an expression when its keyword is met for the
// first time: most are never needed. It belongs to one run.
type matcher struct {
	allow    allowance
	rules    []rule
	byPair   [1 << 16][]keyword // by the first two bytes of a keyword
	compiled map[string]*regexp.Regexp
	hits     []int
}

type keyword struct {
	tail string
	rule int
}

func newMatcher() *matcher {
	var file struct {
		Allow allowance `json:"allow"`
		Rules []rule    `json:"rules"`
	}
	if err := json.Unmarshal(rulesFile, &file); err != nil {
		panic("the embedded rules of secrets are broken: " + err.Error())
	}
	m := &matcher{allow: file.Allow, rules: file.Rules, compiled: map[string]*regexp.Regexp{}}
	for i, r := range m.rules {
		for _, k := range r.Keywords {
			if len(k) >= 2 {
				pair := int(k[0])<<8 | int(k[1])
				m.byPair[pair] = append(m.byPair[pair], keyword{k[2:], i})
			}
		}
	}
	return m
}

func (m *matcher) expression(s string) *regexp.Regexp {
	re, ok := m.compiled[s]
	if !ok {
		re = regexp.MustCompile(s)
		m.compiled[s] = re
	}
	return re
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// scan runs the rules whose keywords stand in one line.
func (c *collector) scan(line []byte, file string, p Place) {
	m := c.rules
	m.hits = m.hits[:0]
	for i := 0; i+1 < len(line); i++ {
		for _, k := range m.byPair[int(lower(line[i]))<<8|int(lower(line[i+1]))] {
			if hasFold(line[i+2:], k.tail) && !contains(m.hits, k.rule) {
				m.hits = append(m.hits, k.rule)
			}
		}
	}
	for _, h := range m.hits {
		r := &m.rules[h]
		if r.Path != "" && !m.expression(r.Path).MatchString(file) {
			continue
		}
		for _, at := range m.expression(r.Regex).FindAllSubmatch(line, 20) {
			secret := secretOf(at, r.Group)
			if r.Entropy > 0 && entropy(secret) <= r.Entropy || m.allowed(m.allow, secret, at[0], line, file) {
				continue
			}
			skip := false
			for _, a := range r.Allow {
				skip = skip || m.allowed(a, secret, at[0], line, file)
			}
			if !skip {
				c.add(r.ID, secret, p)
			}
		}
	}
}

// secretOf gives the group of the rule, else the first group that is not empty, else the match.
func secretOf(match [][]byte, group int) string {
	if group > 0 && group < len(match) {
		return string(match[group])
	}
	for _, g := range match[1:] {
		if len(g) > 0 {
			return string(g)
		}
	}
	return string(match[0])
}

func (m *matcher) allowed(a allowance, secret string, match, line []byte, file string) bool {
	target := secret
	switch a.Target {
	case "match":
		target = string(match)
	case "line":
		target = string(line)
	}
	var asked, met int
	any := func(n int, is func(int) bool) {
		if n == 0 {
			return
		}
		asked++
		for i := range n {
			if is(i) {
				met++
				return
			}
		}
	}
	any(len(a.Regexes), func(i int) bool { return m.expression(a.Regexes[i]).MatchString(target) })
	any(len(a.Stopwords), func(i int) bool { return strings.Contains(strings.ToLower(secret), strings.ToLower(a.Stopwords[i])) })
	any(len(a.Paths), func(i int) bool { return m.expression(a.Paths[i]).MatchString(file) })
	if a.And {
		return asked > 0 && met == asked
	}
	return met > 0
}

func hasFold(b []byte, tail string) bool {
	if len(b) < len(tail) {
		return false
	}
	for i := range len(tail) {
		if lower(b[i]) != tail[i] {
			return false
		}
	}
	return true
}

func contains(list []int, n int) bool {
	for _, x := range list {
		if x == n {
			return true
		}
	}
	return false
}
