package accounts

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// GroupExists demands that each account's own group is known.
var GroupExists = &check.Check{
	ID:           "accounts-group-exists",
	Title:        "The group of each account exists",
	Doc:          "A group number without a name belongs to whoever gets that number next: the next group that is created takes over the files.",
	Remedy:       "Create the group (\"groupadd -g NUMBER NAME\") or give the account another: \"usermod -g GROUP NAME\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.3"},
	Needs:        []string{PartPasswd, PartGroup},
	Rule: perUser("the group of each account exists", func(a Accounts, u User, _ check.Params) string {
		for _, g := range a.Groups {
			if g.GID == u.GID {
				return ""
			}
		}
		if _, unseen := a.Gaps[PartGroup]; unseen {
			return ""
		}
		return fmt.Sprintf("has group number %d, which /etc/group does not know", u.GID)
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("no such group", debian(user("erika", func(u *User) { u.GID = 4711 })), "user:erika"),
		check.Leaves("unread", unread(PartGroup)),
	},
}

// ShadowGroup demands that nobody is a member of the group that may read password hashes.
var ShadowGroup = &check.Check{
	ID:           "accounts-shadow-group",
	Title:        "Nobody is a member of group shadow",
	Doc:          "Members of group shadow can read every password hash of the host and crack it elsewhere.",
	Remedy:       "\"gpasswd -d NAME shadow\"; for an account whose own group it is: \"usermod -g GROUP NAME\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.4"},
	Needs:        []string{PartPasswd, PartGroup},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		found := false
		for i, g := range a.Groups {
			if g.Name != "shadow" {
				continue
			}
			found = true
			for _, m := range g.Members {
				vs = append(vs, check.Violation{Key: "user:" + m, Detail: m + " is a member of group shadow", At: pointer("groups", i, "members"), Source: g.Source})
			}
			for j, u := range a.Users {
				if u.GID == g.GID {
					vs = append(vs, userFault(j, u, "has group shadow as its own group"))
				}
			}
		}
		if !found {
			return check.Inapplicable("there is no group shadow")
		}
		return check.Failed("group shadow has no members", vs)
	}),
	Examples: []check.Example{
		check.Passes("no members", debian()),
		check.Fails("a member", debian(member("shadow", "erika")), "user:erika"),
		check.Fails("an own group", debian(user("erika", func(u *User) { u.GID = 42 })), "user:erika"),
		check.Skips("no such group", debian(func(a *Accounts) { a.Groups = a.Groups[:2] })),
	},
}

// GroupPasswords demands that groups have no passwords.
var GroupPasswords = &check.Check{
	ID:           "accounts-group-password",
	Title:        "No group has a password",
	Doc:          "A group password is shared by design: whoever knows it becomes a member with newgrp, and nobody can tell who it was.",
	Remedy:       "\"gpasswd -r GROUP\", and make members of those who need the group.",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	Needs:        []string{PartPasswd, PartGroup, PartGshadow},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, g := range a.Groups {
			if g.Password {
				vs = append(vs, check.Violation{Key: "group:" + g.Name, Detail: "group " + g.Name + " has a password", At: pointer("groups", i), Source: g.Source})
			}
		}
		return check.Failed("no group has a password", vs)
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("sudo by password", debian(func(a *Accounts) { a.Groups[2].Password = true }), "group:sudo"),
		check.Leaves("unread", unread(PartGshadow)),
	},
}

// LegacyEntries demands that no entry of NIS is left.
var LegacyEntries = &check.Check{
	ID:           "accounts-legacy-entry",
	Title:        "No entry of NIS stands in the account files",
	Doc:          "A line that begins with + takes in accounts of a NIS server, which anybody on the network can imitate; with a wrong setting it is an account named + without a password.",
	Remedy:       "Remove the lines: \"sed -i '/^[+-]/d' /etc/passwd /etc/shadow /etc/group\".",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartPasswd, PartShadow, PartGroup},
	Rule: check.On(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, source := range a.NISLines {
			p, _, _ := strings.Cut(source, ":")
			vs = append(vs, check.Violation{Key: "file:" + p, Detail: p + " holds an entry that begins with + or -", At: pointer("nis_lines", i), Source: source})
		}
		if len(vs) == 0 && len(a.Users) == 0 {
			return check.Inapplicable(noAccounts)
		}
		return check.Failed("no line begins with + or -", vs)
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("an entry", debian(func(a *Accounts) { a.NISLines = []string{"/etc/passwd:30", "/etc/passwd:31", "/etc/group:60"} }),
			"file:/etc/group", "file:/etc/passwd"),
		check.Skips("no accounts", empty()),
	},
}

// EntryForm demands that all lines of the account files can be read.
var EntryForm = &check.Check{
	ID:           "accounts-entry-form",
	Title:        "Every line of the account files is well formed",
	Doc:          "Programs skip a line that they do not understand, each in its own way: the account that somebody locked there may be open, or the reverse.",
	Remedy:       "\"pwck -r\" and \"grpck -r\" name the lines; correct them with \"vipw\", \"vipw -s\" and \"vigr\".",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartPasswd, PartShadow, PartGroup, PartGshadow},
	Rule: check.On(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, f := range a.Faulty {
			vs = append(vs, check.Violation{Key: "file:" + f.Path, Detail: "a line of " + f.Path + " " + f.Text, At: pointer("faulty", i), Source: f.Source})
		}
		if len(vs) == 0 && len(a.Users) == 0 {
			return check.Inapplicable(noAccounts)
		}
		return check.Failed("all lines are well formed", vs)
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("a short line", debian(func(a *Accounts) {
			a.Faulty = []FaultyEntry{{"/etc/passwd", "/etc/passwd:9", "has 6 fields, want 7"}}
		}), "file:/etc/passwd"),
		check.Skips("no accounts", empty()),
	},
}
