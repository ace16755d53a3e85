package sshd

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// RootLogin: nobody logs in as root.
var RootLogin = option(check.Check{
	ID:           "sshd-root-login",
	Title:        "Root cannot log in over SSH",
	Doc:          "A log-in as root belongs to nobody: the record cannot say who it was, and one stolen key or guessed password is the whole host.",
	Remedy:       "echo 'PermitRootLogin no' > /etc/ssh/sshd_config.d/10-root.conf && systemctl reload ssh\n# first make sure that another account can log in and use sudo",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	References:   []string{"CIS Debian 12 5.1.20"},
	Examples: []check.Example{
		check.Passes("off", with("permitrootlogin", "no")),
		check.Fails("on", with("permitrootlogin", "yes"), "option:permitrootlogin"),
		check.Fails("keys only is still root", with("permitrootlogin", "prohibit-password"), "option:permitrootlogin"),
		check.Fails("a Match block opens it again", with("permitrootlogin", "no").matching("address 10.0.0.0/8", "permitrootlogin", "yes"), "option:permitrootlogin@address 10.0.0.0/8"),
		check.Skips("no daemon", Config{}),
	},
}, is("permitrootlogin", "no"))

// EmptyPasswords: an account without a password is not open to the network.
var EmptyPasswords = option(check.Check{
	ID:           "sshd-empty-passwords",
	Title:        "Accounts with an empty password cannot log in over SSH",
	Doc:          "An account without a password is open to anybody who knows its name.",
	Remedy:       "echo 'PermitEmptyPasswords no' > /etc/ssh/sshd_config.d/10-empty.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.6.4"},
	References:   []string{"CIS Debian 12 5.1.19"},
	Examples: []check.Example{
		check.Passes("refused", with("permitemptypasswords", "no")),
		check.Fails("allowed", with("permitemptypasswords", "yes"), "option:permitemptypasswords"),
	},
}, is("permitemptypasswords", "no"))

// Hostbased: a host's word is no proof of a person.
var Hostbased = option(check.Check{
	ID:           "sshd-host-based-logins",
	Title:        "Log-ins on the word of another host are off",
	Doc:          "HostbasedAuthentication and .rhosts let in whoever controls another host, without any credential of a person.",
	Remedy:       "printf 'HostbasedAuthentication no\\nIgnoreRhosts yes\\n' > /etc/ssh/sshd_config.d/10-hostbased.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	References:   []string{"CIS Debian 12 5.1.10", "CIS Debian 12 5.1.11"},
	Examples: []check.Example{
		check.Passes("both off", with("hostbasedauthentication", "no", "ignorerhosts", "yes")),
		check.Passes("shosts only, which needs host-based to work", with("ignorerhosts", "shosts-only")),
		check.Fails("host-based on", with("hostbasedauthentication", "yes"), "option:hostbasedauthentication"),
		check.Fails("rhosts read", with("ignorerhosts", "no"), "option:ignorerhosts"),
	},
}, is("hostbasedauthentication", "no"), is("ignorerhosts", "yes", "shosts-only"))

// SecondFactor: a password alone does not open the door, directly or through PAM's dialogue.
var SecondFactor = &check.Check{
	ID:           "sshd-password-alone",
	Title:        "A password alone does not open an SSH session",
	Doc:          "Passwords are guessed, reused and phished. A log-in needs a key (with a user-verified FIDO2 key counting as both factors) or two methods together.",
	Remedy:       "printf 'PasswordAuthentication no\\nKbdInteractiveAuthentication no\\n' > /etc/ssh/sshd_config.d/10-keys.conf && systemctl reload ssh\n# or ask for two: AuthenticationMethods publickey,keyboard-interactive",
	Requirements: []string{"A.5.6.4"},
	References:   []string{"ANSSI BP-028"},
	Needs:        []string{"installed", "config"},
	Rule:         check.On(passwordAlone),
	Examples: []check.Example{
		check.Passes("keys only", with("passwordauthentication", "no", "kbdinteractiveauthentication", "no")),
		check.Passes("key and dialogue", with("authenticationmethods", "publickey,keyboard-interactive")),
		check.Passes("the dialogue without PAM has nothing to ask", with("passwordauthentication", "no", "usepam", "no")),
		check.Fails("passwords", with("passwordauthentication", "yes", "kbdinteractiveauthentication", "no"), "option:passwordauthentication"),
		check.Fails("PAM asks for the password", with("passwordauthentication", "no", "usepam", "yes", "kbdinteractiveauthentication", "yes"), "option:kbdinteractiveauthentication"),
		check.Fails("one of two lists is a password alone", with("authenticationmethods", "publickey password"), "option:authenticationmethods"),
		check.Fails("a Match block", with("passwordauthentication", "no", "kbdinteractiveauthentication", "no").matching("user backup", "passwordauthentication", "yes"), "option:passwordauthentication@user backup"),
	},
}

