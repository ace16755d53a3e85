package sudo

import (
	"fmt"
	"strconv"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// PasswordForAll demands a password before all commands.
var PasswordForAll = &check.Check{
	ID:           "sudo-nopasswd-all",
	Title:        "Nobody runs every command without a password",
	Doc:          "With NOPASSWD for ALL a program that runs in the account, or a key of it that leaked, is root at once. Automation needs a few commands, not all.",
	Remedy:       "In \"visudo\", take NOPASSWD away, or name the commands: deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop",
	Requirements: []string{"A.5.2.1", "A.5.6.1", "A.5.6.4"},
	References:   []string{"CIS Debian 12 5.2.4"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for _, g := range s.grants() {
			if g.command == "ALL" && !g.negated && g.has("NOPASSWD") && !g.isRoot() {
				vs = append(vs, g.fault(g.key(), g.holder()+" may run every command without a password"))
			}
		}
		return check.Failed("a password is asked for before every rule for ALL commands", vs)
	}),
	Examples: []check.Example{
		check.Passes("as Debian installs it", example()),
		check.Passes("one command", example("deploy ALL=(root) NOPASSWD: /usr/bin/systemctl restart shop")),
		check.Passes("taken back by PASSWD", example("erika ALL=(ALL) NOPASSWD: /bin/true, PASSWD: ALL")),
		check.Fails("a cloud image", example("ubuntu ALL=(ALL) NOPASSWD:ALL"), "user:ubuntu"),
		check.Fails("by aliases", example("User_Alias ADMINS = erika, %ops", "Cmnd_Alias THINGS = /bin/ls, ALL", "ADMINS ALL = NOPASSWD: THINGS"), "group:ops", "user:erika"),
		check.Skips("no sudo", none()),
		check.Leaves("unread", unread(PartSudoers)),
	},
}

// Authenticates demands that sudo asks at all.
var Authenticates = &check.Check{
	ID:           "sudo-authenticate",
	Title:        "sudo asks who is there",
	Doc:          "Defaults !authenticate turns off the question for a password for every rule that it covers, however the rule is written.",
	Remedy:       "Remove !authenticate from the Defaults lines: \"grep -rn '!authenticate' /etc/sudoers /etc/sudoers.d\".",
	Requirements: []string{"A.5.2.1", "A.5.6.4"},
	References:   []string{"CIS Debian 12 5.2.5"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, d := range s.Defaults {
			if d.Name == "authenticate" && d.Off {
				vs = append(vs, s.faultOf(i, "!authenticate is set, so no password is asked for"))
			}
		}
		return check.Failed("no Defaults line turns authentication off", vs)
	}),
	Examples: []check.Example{
		check.Passes("default", example()),
		check.Fails("off", example("Defaults !authenticate"), "setting:authenticate"),
		check.Fails("off for one", example("Defaults:deploy !authenticate"), "setting:authenticate :deploy"),
		check.Skips("no sudo", none()),
	},
}

// Timeout demands that sudo asks again after a while.
var Timeout = &check.Check{
	ID:           "sudo-timestamp-timeout",
	Title:        "sudo asks again after a quarter of an hour",
	Doc:          "As long as sudo remembers the password, whoever gets at the terminal is root. A negative value remembers it for ever.",
	Remedy:       "Remove the setting (the default is 15 minutes) or put \"Defaults timestamp_timeout=15\" in \"visudo\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.2.6"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		for i, d := range s.Defaults {
			if d.Name != "timestamp_timeout" || d.Off {
				continue // !timestamp_timeout means 0: asked each time
			}
			minutes, err := strconv.ParseFloat(d.Value, 64)
			if err != nil || minutes < 0 || minutes > float64(p.Int("minutes")) {
				vs = append(vs, s.faultOf(i, fmt.Sprintf("timestamp_timeout is %s, want 0 to %d minutes", d.Value, p.Int("minutes"))))
			}
		}
		return check.Failed("a password is remembered for a quarter of an hour at most", vs)
	}),
	Examples: []check.Example{
		check.Passes("default", example()),
		check.Passes("5 minutes", example("Defaults timestamp_timeout = 5")),
		check.Fails("for ever", example("Defaults timestamp_timeout=-1"), "setting:timestamp_timeout"),
		check.Fails("an hour", example("Defaults env_reset,timestamp_timeout=60"), "setting:timestamp_timeout"),
	},
}

// OwnPassword demands that people give their own password.
var OwnPassword = &check.Check{
	ID:           "sudo-own-password",
	Title:        "sudo asks for one's own password",
	Doc:          "With rootpw or targetpw everybody needs to know one shared password, which nobody can take back from a single person.",
	Remedy:       "In \"visudo\", remove rootpw, targetpw and runaspw, and on SUSE the line \"ALL ALL=(ALL) ALL\" with them.",
	Requirements: []string{"A.5.6.2"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, d := range s.Defaults {
			if (d.Name == "rootpw" || d.Name == "targetpw" || d.Name == "runaspw") && !d.Off {
				vs = append(vs, s.faultOf(i, d.Name+" is set, so sudo asks for the password of another account"))
			}
		}
		return check.Failed("sudo asks for the password of its caller", vs)
	}),
	Examples: []check.Example{
		check.Passes("default", example()),
		check.Fails("SUSE", example("Defaults targetpw"), "setting:targetpw"),
	},
}

// DoasPassword demands a password before all commands of doas.
var DoasPassword = &check.Check{
	ID:           "sudo-doas-nopass",
	Title:        "Nobody runs every command by doas without a password",
	Doc:          "permit nopass without cmd makes a program that runs in the account root at once.",
	Remedy:       "In /etc/doas.conf write \"permit persist :wheel\" in place of nopass, or name the command: \"permit nopass deploy cmd /sbin/rc-service args shop restart\".",
	Requirements: []string{"A.5.2.1", "A.5.6.1", "A.5.6.4"},
	Needs:        []string{PartDoas},
	Rule: check.On(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		if len(s.Doas) == 0 {
			return check.Inapplicable(noDoas)
		}
		var vs []check.Violation
		for i, d := range s.Doas {
			if d.Permit && d.Command == "" && d.has("nopass") && d.Identity != "root" && (d.Target == "" || d.Target == "root") {
				vs = append(vs, check.Violation{Key: d.key(), Detail: d.holder() + " may run every command by doas without a password",
					At: fmt.Sprintf("/doas/%d", i), Source: d.Source})
			}
		}
		return check.Failed("doas asks for a password before all commands", vs)
	}),
	Examples: []check.Example{
		check.Passes("wheel", doas("permit persist :wheel")),
		check.Passes("one command", doas("permit nopass deploy cmd /sbin/rc-service args shop restart")),
		check.Fails("all", doas("permit nopass keepenv :wheel", "permit nopass erika as root"), "group:wheel", "user:erika"),
		check.Skips("no doas", example()),
	},
}

func (d Doas) key() string {
	if d.Identity[0] == ':' {
		return "group:" + d.Identity[1:]
	}
	return "user:" + d.Identity
}

func (d Doas) holder() string {
	if d.Identity[0] == ':' {
		return "group " + d.Identity[1:]
	}
	return d.Identity
}

func (d Doas) has(option string) bool {
	for _, o := range d.Options {
		if o == option {
			return true
		}
	}
	return false
}
