package sudo

import (
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Everyone demands that no rule makes everybody root.
var Everyone = &check.Check{
	ID:           "sudo-everyone",
	Title:        "No rule lets everybody run everything",
	Doc:          "A rule for user ALL holds for each account, those of services too.",
	Remedy:       "In \"visudo\", write %sudo (or %wheel) in place of the first ALL.",
	Requirements: []string{"A.5.2.1", "A.5.6.1"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		shared := false
		for _, name := range []string{"rootpw", "targetpw"} {
			if d, _, ok := s.setting(name); ok && !d.Off {
				shared = true // the caller must know root's password anyway
			}
		}
		for _, g := range s.grants() {
			if g.user == "ALL" && g.command == "ALL" && !g.negated && (!shared || g.has("NOPASSWD")) {
				vs = append(vs, g.fault("user:ALL", "everybody may run every command"))
			}
		}
		return check.Failed("no rule lets everybody run everything", vs)
	}),
	Examples: []check.Example{
		check.Passes("as Debian installs it", example()),
		check.Passes("SUSE asks for root's password", example("Defaults targetpw", "ALL ALL=(ALL) ALL")),
		check.Passes("one command for everybody", example("ALL ALL=(root) /usr/bin/uptime")),
		check.Fails("all for all", example("ALL ALL=(ALL:ALL) ALL"), "user:ALL"),
	},
}

// KnownAdmins demands that who may run everything is known.
var KnownAdmins = &check.Check{
	ID:           "sudo-admin-known",
	Title:        "Whoever may run every command is a known administrator",
	Doc:          "A rule for ALL commands makes its holder root. Each must be the account of a known person, or a group of administrators, so that access ends when the person leaves.",
	Remedy:       "Declare the account under people (accounts: {admin: NAME}) in the estate; otherwise remove the rule: \"grep -rn NAME /etc/sudoers /etc/sudoers.d\".",
	Requirements: []string{"A.5.1.6", "A.5.6.1", "A.5.6.2"},
	References:   []string{"ANSSI BP-028 R38"},
	Needs:        []string{PartSudoers, PartDoas},
	Rule: check.On(func(s Sudo, declared estate.View, p check.Params) check.Result {
		if len(s.Files) == 0 {
			return check.Inapplicable("neither sudo nor doas is configured")
		}
		var vs []check.Violation
		for _, g := range s.grants() {
			if g.command == "ALL" && !g.negated && !g.isRoot() && g.user != "ALL" {
				if wrong := stranger(g.key(), declared, p); wrong != "" {
					vs = append(vs, g.fault(g.key(), g.holder()+" may run every command "+wrong))
				}
			}
		}
		for _, d := range s.Doas {
			if d.Permit && d.Command == "" && d.Identity != "root" {
				if wrong := stranger(d.key(), declared, p); wrong != "" {
					vs = append(vs, check.Violation{Key: d.key(), Detail: d.holder() + " may run every command by doas " + wrong, Source: d.Source})
				}
			}
		}
		if len(vs) > 0 && len(declared.Accounts()) == 0 {
			return check.Unseen("declare people with their accounts in an estate: without it nobody can tell whether these are administrators: " + holders(vs))
		}
		return check.Failed("root, groups of administrators and known people alone may run every command", vs)
	}),
	Examples: []check.Example{
		check.Passes("a group of administrators", example()),
		check.Passes("a known person", example("adm-erika ALL=(ALL) ALL")).Given(staffed),
		check.Passes("doas", doas("permit persist :wheel")).Given(staffed),
		check.Fails("nobody's account, and another group", example("deploy ALL=(ALL) ALL", "%devs ALL=(ALL) ALL"), "group:devs", "user:deploy").Given(staffed),
		check.Fails("nobody's account by doas", doas("permit deploy as root"), "user:deploy").Given(staffed),
		check.Leaves("no estate", example("deploy ALL=(ALL) ALL")),
		check.Skips("neither", none()),
	},
}

// stranger says why a holder is no known administrator, or nothing.
func stranger(key string, declared estate.View, p check.Params) string {
	kind, name, _ := strings.Cut(key, ":")
	if kind == "group" {
		if p.Has("groups", name) {
			return ""
		}
		return "and is not one of the groups of administrators"
	}
	if person, _ := declared.Estate.PersonByAccount(name); person != nil {
		return ""
	}
	return "and belongs to nobody in the estate"
}

func holders(vs []check.Violation) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.Key)
	}
	return strings.Join(out, ", ")
}

// Negation demands that rules do not forbid single commands.
var Negation = &check.Check{
	ID:           "sudo-negation",
	Title:        "No rule allows everything but some commands",
	Doc:          "A forbidden command is run under another name: who may run everything but /bin/su copies it, or starts a shell from an editor.",
	Remedy:       "In \"visudo\", list the commands that are needed in place of ALL with exceptions.",
	Requirements: []string{"A.5.2.1", "A.5.6.1"},
	References:   []string{"ANSSI BP-028 R42"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for _, g := range s.grants() {
			if g.negated {
				vs = append(vs, g.fault(g.ruleKey(), g.holder()+" is forbidden "+g.command+", which is no protection"))
			}
		}
		return check.Failed("no rule forbids single commands", vs)
	}),
	Examples: []check.Example{
		check.Passes("as Debian installs it", example()),
		check.Fails("all but su", example("erika ALL=(ALL) ALL, !/bin/su"), "rule:erika /bin/su"),
		check.Fails("by an alias", example("Cmnd_Alias SHELLS = /bin/sh, /bin/bash", "%ops ALL = ALL, !SHELLS"), "rule:%ops /bin/bash", "rule:%ops /bin/sh"),
	},
}

// Wildcards demands that commands are named in full.
var Wildcards = &check.Check{
	ID:           "sudo-wildcard",
	Title:        "Commands of rules hold no wildcards",
	Doc:          "A * in arguments matches spaces and slashes too: /bin/cat /var/log/* also allows /bin/cat /var/log/syslog /etc/shadow.",
	Remedy:       "In \"visudo\", name the arguments in full, or use a regular expression (sudo 1.9.10 and later): /bin/cat ^/var/log/[a-z]+\\.log$",
	Requirements: []string{"A.5.2.1", "A.5.6.1"},
	References:   []string{"ANSSI BP-028 R43"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for _, g := range s.grants() {
			if g.negated || g.isRoot() || g.command == "ALL" {
				continue
			}
			_, args, _ := strings.Cut(g.command, " ")
			switch {
			case strings.ContainsAny(program(g.command), "*?["):
				vs = append(vs, g.fault(g.ruleKey(), g.holder()+" may run every program that matches "+program(g.command)))
			case strings.Contains(args, "*") && !strings.HasPrefix(args, "^"):
				vs = append(vs, g.fault(g.ruleKey(), g.holder()+" may run "+g.command+" with any text in place of *"))
			}
		}
		return check.Failed("no command holds a wildcard", vs)
	}),
	Examples: []check.Example{
		check.Passes("named in full", example("deploy ALL = /usr/bin/systemctl restart shop")),
		check.Passes("a regular expression", example(`deploy ALL = /bin/cat ^/var/log/[a-z]*\.log$`)),
		check.Fails("in arguments", example("deploy ALL = /bin/cat /var/log/*"), "rule:deploy /bin/cat /var/log/*"),
		check.Fails("in the path", example("deploy ALL = /usr/local/bin/*"), "rule:deploy /usr/local/bin/*"),
	},
}
