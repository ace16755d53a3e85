package accounts

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// NoEmptyPassword demands a password or a lock on each account.
var NoEmptyPassword = &check.Check{
	ID:           "accounts-password-empty",
	Title:        "No account has an empty password",
	Doc:          "Whoever knows the name of such an account may log in or switch to it without anything else.",
	Remedy:       "\"passwd -l NAME\" locks the account; \"passwd NAME\" sets a password.",
	Requirements: []string{"A.5.2.1", "A.5.2.5"},
	References:   []string{"CIS Debian 12 7.2.2"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: perUser("no account has an empty password", func(_ Accounts, u User, _ check.Params) string {
		if u.Password.State == PasswordEmpty {
			return "has an empty password"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("hashes and locks", debian()),
		check.Fails("empty", debian(add("guest", 1001, func(u *User) { u.Password.State = PasswordEmpty })), "user:guest"),
		check.Skips("no accounts", empty()),
		check.Leaves("unread", unread(PartShadow)),
	},
}

// Shadowed demands that hashes stand where only root reads them.
var Shadowed = &check.Check{
	ID:           "accounts-password-shadowed",
	Title:        "Password hashes stand in /etc/shadow only",
	Doc:          "Everybody on the host can read /etc/passwd. A hash that stands there can be taken away and cracked.",
	Remedy:       "\"pwconv\" moves the hashes; then change the passwords, because they were readable.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.1", "ANSSI BP-028 R68"},
	Needs:        []string{PartPasswd},
	Rule: perUser("no hash stands in /etc/passwd", func(_ Accounts, u User, _ check.Params) string {
		if u.Password.InPasswd && u.Password.Scheme != "" {
			return "has its password hash in /etc/passwd"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("shadowed", debian()),
		check.Passes("a star in /etc/passwd", debian(user("daemon", func(u *User) { u.Password.InPasswd = true }))),
		check.Fails("a hash", debian(user("erika", func(u *User) { u.Password.InPasswd = true })), "user:erika"),
	},
}

// StrongHash demands hashes that are slow to crack.
var StrongHash = &check.Check{
	ID:           "accounts-password-scheme",
	Title:        "Password hashes use a strong scheme",
	Doc:          "MD5 and DES hashes are tried by the billion each second on one graphics card. The scheme stays what it was when the password was last set.",
	Remedy:       "Set ENCRYPT_METHOD to YESCRYPT or SHA512 in /etc/login.defs, then let the owner set the password anew: \"passwd NAME\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R68"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		for i, u := range a.Users {
			if s := u.Password.Scheme; s != "" && !p.Has("schemes", s) {
				vs = append(vs, userFault(i, u, "has a password hash of scheme "+s))
			}
		}
		return check.Failed("all hashes use a strong scheme", vs)
	}),
	Examples: []check.Example{
		check.Passes("yescrypt", debian()),
		check.Fails("md5 and des", debian(user("erika", func(u *User) { u.Password.Scheme = "md5" }),
			add("otto", 1001, hashed, func(u *User) { u.Password.Scheme = "des" })), "user:erika", "user:otto"),
	},
}

// SharedPassword demands that no two accounts have one hash.
var SharedPassword = &check.Check{
	ID:           "accounts-password-shared",
	Title:        "No two accounts share a password hash",
	Doc:          "Two equal hashes were copied from one another: both accounts have the same password, and a change of one leaves the other.",
	Remedy:       "Set a new password for each of them: \"passwd NAME\".",
	Requirements: []string{"A.5.6.2"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var d doubles
		for i, u := range a.Users {
			if u.Password.Verifier != "" {
				d.add("verifier:"+u.Password.Verifier, u.Name, pointer("users", i, "password"), u.Password.Source)
			}
		}
		return check.Failed("all hashes differ", d.violations("one password hash (%s) belongs to %s"))
	}),
	Examples: []check.Example{
		check.Passes("different", debian(add("otto", 1001, hashed))),
		check.Fails("copied", debian(add("otto", 1001, hashed, func(u *User) { u.Password.Verifier = "aGFzaC1vZi1lcmlrYQ" })), "verifier:aGFzaC1vZi1lcmlrYQ"),
	},
}

// RootPassword informs whether root's own password works.
var RootPassword = &check.Check{
	ID:           "accounts-root-password",
	Title:        "Root has no password of its own",
	Doc:          "A password of root is shared by all who need it, and logs cannot tell them apart. Administrators work in their own accounts with sudo instead. Keep a sealed one for the console if you must.",
	Remedy:       "Once another account may use sudo: \"passwd -l root\".",
	Requirements: []string{"A.5.6.2"},
	References:   []string{"ANSSI BP-028 R33"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: perUser("root has no password", func(_ Accounts, u User, _ check.Params) string {
		if u.Name == "root" && u.Password.State == PasswordHashed {
			return "has a password of its own"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("locked", debian()),
		check.Fails("a password", debian(user("root", hashed)), "user:root"),
	},
}

// EncryptMethod demands a strong scheme for passwords to come.
var EncryptMethod = &check.Check{
	ID:           "accounts-encrypt-method",
	Title:        "New passwords are hashed with a strong scheme",
	Doc:          "ENCRYPT_METHOD of /etc/login.defs decides how chpasswd, newusers and others hash; without it the shadow tools fall back to DES, which keeps only eight characters.",
	Remedy:       "Put \"ENCRYPT_METHOD YESCRYPT\" (or SHA512) in /etc/login.defs.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.1.4", "ANSSI BP-028 R68"},
	Needs:        []string{PartLoginDefs},
	Rule: on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		if a.Products[PartLoginDefs] == "" {
			return check.Inapplicable("there is no /etc/login.defs: the shadow tools are not installed")
		}
		v, ok := a.LoginDefs["ENCRYPT_METHOD"]
		if ok && p.Has("methods", v.Value) {
			return check.Passed("ENCRYPT_METHOD is " + v.Value)
		}
		fault := check.Violation{Key: "setting:ENCRYPT_METHOD", Detail: "ENCRYPT_METHOD is not set, so DES is used", Source: "/etc/login.defs"}
		if ok {
			fault.Detail, fault.At, fault.Source = "ENCRYPT_METHOD is "+v.Value+", want YESCRYPT or SHA512", "/login_defs/ENCRYPT_METHOD", v.Source
		}
		return check.Failed("", []check.Violation{fault})
	}),
	Examples: []check.Example{
		check.Passes("yescrypt", debian()),
		check.Passes("as Debian installs it", debian(defs("ENCRYPT_METHOD", "SHA512"))),
		check.Fails("md5", debian(defs("ENCRYPT_METHOD", "MD5")), "setting:ENCRYPT_METHOD"),
		check.Fails("not set", debian(func(a *Accounts) { delete(a.LoginDefs, "ENCRYPT_METHOD") }), "setting:ENCRYPT_METHOD"),
		check.Skips("busybox", debian(func(a *Accounts) { a.Products, a.LoginDefs = nil, nil })),
	},
}
