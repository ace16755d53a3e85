package accounts

import (
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// KnownKeys demands that each authorised key belongs to a declared person.
var KnownKeys = &check.Check{
	ID:           "accounts-key-known",
	Title:        "Each authorised key belongs to a known person",
	Doc:          "A key that nobody knows is access that nobody granted: of a colleague who left, of a supplier, or of an intruder who wants to come back.",
	Remedy:       "Declare the key under people (keys) in the estate, or remove its line from authorized_keys.",
	Requirements: []string{"A.5.1.6", "A.5.6.1"},
	Needs:        []string{PartPasswd, PartKeys},
	Rule: on(func(a Accounts, declared estate.View, _ check.Params) check.Result {
		all := a.allKeys()
		switch {
		case len(all) == 0:
			return check.Inapplicable("no account has authorised keys")
		case declared.Estate == nil:
			return check.Unseen("declare people with their keys in an estate: without it nobody can tell whose the keys are")
		}
		var vs []check.Violation
		for _, k := range all {
			switch {
			case declared.Estate.PersonByKey(k.Public) != nil:
			case k.isCA():
				vs = append(vs, k.fault("is an authority that signs log-ins, and belongs to nobody in the estate"))
			default:
				vs = append(vs, k.fault("belongs to nobody in the estate"))
			}
		}
		return check.Failed("each key belongs to a person of the estate", vs)
	}),
	Examples: []check.Example{
		check.Passes("erika's", debian()).Given(staffed),
		check.Fails("a stranger's", debian(keys("root", 0, stranger())), "authorized_key:"+stranger().Fingerprint).Given(staffed),
		check.Leaves("no estate", debian()),
		check.Skips("no keys", debian(func(a *Accounts) { a.KeyFiles = nil })),
	},
}

// GenericNames demands that people do not work in accounts with names of nobody.
var GenericNames = &check.Check{
	ID:           "accounts-generic-name",
	Title:        "Nobody logs in to an account with a generic name",
	Doc:          "Accounts such as admin, test or deploy are used by many, so that no action in them has an author; and they are the first names that attackers try.",
	Remedy:       "Give each person an account of their own with sudo, then \"usermod --lock --expiredate 1 NAME\". For a machine's account bind its key to a command: command=\"…\",restrict.",
	Requirements: []string{"A.5.6.2"},
	Needs:        []string{PartPasswd, PartShadow, PartKeys},
	Rule: perUser("no account with a generic name is open to people", func(a Accounts, u User, p check.Params) string {
		if !p.Has("names", strings.ToLower(u.Name)) || u.UID == 0 || !a.forPeople(u) || u.closed(p.Now) {
			return ""
		}
		if u.takesPassword() {
			return "has a generic name, a shell and a password"
		}
		return "has a generic name, a shell and an authorised key"
	}),
	Examples: []check.Example{
		check.Passes("a person's name", debian()),
		check.Passes("deploy runs one command", debian(add("deploy", 1001), keys("deploy", 1001, Key{Type: "ssh-ed25519", Fingerprint: "SHA256:c", Options: []string{"command"}}))),
		check.Passes("locked", debian(add("test", 1001))),
		check.Passes("closed", debian(add("test", 1001, hashed, func(u *User) { u.Aging.Expires = "2026-01-01" }))),
		check.Fails("admin and deploy", debian(add("admin", 1001, hashed), add("deploy", 1002), keys("deploy", 1002, stranger())), "user:admin", "user:deploy"),
	},
}

// admins gives the accounts with a shell that belong to a group of administrators, with that group.
func (a Accounts) admins(p check.Params) map[string]string {
	out := map[string]string{}
	for _, u := range a.Users {
		if u.UID == 0 || !u.HasShell() || u.closed(p.Now) {
			continue
		}
		for _, g := range a.groupsOf(u) {
			if p.Has("groups", g) && out[u.Name] == "" {
				out[u.Name] = g
			}
		}
	}
	return out
}

// perAdmin makes a rule about members of groups of administrators, as an estate declares people.
func perAdmin(seen string, fault func(name, group string, person *estate.Person, admin bool) string) check.Rule {
	return on(func(a Accounts, declared estate.View, p check.Params) check.Result {
		admins := a.admins(p)
		switch {
		case len(admins) == 0:
			return check.Passed("no account besides root belongs to a group of administrators")
		case len(declared.Accounts()) == 0:
			return check.Unseen("declare people with their accounts in an estate: without it nobody can tell whose the accounts are")
		}
		var vs []check.Violation
		for i, u := range a.Users {
			group, is := admins[u.Name]
			if !is {
				continue
			}
			person, admin := declared.Estate.PersonByAccount(u.Name)
			if wrong := fault(u.Name, group, person, admin); wrong != "" {
				vs = append(vs, userFault(i, u, wrong))
			}
		}
		return check.Failed(seen, vs)
	})
}

// AdminPerson demands that each administrator is a declared person.
var AdminPerson = &check.Check{
	ID:           "accounts-admin-person",
	Title:        "Each administrator's account belongs to one person",
	Doc:          "Members of groups such as sudo, wheel or docker can become root. Each of these accounts must be somebody's, so that access ends when that person leaves.",
	Remedy:       "Declare the account under people (accounts) in the estate, or take it out of the group: \"gpasswd -d NAME GROUP\".",
	Requirements: []string{"A.5.6.2", "A.5.6.1", "A.5.1.6"},
	Needs:        []string{PartPasswd, PartGroup},
	Rule: perAdmin("each administrator is a person of the estate", func(_, group string, person *estate.Person, _ bool) string {
		if person == nil {
			return "is in group " + group + " and belongs to nobody in the estate"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("a person's", debian(add("adm-erika", 1001), member("sudo", "adm-erika"))).Given(staffed),
		check.Passes("no members", debian()),
		check.Fails("nobody's", debian(add("ops", 1001), member("sudo", "ops")), "user:ops").Given(staffed),
		check.Leaves("no estate", debian(member("sudo", "erika"))),
	},
}

// AdminSeparate demands an account for administration besides the one for daily work.
var AdminSeparate = &check.Check{
	ID:           "accounts-admin-separate",
	Title:        "Administrators do not use their standard account",
	Doc:          "The standard account reads mail and opens documents. If it may also become root, so may whoever sends the right document.",
	Remedy:       "Give the person a second account for administration, declare it (accounts: {admin: NAME}) and take the standard one out of the group.",
	Requirements: []string{"A.5.6.2"},
	Needs:        []string{PartPasswd, PartGroup},
	Rule: perAdmin("no administrator uses a standard account", func(_, group string, person *estate.Person, admin bool) string {
		if person != nil && !admin {
			return "is in group " + group + ", yet it is the standard account of " + person.ID
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("separate", debian(add("adm-erika", 1001), member("sudo", "adm-erika"))).Given(staffed),
		check.Fails("the standard account", debian(member("sudo", "erika")), "user:erika").Given(staffed),
		check.Leaves("no estate", debian(member("sudo", "erika"))),
	},
}

// Leavers demands that who has left has no access any more.
var Leavers = &check.Check{
	ID:           "accounts-leaver",
	Title:        "Nobody who has left still has an account or key",
	Doc:          "Access must end on the last day. A key that stays in one account opens it for years.",
	Remedy:       "\"usermod --lock --expiredate 1 --shell /usr/sbin/nologin NAME\", and remove the person's keys from every authorized_keys.",
	Requirements: []string{"A.5.6.7"},
	Needs:        []string{PartPasswd, PartShadow, PartKeys},
	Rule: on(func(a Accounts, declared estate.View, p check.Params) check.Result {
		if declared.Estate == nil {
			return check.Unseen("declare people with their last day (until) in an estate: without it nobody can tell who has left")
		}
		var vs []check.Violation
		for i, u := range a.Users {
			person, _ := declared.Estate.PersonByAccount(u.Name)
			if person != nil && person.Until.Past(p.Now) && u.HasShell() && !u.closed(p.Now) {
				vs = append(vs, userFault(i, u, "belongs to "+person.ID+", who left on "+person.Until.String()))
			}
		}
		for _, k := range a.allKeys() {
			if person := declared.Estate.PersonByKey(k.Public); person != nil && person.Until.Past(p.Now) {
				vs = append(vs, k.fault("belongs to "+person.ID+", who left on "+person.Until.String()))
			}
		}
		return check.Failed("nobody who has left has an account or key here", vs)
	}),
	Examples: []check.Example{
		check.Passes("all present", debian()).Given(staffed),
		check.Passes("closed", debian(add("otto", 1001, func(u *User) { u.Aging.Expires = "2026-11-01" }))).Given(staffed),
		check.Fails("account and key", debian(add("otto", 1001), keys("root", 0, ottosKey())), "authorized_key:"+ottosKey().Fingerprint, "user:otto").Given(staffed),
		check.Leaves("no estate", debian()),
	},
}

// Unused demands that accounts of people are in use.
var Unused = &check.Check{
	ID:           "accounts-unused",
	Title:        "Each account of a person is in use",
	Doc:          "Nobody misses an account that nobody uses, so nobody notices when a stranger does. Log-ins without a terminal (scp, automation) leave no trace in lastlog: ask the owner before you remove one.",
	Remedy:       "\"lastlog -u NAME\" shows the last log-in; close the account with \"usermod --lock --expiredate 1 NAME\".",
	Requirements: []string{"A.5.9.2", "A.5.6.7", "A.5.1.6"},
	References:   []string{"ANSSI BP-028 R30"},
	Needs:        []string{PartPasswd, PartShadow, PartKeys, PartLogins},
	Rule: on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		if _, unseen := a.Gaps[PartLogins]; unseen {
			problem := a.Gaps[PartLogins]
			return check.Unclear(&problem)
		}
		var vs []check.Violation
		for i, u := range a.Users {
			if u.UID == 0 || a.isSystem(u) || !a.forPeople(u) || u.closed(p.Now) || !idle(u, p.Now.Add(-p.Days("days"))) {
				continue
			}
			wrong := "was not used since " + u.LastLogin
			if u.LastLogin == "" {
				wrong = "was never used, and its password was last set on " + u.Aging.Changed
			}
			vs = append(vs, userFault(i, u, wrong))
		}
		return check.Failed("each account of a person was used of late", vs)
	}),
	Examples: []check.Example{
		check.Passes("last week", debian()),
		check.Passes("new and never used", debian(user("erika", func(u *User) { u.LastLogin, u.Aging.Changed = "", "2026-11-01" }))),
		check.Passes("of unknown age", debian(user("erika", func(u *User) { u.LastLogin, u.Aging.Changed = "", "" }))),
		check.Fails("half a year ago", debian(user("erika", func(u *User) { u.LastLogin, u.Aging.Changed = "2026-05-01", "2026-01-01" })), "user:erika"),
		check.Fails("never", debian(user("erika", func(u *User) { u.LastLogin, u.Aging.Changed = "", "2025-01-01" })), "user:erika"),
		check.Leaves("nothing recorded", unread(PartLogins)),
	},
}

// idle tells whether the last sign of life lies before since. An account of unknown age is not idle.
func idle(u User, since time.Time) bool {
	last := u.LastLogin
	if u.Aging != nil {
		last = max(last, u.Aging.Changed)
	}
	day, ok := date(last)
	return ok && day.Before(since)
}

// Expired demands that accounts that have ended are removed.
var Expired = &check.Check{
	ID:           "accounts-expired",
	Title:        "Accounts that have ended are removed",
	Doc:          "An account past its day of expiry is closed but still owns files, jobs and keys; setting another date opens it again.",
	Remedy:       "Hand its files over, then \"userdel NAME\"; a lasting closure is \"usermod --lock --expiredate 1 --shell /usr/sbin/nologin NAME\".",
	Requirements: []string{"A.5.9.2"},
	References:   []string{"ANSSI BP-028 R30"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: perUser("no account is past its day of expiry and still open otherwise", func(a Accounts, u User, p check.Params) string {
		if u.closed(p.Now) && u.HasShell() && (u.takesPassword() || slices.ContainsFunc(a.KeyFiles, func(f KeyFile) bool { return f.Account == u.Name && len(f.Keys) > 0 })) {
			return "ended on " + u.Aging.Expires + " and still has a shell with a password or key"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("none", debian()),
		check.Passes("ended and locked", debian(add("otto", 1001, func(u *User) { u.Aging.Expires = "2026-01-01" }))),
		check.Fails("ended", debian(user("erika", func(u *User) { u.Aging.Expires = "2026-11-01" })), "user:erika"),
	},
}
