package sshd

import (
	"fmt"
	"sort"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// rule says which values of one keyword are in order.
type rule struct {
	keyword string
	want    string // for people: no
	ok      func(value string, p check.Params) bool
}

// option makes a check of keywords. Match blocks are judged too: a block that weakens an option
// is a violation of its own.
func option(c check.Check, rules ...rule) *check.Check {
	c.Needs = []string{"installed", "config"}
	c.Rule = check.On(func(f Config, _ estate.View, p check.Params) check.Result {
		if !f.Installed {
			return check.Inapplicable("no SSH daemon is installed")
		}
		var vs []check.Violation
		var seen []string
		for _, r := range rules {
			o, ok := f.Options[r.keyword]
			if !ok || len(o.Values) == 0 {
				continue
			}
			v := strings.Join(o.Values, " ")
			seen = append(seen, fmt.Sprintf("%s %s (%s)", r.keyword, short(v), o.Source))
			if !r.ok(strings.ToLower(v), p) {
				vs = append(vs, r.violation("", "/options/"+r.keyword, o, v))
			} else if o, ok := f.Root[r.keyword]; ok && !r.ok(strings.ToLower(strings.Join(o.Values, " ")), p) {
				vs = append(vs, r.violation("@user root", "/root/"+r.keyword, o, strings.Join(o.Values, " ")))
			}
			for i, m := range f.Matches {
				o, ok := m.Options[r.keyword]
				if !ok || r.ok(strings.ToLower(strings.Join(o.Values, " ")), p) {
					continue
				}
				vs = append(vs, r.violation("@"+m.Criteria, fmt.Sprintf("/matches/%d/options/%s", i, r.keyword), o, strings.Join(o.Values, " ")))
			}
		}
		if len(seen) == 0 && len(vs) == 0 {
			return check.Inapplicable("this SSH daemon does not know the option")
		}
		return check.Failed(strings.Join(seen, ", "), vs)
	})
	return &c
}

func (r rule) violation(where, at string, o Option, value string) check.Violation {
	detail := fmt.Sprintf("%s is %s, want %s", r.keyword, short(value), r.want)
	if where != "" {
		detail += ", in the block Match " + where[1:]
	}
	return check.Violation{Key: "option:" + r.keyword + where, Detail: detail, At: at, Source: o.Source}
}

func short(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	if s == "" {
		return "empty"
	}
	return s
}

// is wants one of the values.
func is(keyword string, values ...string) rule {
	return rule{keyword, strings.Join(values, " or "), func(v string, _ check.Params) bool {
		for _, w := range values {
			if v == w {
				return true
			}
		}
		return false
	}}
}

// between wants a whole number from 1 (or 0 where zero is allowed) to the catalogue's parameter.
func between(keyword, param string, lowest int) rule {
	return rule{keyword, fmt.Sprintf("%d to the limit of the catalogue (%s)", lowest, param), func(v string, p check.Params) bool {
		n, ok := seconds(v)
		return ok && n >= lowest && n <= p.Int(param)
	}}
}

// without wants a comma separated list that holds none of the catalogue's parameter.
func without(keyword, param string) rule {
	return rule{keyword, "none of the weak ones", func(v string, p check.Params) bool {
		return len(weak(v, p.Strings(param))) == 0
	}}
}

func weak(list string, bad []string) []string {
	var out []string
	for _, a := range strings.Split(list, ",") {
		for _, b := range bad {
			if strings.TrimSpace(a) == b {
				out = append(out, a)
			}
		}
	}
	sort.Strings(out)
	return out
}

// seconds reads a number or a time of sshd_config(5): 120, 2m, 1h30m.
func seconds(v string) (int, bool) {
	total, n, digits := 0, 0, false
	for _, c := range v {
		unit := 0
		switch c {
		case 's':
			unit = 1
		case 'm':
			unit = 60
		case 'h':
			unit = 3600
		case 'd':
			unit = 86400
		case 'w':
			unit = 604800
		default:
			if c < '0' || c > '9' || n > 1<<24 {
				return 0, false
			}
			n, digits = n*10+int(c-'0'), true
			continue
		}
		if !digits {
			return 0, false
		}
		total, n, digits = total+n*unit, 0, false
	}
	return total + n, v != ""
}

// with is an example's daemon: OpenSSH's defaults, all that this package checks put right, then
// the given keyword and value pairs.
func with(pairs ...string) Config {
	c := Config{Installed: true, Effective: true, Options: map[string]Option{}}
	for k, v := range defaults {
		c.Options[k] = Option{Values: []string{v}, Source: "default"}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		c.Options[pairs[i]] = Option{Values: []string{pairs[i+1]}, Source: fmt.Sprintf("%s:%d", mainFile, 10+i)}
	}
	return c
}

// matching adds a Match block to an example.
func (c Config) matching(criteria, keyword, value string) Config {
	c.Matches = append(c.Matches, Match{Criteria: criteria, Source: mainFile + ":90", Options: map[string]Option{
		keyword: {Values: []string{value}, Source: mainFile + ":91"}}})
	return c
}