func passwordAlone(f Config, _ estate.View, _ check.Params) check.Result {
	if !f.Installed {
		return check.Inapplicable("no SSH daemon is installed")
	}
	var vs []check.Violation
	add := func(keyword, where, at string, o Option, text string) {
		vs = append(vs, check.Violation{Key: "option:" + keyword + where, Detail: text, At: at, Source: o.Source})
	}
	methods := f.Options["authenticationmethods"]
	if m := strings.ToLower(strings.Join(methods.Values, " ")); m != "" && m != "any" {
		for _, list := range strings.Fields(m) {
			if !strings.Contains(list, ",") && !strings.HasPrefix(list, "publickey") && !strings.HasPrefix(list, "gssapi") {
				add("authenticationmethods", "", "/options/authenticationmethods", methods, fmt.Sprintf("authenticationmethods lets %q suffice", list))
			}
		}
		return check.Failed("authenticationmethods is "+m+" ("+methods.Source+")", vs)
	}
	if f.Value("passwordauthentication") != "no" {
		add("passwordauthentication", "", "/options/passwordauthentication", f.Options["passwordauthentication"], "passwordauthentication is yes: a password alone lets in")
	}
	if f.Value("kbdinteractiveauthentication") != "no" && f.Value("usepam") == "yes" {
		add("kbdinteractiveauthentication", "", "/options/kbdinteractiveauthentication", f.Options["kbdinteractiveauthentication"], "kbdinteractiveauthentication is yes with PAM: it asks for the password; want no, or publickey with it in authenticationmethods")
	}
	for i, m := range f.Matches {
		o, ok := m.Options["passwordauthentication"]
		if ok && len(o.Values) > 0 && strings.EqualFold(o.Values[0], "yes") {
			add("passwordauthentication", "@"+m.Criteria, fmt.Sprintf("/matches/%d/options/passwordauthentication", i), o, "passwordauthentication is yes in the block Match "+m.Criteria)
		}
	}
	return check.Failed("passwords alone are refused", vs)
}

// AllowList: log-ins are a list, not everybody with a shell.
var AllowList = &check.Check{
	ID:           "sshd-allow-list",
	Title:        "Who may log in over SSH is a list",
	Doc:          "Without AllowUsers or AllowGroups every account that gets a password or a key one day can log in, service accounts too.",
	Remedy:       "groupadd -f ssh-users && usermod -aG ssh-users NAME\necho 'AllowGroups ssh-users' > /etc/ssh/sshd_config.d/10-allow.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1", "A.5.6.1"},
	References:   []string{"CIS Debian 12 5.1.4"},
	Needs:        []string{"installed", "config"},
	Rule: check.On(func(f Config, _ estate.View, _ check.Params) check.Result {
		if !f.Installed {
			return check.Inapplicable("no SSH daemon is installed")
		}
		for _, k := range []string{"allowusers", "allowgroups", "denyusers", "denygroups"} {
			if o, ok := f.Options[k]; ok && len(o.Values) > 0 {
				return check.Passed(fmt.Sprintf("%s %s (%s)", k, short(strings.Join(o.Values, " ")), o.Source))
			}
		}
		return check.Failed("", []check.Violation{{Key: "option:allowgroups", At: "/options",
			Detail: "none of AllowUsers, AllowGroups, DenyUsers and DenyGroups is set", Source: mainFile}})
	}),
	Examples: []check.Example{
		check.Passes("a group", with("allowgroups", "ssh-users")),
		check.Fails("everybody", with(), "option:allowgroups"),
	},
}

// LoginGrace and the options beside it bound what an unknown caller can cost.
var LoginGrace = option(check.Check{
	ID:           "sshd-login-limits",
	Title:        "Tries and time to log in over SSH are limited",
	Doc:          "A long grace time and many tries a connection help whoever guesses passwords, and hold connections open that others need.",
	Remedy:       "printf 'LoginGraceTime 60\\nMaxAuthTries 4\\n' > /etc/ssh/sshd_config.d/10-limits.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.1.13", "CIS Debian 12 5.1.16"},
	Examples: []check.Example{
		check.Passes("limited", with("logingracetime", "1m", "maxauthtries", "4")),
		check.Fails("no end", with("logingracetime", "0", "maxauthtries", "4"), "option:logingracetime"),
		check.Fails("OpenSSH's defaults", with(), "option:logingracetime", "option:maxauthtries"),
	},
}, between("logingracetime", "grace", 1), between("maxauthtries", "tries", 1))

// MaxSessions bounds one connection, MaxStartups all that have not logged in.
var MaxSessions = option(check.Check{
	ID:           "sshd-connection-limits",
	Title:        "Open and unfinished SSH connections are limited",
	Doc:          "Without a limit on connections that have not logged in, anybody can keep administrators out.",
	Remedy:       "printf 'MaxSessions 10\\nMaxStartups 10:30:60\\n' > /etc/ssh/sshd_config.d/10-sessions.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.1.17", "CIS Debian 12 5.1.18"},
	Examples: []check.Example{
		check.Passes("10:30:60", with("maxstartups", "10:30:60")),
		check.Fails("OpenSSH's default ends at 100", with("maxstartups", "10:30:100"), "option:maxstartups"),
		check.Fails("many sessions", with("maxstartups", "10:30:60", "maxsessions", "100"), "option:maxsessions"),
	},
}, between("maxsessions", "sessions", 0), rule{"maxstartups", "10:30:60 or less", startups})

func startups(v string, p check.Params) bool {
	var begin, rate, full int
	if n, _ := fmt.Sscanf(v, "%d:%d:%d", &begin, &rate, &full); n == 1 {
		full = begin
	} else if n != 3 {
		return false
	}
	return begin <= p.Int("begin") && full <= p.Int("full")
}

// KeepAlive ends sessions whose client went away.
var KeepAlive = option(check.Check{
	ID:           "sshd-dead-sessions",
	Title:        "Sessions of vanished clients end",
	Doc:          "A session whose client is gone stays open for whoever finds the terminal or the connection.",
	Remedy:       "printf 'ClientAliveInterval 15\\nClientAliveCountMax 3\\n' > /etc/ssh/sshd_config.d/10-alive.conf && systemctl reload ssh",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.1.7"},
	Examples: []check.Example{
		check.Passes("asked every 15 s", with("clientaliveinterval", "15")),
		check.Fails("never asked", with(), "option:clientaliveinterval"),
	},
}, between("clientaliveinterval", "interval", 1), between("clientalivecountmax", "count", 1))
