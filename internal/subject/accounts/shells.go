package accounts

import (
	"strconv"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// SystemLogIn demands that nobody can log in to a service's account.
var SystemLogIn = &check.Check{
	ID:           "accounts-system-login",
	Title:        "Nobody can log in to a system account",
	Doc:          "Accounts of services belong to no person. One with a shell and a password or key is a door that nobody watches.",
	Remedy:       "\"usermod --lock --shell /usr/sbin/nologin NAME\", and remove its ~/.ssh/authorized_keys.",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	References:   []string{"CIS Debian 12 5.4.2.7", "ANSSI BP-028 R34"},
	Needs:        []string{PartPasswd, PartShadow, PartKeys},
	Rule: perUser("no system account has a shell with a password or key", func(a Accounts, u User, _ check.Params) string {
		if !a.isSystem(u) || !a.canLogIn(u) {
			return ""
		}
		if u.takesPassword() {
			return "is a system account with shell " + shell(u) + " and a password"
		}
		return "is a system account with shell " + shell(u) + " and an authorised key"
	}),
	Examples: []check.Example{
		check.Passes("nologin", debian()),
		check.Passes("a shell for su only", debian(add("postgres", 101))),
		check.Fails("a password", debian(add("backup", 34, hashed)), "user:backup"),
		check.Fails("a key", debian(add("www-data", 33), keys("www-data", 33, stranger())), "user:www-data"),
		check.Leaves("unread", unread(PartKeys)),
	},
}

func shell(u User) string {
	if u.Shell == "" {
		return "/bin/sh"
	}
	return u.Shell
}

// SystemShell demands that system accounts have no shell.
var SystemShell = &check.Check{
	ID:           "accounts-system-shell",
	Title:        "System accounts have no shell",
	Doc:          "A shell on a service's account is of use only to somebody who broke into the service, or to a habit of \"su - postgres\"; sudo -u does the same and is logged.",
	Remedy:       "\"usermod --shell /usr/sbin/nologin NAME\"; work with \"sudo -u NAME COMMAND\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.2.7", "ANSSI BP-028 R34"},
	Needs:        []string{PartPasswd},
	Rule: perUser("no system account has a shell", func(a Accounts, u User, p check.Params) string {
		if a.isSystem(u) && u.HasShell() && !p.Has("except", u.Name) {
			return "is a system account with shell " + shell(u)
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("nologin", debian()),
		check.Passes("sync runs sync", debian(add("sync", 4, func(u *User) { u.Shell = "/bin/sync" }))),
		check.Fails("an empty field is /bin/sh", debian(user("daemon", func(u *User) { u.Shell = "" })), "user:daemon"),
		check.Skips("no accounts", empty()),
	},
}

// ClosedAreLocked demands that accounts without a shell have no password.
var ClosedAreLocked = &check.Check{
	ID:           "accounts-closed-locked",
	Title:        "Accounts without a shell have no password",
	Doc:          "nologin ends a session, but other services (mail, FTP, VPN) may still take the password.",
	Remedy:       "\"usermod --lock NAME\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.2.8"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: perUser("no account without a shell has a password", func(_ Accounts, u User, _ check.Params) string {
		if !u.HasShell() && u.Password.State == PasswordHashed {
			return "has no shell (" + u.Shell + ") yet a password that works"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("no password", debian()),
		check.Passes("a hash that is locked", debian(user("daemon", hashed), user("daemon", func(u *User) { u.Password.State = PasswordLocked }))),
		check.Fails("a password", debian(user("daemon", hashed)), "user:daemon"),
	},
}

// Umask demands that new files are closed to others.
var Umask = &check.Check{
	ID:           "accounts-umask",
	Title:        "New files are not readable by others",
	Doc:          "With umask 022 everybody on the host reads what administrators create: dumps, key files, notes.",
	Remedy:       "\"echo 'umask 027' > /etc/profile.d/umask.sh\", and \"UMASK 027\" in /etc/login.defs.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.3.3", "ANSSI BP-028 R36"},
	Needs:        []string{PartPasswd, PartLoginDefs, PartProfile, PartShadow, PartKeys},
	Rule: on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		if !a.somebodyLogsIn() {
			return check.Inapplicable(nobodyLogsIn)
		}
		want := p.String("umask")
		var vs []check.Violation
		found := false
		for i, s := range a.Profile {
			if s.Name == "umask" {
				found = true
				if looser(s.Value, want) {
					vs = append(vs, check.Violation{Key: "file:" + s.Path, Detail: "umask is " + s.Value + ", want " + want + " or stricter", At: pointer("profile", i), Source: s.Source})
				}
			}
		}
		if v, ok := a.LoginDefs["UMASK"]; !found && ok {
			found = true
			if looser(v.Value, want) {
				vs = append(vs, check.Violation{Key: "setting:UMASK", Detail: "UMASK is " + v.Value + ", want " + want + " or stricter", At: "/login_defs/UMASK", Source: v.Source})
			}
		}
		if !found {
			vs = append(vs, check.Violation{Key: "setting:UMASK", Detail: "no umask is set, so it is 022; want " + want + " or stricter", Source: "/etc/login.defs"})
		}
		return check.Failed("umask is "+want+" or stricter", vs)
	}),
	Examples: []check.Example{
		check.Passes("027", debian()),
		check.Passes("login.defs alone", debian(func(a *Accounts) { a.Profile = nil })),
		check.Fails("022 in a profile", debian(func(a *Accounts) {
			a.Profile = []ProfileSetting{{"umask", "022", "/etc/profile", "/etc/profile:9"}}
		}), "file:/etc/profile"),
		check.Fails("022 as Debian installs it", debian(defs("UMASK", "022"), func(a *Accounts) { a.Profile = nil }), "setting:UMASK"),
		check.Skips("nobody logs in", debian(func(a *Accounts) { a.Users = a.Users[:2] })),
	},
}

// looser tells whether a umask leaves a bit open that the wanted one closes.
func looser(have, want string) bool {
	h, err1 := strconv.ParseUint(have, 8, 32)
	w, err2 := strconv.ParseUint(want, 8, 32)
	return err1 != nil || err2 != nil || h&w != w
}

// Timeout demands that idle shells end.
var Timeout = &check.Check{
	ID:           "accounts-session-timeout",
	Title:        "Idle shells end by themselves",
	Doc:          "An unlocked screen with a root shell is the shortest way into a host. TMOUT ends a shell that waits for input too long.",
	Remedy:       "\"echo 'readonly TMOUT=900; export TMOUT' > /etc/profile.d/tmout.sh\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.3.2", "ANSSI BP-028 R32"},
	Needs:        []string{PartPasswd, PartProfile, PartShadow, PartKeys},
	Rule: on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		if !a.somebodyLogsIn() {
			return check.Inapplicable(nobodyLogsIn)
		}
		most := strconv.Itoa(p.Int("seconds"))
		var vs []check.Violation
		found := ""
		for i, s := range a.Profile {
			if s.Name != "TMOUT" {
				continue
			}
			found = s.Value
			if n, err := strconv.Atoi(s.Value); err != nil || n <= 0 || n > p.Int("seconds") {
				vs = append(vs, check.Violation{Key: "setting:TMOUT", Detail: "TMOUT is " + s.Value + ", want 1 to " + most, At: pointer("profile", i), Source: s.Source})
			}
		}
		if found == "" {
			vs = append(vs, check.Violation{Key: "setting:TMOUT", Detail: "TMOUT is not set, want 1 to " + most, Source: "/etc/profile.d"})
		}
		return check.Failed("TMOUT is "+found, vs)
	}),
	Examples: []check.Example{
		check.Passes("a quarter of an hour", debian()),
		check.Fails("not set", debian(func(a *Accounts) { a.Profile = nil }), "setting:TMOUT"),
		check.Fails("off", debian(func(a *Accounts) { a.Profile[1].Value = "0" }), "setting:TMOUT"),
		check.Skips("nobody logs in", debian(func(a *Accounts) { a.Users = a.Users[:2] })),
	},
}
