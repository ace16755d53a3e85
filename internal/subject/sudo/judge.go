package sudo

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const (
	noSudo = "sudo is not installed: there is no /etc/sudoers"
	noDoas = "doas is not configured: there is no /etc/doas.conf"
)

// hasSudo tells whether sudo is configured at all.
func (s Sudo) hasSudo() bool {
	return slices.ContainsFunc(s.Files, func(f File) bool { return !strings.HasPrefix(f.Path, "/etc/doas") })
}

// on makes a rule for hosts with sudo.
func on(rule func(s Sudo, declared estate.View, p check.Params) check.Result) check.Rule {
	return check.On(func(s Sudo, declared estate.View, p check.Params) check.Result {
		if !s.hasSudo() {
			return check.Inapplicable(noSudo)
		}
		return rule(s, declared, p)
	})
}

// granted is one command that one user or group may run, with aliases resolved.
type granted struct {
	user    string // erika, %sudo, #1000, ALL
	command string
	runas   string
	tags    []string
	negated bool
	at      string
	source  string
}

// key names the holder: user:erika or group:sudo.
func (g granted) key() string {
	if group, ok := strings.CutPrefix(g.user, "%"); ok {
		return "group:" + group
	}
	return "user:" + g.user
}

// holder words the holder for people.
func (g granted) holder() string {
	switch {
	case g.user == "ALL":
		return "everybody"
	case strings.HasPrefix(g.user, "%"):
		return "group " + g.user[1:]
	}
	return g.user
}

func (g granted) fault(key, wrong string) check.Violation {
	return check.Violation{Key: key, Detail: wrong, At: g.at, Source: g.source}
}

// ruleKey names a command of a holder: what one would edit.
func (g granted) ruleKey() string { return "rule:" + g.user + " " + g.command }

func (g granted) has(tag string) bool { return slices.Contains(g.tags, tag) }

// isRoot tells whether the holder is root already.
func (g granted) isRoot() bool { return g.user == "root" || g.user == "#0" || g.user == "%root" }

// grants gives every command of every holder, with aliases resolved.
func (s Sudo) grants() []granted {
	var out []granted
	for i, r := range s.Rules {
		for _, user := range s.expand("User_Alias", r.Users, 0) {
			if strings.HasPrefix(user, "!") {
				continue
			}
			for j, c := range r.Commands {
				for _, command := range s.expand("Cmnd_Alias", []string{c.Command}, 0) {
					negated := c.Negated
					if rest, ok := strings.CutPrefix(command, "!"); ok {
						command, negated = strings.TrimSpace(rest), !negated
					}
					out = append(out, granted{user, command, c.RunAs, c.Tags, negated, fmt.Sprintf("/rules/%d/commands/%d", i, j), r.Source})
				}
			}
		}
	}
	return out
}

// maxAlias is how deep aliases may name each other; sudo refuses loops.
const maxAlias = 16

// expand resolves aliases of a kind. A ! before an alias passes on to its members.
func (s Sudo) expand(kind string, list []string, depth int) []string {
	var out []string
	for _, item := range list {
		name := strings.TrimLeft(item, "! ")
		i := slices.IndexFunc(s.Aliases, func(a Alias) bool { return a.Kind == kind && a.Name == name })
		if i < 0 || depth >= maxAlias || len(out) > 10_000 {
			out = append(out, item)
			continue
		}
		for _, m := range s.expand(kind, s.Aliases[i].Members, depth+1) {
			if strings.Count(item[:len(item)-len(name)], "!")%2 == 1 {
				if rest, negated := strings.CutPrefix(m, "!"); negated {
					m = strings.TrimSpace(rest)
				} else {
					m = "!" + m
				}
			}
			out = append(out, m)
		}
	}
	return out
}

// setting gives the last setting of a name that holds for all.
func (s Sudo) setting(name string) (d Default, at string, ok bool) {
	for i, one := range s.Defaults {
		if one.Name == name && one.Scope == "" {
			d, at, ok = one, fmt.Sprintf("/defaults/%d", i), true
		}
	}
	return d, at, ok
}

// faultOf reports one setting.
func (s Sudo) faultOf(i int, wrong string) check.Violation {
	d := s.Defaults[i]
	key := "setting:" + d.Name
	if d.Scope != "" {
		key += " " + d.Scope
	}
	return check.Violation{Key: key, Detail: wrong, At: fmt.Sprintf("/defaults/%d", i), Source: d.Source}
}

// program gives the file of a command, without arguments.
func program(command string) string {
	name, _, _ := strings.Cut(command, " ")
	return name
}

func base(command string) string { return path.Base(program(command)) }
