package sudo

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// UsePTY demands a terminal of its own for each command.
var UsePTY = &check.Check{
	ID:           "sudo-use-pty",
	Title:        "sudo runs commands in a terminal of their own",
	Doc:          "Without it a program that sudo started can leave a child behind that types into the caller's terminal after the command has ended.",
	Remedy:       "\"echo 'Defaults use_pty' > /etc/sudoers.d/use_pty && chmod 0440 /etc/sudoers.d/use_pty && visudo -c\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.2.2", "ANSSI BP-028 R39"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		d, at, ok := s.setting("use_pty")
		if ok && !d.Off {
			return check.Passed("use_pty is set")
		}
		v := check.Violation{Key: "setting:use_pty", Detail: "use_pty is not set (it is the default only since sudo 1.9.14)", Source: "/etc/sudoers"}
		if ok {
			v.Detail, v.At, v.Source = "use_pty is turned off", at, d.Source
		}
		return check.Failed("", []check.Violation{v})
	}),
	Examples: []check.Example{
		check.Passes("as Debian installs it", example()),
		check.Fails("off", example("Defaults !use_pty"), "setting:use_pty"),
		check.Fails("not set", bare("root ALL=(ALL) ALL"), "setting:use_pty"),
		check.Skips("no sudo", none()),
	},
}

// Logs demands that sudo leaves a trace.
var Logs = &check.Check{
	ID:           "sudo-log-on",
	Title:        "sudo logs what it runs",
	Doc:          "The log of sudo is what tells who did what as root. It goes to syslog unless that is turned off.",
	Remedy:       "Remove \"Defaults !syslog\" and \"Defaults !log_allowed\" in \"visudo\".",
	Requirements: []string{"A.5.2.1", "A.5.6.5"},
	References:   []string{"ANSSI BP-028 R33"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		_, _, file := s.setting("logfile")
		for i, d := range s.Defaults {
			if d.Off && (d.Name == "log_allowed" || d.Name == "syslog" && !file) {
				vs = append(vs, s.faultOf(i, d.Name+" is turned off, so commands leave no trace"))
			}
		}
		return check.Failed("sudo logs to syslog or a file", vs)
	}),
	Examples: []check.Example{
		check.Passes("syslog by default", example()),
		check.Passes("a file instead", example("Defaults !syslog", "Defaults logfile=/var/log/sudo.log")),
		check.Fails("off", example("Defaults !syslog"), "setting:syslog"),
		check.Fails("off for one", example("Defaults:erika !log_allowed"), "setting:log_allowed :erika"),
	},
}

// LogFile demands a log of its own.
var LogFile = &check.Check{
	ID:           "sudo-logfile",
	Title:        "sudo has a log file of its own",
	Doc:          "In a file of its own the record of what ran as root is easy to watch and to ship; among other messages of syslog it is easily lost.",
	Remedy:       "\"echo 'Defaults logfile=/var/log/sudo.log' > /etc/sudoers.d/logfile && chmod 0440 /etc/sudoers.d/logfile && visudo -c\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.2.3"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		for _, name := range []string{"logfile", "log_servers", "iolog_dir", "log_output"} {
			if d, _, ok := s.setting(name); ok && !d.Off {
				return check.Passed(strings.TrimSpace(name + " is set " + d.Value))
			}
		}
		return check.Failed("", []check.Violation{{Key: "setting:logfile", Detail: "logfile is not set: sudo logs to syslog only", Source: "/etc/sudoers"}})
	}),
	Examples: []check.Example{
		check.Passes("a file", example(`Defaults logfile="/var/log/sudo.log"`)),
		check.Fails("not set", example(), "setting:logfile"),
		check.Skips("no sudo", none()),
	},
}

// Environment demands that callers do not bring variables that change programs.
var Environment = &check.Check{
	ID:           "sudo-environment",
	Title:        "sudo cleans the environment",
	Doc:          "Variables such as LD_PRELOAD or PYTHONPATH decide which code a program loads. Whoever may keep them turns every allowed command into any command.",
	Remedy:       "In \"visudo\", set \"Defaults env_reset\" and take such variables out of env_keep.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R39"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		for i, d := range s.Defaults {
			switch {
			case d.Name == "env_reset" && d.Off:
				vs = append(vs, s.faultOf(i, "env_reset is turned off, so commands get the caller's variables"))
			case d.Name == "env_keep" && !d.Off && d.Op != "-=":
				for name := range strings.FieldsSeq(d.Value) {
					name, _, _ = strings.Cut(name, "=")
					if name == "*" || p.Has("variables", name) {
						vs = append(vs, check.Violation{Key: "variable:" + name, Detail: "env_keep lets the caller set " + name, At: fmt.Sprintf("/defaults/%d", i), Source: d.Source})
					}
				}
			}
		}
		return check.Failed("commands get a clean environment", vs)
	}),
	Examples: []check.Example{
		check.Passes("as Debian installs it", example()),
		check.Passes("harmless variables", example(`Defaults:%sudo env_keep += "http_proxy EDITOR LC_*"`)),
		check.Fails("off", example("Defaults !env_reset"), "setting:env_reset"),
		check.Fails("preload", example(`Defaults env_keep += "LANG LD_PRELOAD PYTHONPATH"`), "variable:LD_PRELOAD", "variable:PYTHONPATH"),
	},
}

// SecurePath demands a fixed search path.
var SecurePath = &check.Check{
	ID:           "sudo-secure-path",
	Title:        "sudo looks for programs in fixed folders",
	Doc:          "Without secure_path a command without a path is looked for where the caller says, and scripts of root call programs by name.",
	Remedy:       "In \"visudo\": Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, p check.Params) check.Result {
		d, at, ok := s.setting("secure_path")
		v := check.Violation{Key: "setting:secure_path", Detail: "secure_path is not set", Source: "/etc/sudoers"}
		if !ok || d.Off {
			return check.Failed("", []check.Violation{v})
		}
		v.At, v.Source = at, d.Source
		for dir := range strings.SplitSeq(d.Value, ":") {
			if !strings.HasPrefix(dir, "/") || slices.ContainsFunc(p.Strings("open"), func(o string) bool { return dir == o || strings.HasPrefix(dir, o+"/") }) {
				v.Detail = fmt.Sprintf("secure_path holds %q, where others can put programs", dir)
				return check.Failed("", []check.Violation{v})
			}
		}
		return check.Passed("secure_path is " + d.Value)
	}),
	Examples: []check.Example{
		check.Passes("as Debian installs it", example()),
		check.Fails("not set", bare("Defaults use_pty"), "setting:secure_path"),
		check.Fails("the current folder", example(`Defaults secure_path="/usr/bin:."`), "setting:secure_path"),
		check.Fails("somebody's home", example(`Defaults secure_path="/home/erika/bin:/usr/bin"`), "setting:secure_path"),
	},
}
