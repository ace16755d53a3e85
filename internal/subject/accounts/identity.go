package accounts

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// RootAlone demands that no second account has root's number.
var RootAlone = &check.Check{
	ID:           "accounts-root-uid",
	Title:        "Only root has account number 0",
	Doc:          "The kernel knows numbers, not names: every account with number 0 is root, whatever it is called. A second one is a classic back door, and its actions look like root's in logs.",
	Remedy:       "Give the account a number of its own (\"usermod -u 1001 NAME\") or remove it: \"userdel NAME\".",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	References:   []string{"CIS Debian 12 5.4.2.1"},
	Needs:        []string{PartPasswd},
	Rule: perUser("root alone has number 0", func(_ Accounts, u User, _ check.Params) string {
		if u.UID == 0 && u.Name != "root" {
			return "has account number 0 and is root by another name"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("root alone", debian()),
		check.Passes("another account in root's group", debian(add("operator", 11, func(u *User) { u.GID = 0 }))),
		check.Fails("toor", debian(add("toor", 0)), "user:toor"),
		check.Skips("no accounts", empty()),
		check.Leaves("unread", unread(PartPasswd)),
	},
}

// RootGroup demands that no other account has root's group as its own.
var RootGroup = &check.Check{
	ID:           "accounts-root-gid",
	Title:        "Only root has root's group as its own",
	Doc:          "Files that root creates are often readable or writable by group 0. An account whose own group that is inherits this access.",
	Remedy:       "Give the account a group of its own: \"groupadd NAME && usermod -g NAME NAME\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.2.2"},
	Needs:        []string{PartPasswd},
	Rule: perUser("root alone has group 0 as its own", func(_ Accounts, u User, p check.Params) string {
		if u.GID == 0 && u.UID != 0 && !p.Has("except", u.Name) {
			return "has group 0 as its own group"
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Passes("sync of Red Hat", debian(add("sync", 5, func(u *User) { u.GID, u.Shell = 0, "/bin/sync" }))),
		check.Fails("a person", debian(user("erika", func(u *User) { u.GID = 0 })), "user:erika"),
	},
}

// UniqueNumbers demands that no two accounts share a number.
var UniqueNumbers = &check.Check{
	ID:           "accounts-unique-uid",
	Title:        "Each account has a number of its own",
	Doc:          "Two accounts with one number own each other's files and processes, and logs cannot tell them apart.",
	Remedy:       "Give one of them another number, and its files with it: \"usermod -u NEW NAME && find / -xdev -uid OLD -exec chown -h NAME {} +\".",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	References:   []string{"CIS Debian 12 7.2.5"},
	Needs:        []string{PartPasswd},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var d doubles
		for i, u := range a.Users {
			if u.UID != 0 { // a second root is accounts-root-uid
				d.add(fmt.Sprintf("uid:%d", u.UID), u.Name, pointer("users", i), u.Source)
			}
		}
		return check.Failed("no two accounts share a number", d.violations("account number %s belongs to %s"))
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("two of one number", debian(add("otto", 1000)), "uid:1000"),
		check.Skips("no accounts", empty()),
	},
}

// UniqueGroups demands that no two groups share a number.
var UniqueGroups = &check.Check{
	ID:           "accounts-unique-gid",
	Title:        "Each group has a number of its own",
	Doc:          "Two groups with one number are one group: whoever joins either gets the files of both. A second group with number 0 is root's group.",
	Remedy:       "Give one of them another number: \"groupmod -g NEW NAME\", and its files with \"find / -xdev -gid OLD -exec chgrp -h NAME {} +\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.6", "CIS Debian 12 5.4.2.3"},
	Needs:        []string{PartPasswd, PartGroup},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var d doubles
		for i, g := range a.Groups {
			d.add(fmt.Sprintf("gid:%d", g.GID), g.Name, pointer("groups", i), g.Source)
		}
		return check.Failed("no two groups share a number", d.violations("group number %s belongs to %s"))
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("a second root group", debian(func(a *Accounts) {
			a.Groups = append(a.Groups, Group{Name: "ops", GID: 0, Source: "/etc/group:7"})
		}), "gid:0"),
	},
}

// UniqueNames demands that no name stands twice.
var UniqueNames = &check.Check{
	ID:           "accounts-unique-name",
	Title:        "No account or group name stands twice",
	Doc:          "Of two entries with one name programs take the first, people edit the second: a password is locked in one and open in the other.",
	Remedy:       "Remove the entry that is not used: \"vipw\" and \"vigr\"; \"pwck\" and \"grpck\" show them.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.7", "CIS Debian 12 7.2.8"},
	Needs:        []string{PartPasswd, PartGroup},
	Rule: on(func(a Accounts, _ estate.View, _ check.Params) check.Result {
		var users, groups doubles
		for i, u := range a.Users {
			users.add("user:"+u.Name, fmt.Sprint("number ", u.UID), pointer("users", i), u.Source)
		}
		for i, g := range a.Groups {
			groups.add("group:"+g.Name, fmt.Sprint("number ", g.GID), pointer("groups", i), g.Source)
		}
		vs := append(users.violations("account %s stands twice: %s"), groups.violations("group %s stands twice: %s")...)
		return check.Failed("no name stands twice", vs)
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Fails("two entries", debian(add("erika", 1001), func(a *Accounts) {
			a.Groups = append(a.Groups, Group{Name: "sudo", GID: 999, Source: "/etc/group:7"})
		}), "group:erika", "group:sudo", "user:erika"),
	},
}

// doubles finds keys that occur more than once.
type doubles struct {
	order []string
	who   map[string][]string
	first map[string]check.Violation
}

func (d *doubles) add(key, who, at, source string) {
	if d.who == nil {
		d.who, d.first = map[string][]string{}, map[string]check.Violation{}
	}
	if len(d.who[key]) == 1 {
		d.order = append(d.order, key)
		d.first[key] = check.Violation{Key: key, At: at, Source: source}
	}
	d.who[key] = append(d.who[key], who)
}

// violations words each double: format takes the key's name and everybody who has it.
func (d *doubles) violations(format string) []check.Violation {
	slices.Sort(d.order)
	var out []check.Violation
	for _, key := range d.order {
		v := d.first[key]
		_, name, _ := strings.Cut(key, ":")
		v.Detail = fmt.Sprintf(format, name, strings.Join(d.who[key], " and "))
		out = append(out, v)
	}
	return out
}
