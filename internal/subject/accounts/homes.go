package accounts

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
)

// ownsHome tells whether an account is one that a person logs in to.
func ownsHome(a Accounts, u User) bool { return u.HasShell() && (u.UID == 0 || !a.isSystem(u)) }

// HomeExists demands that homes are there and belong to their accounts.
var HomeExists = &check.Check{
	ID:           "accounts-home",
	Title:        "Each home exists and belongs to its account",
	Doc:          "Whoever owns a home decides what its owner runs at the next log-in, and which keys open the account. Without a home a session starts in /.",
	Remedy:       "\"mkhomedir_helper NAME\" makes a home; \"chown NAME:GROUP /home/NAME\" gives it back.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.9"},
	Needs:        []string{PartPasswd, PartHomes},
	Rule: perUser("each home exists and belongs to its account", func(a Accounts, u User, _ check.Params) string {
		h := u.HomePlace
		switch {
		case !ownsHome(a, u):
			return ""
		case h == nil:
			if _, unseen := a.Gaps[PartHomes]; unseen {
				return ""
			}
			return "has no usable home: " + fmt.Sprintf("%q", u.Home)
		case h.Sort == "missing":
			return "has a home that does not exist: " + u.Home
		case h.Sort == "link":
			return ""
		case h.Sort != "folder":
			return "has a home that is no folder: " + u.Home
		case h.UID != u.UID && h.UID != 0:
			return fmt.Sprintf("has a home that belongs to account number %d: %s", h.UID, u.Home)
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("clean", debian()),
		check.Passes("a service without home", debian(add("messagebus", 100, func(u *User) {
			u.Shell, u.HomePlace = "/usr/sbin/nologin", &Place{Path: "/nonexistent", Sort: "missing"}
		}))),
		check.Fails("missing", debian(user("erika", func(u *User) { u.HomePlace = &Place{Path: u.Home, Sort: "missing"} })), "user:erika"),
		check.Fails("another's", debian(user("erika", func(u *User) { u.HomePlace.UID = 1001 })), "user:erika"),
		check.Leaves("unread", unread(PartHomes)),
	},
}

// homeMode makes a check of permission bits that homes must not have.
func homeMode(id, title, doc, remedy string, forbidden int, what string, examples ...check.Example) *check.Check {
	return &check.Check{
		ID: id, Title: title, Doc: doc, Remedy: remedy,
		Requirements: []string{"A.5.2.1"},
		References:   []string{"CIS Debian 12 7.2.9"},
		Needs:        []string{PartPasswd, PartHomes},
		Rule: perUser("no home is "+what, func(a Accounts, u User, _ check.Params) string {
			h := u.HomePlace
			if !ownsHome(a, u) || h == nil || h.Sort != "folder" || h.Mode&forbidden == 0 {
				return ""
			}
			return fmt.Sprintf("has a home with mode %s, which is %s: %s", octal(h.Mode), what, h.Path)
		}),
		Examples: examples,
	}
}

func homeBits(mode int) change { return user("erika", func(u *User) { u.HomePlace.Mode = mode }) }

// HomeWritable demands that only the owner writes in a home.
var HomeWritable = homeMode("accounts-home-writable", "Nobody else can write in a home",
	"Who can write in a home plants a .profile or replaces .ssh, and is that account at its next log-in. sshd refuses keys from such a home.",
	"\"chmod go-w /home/NAME\".", 0o022, "writable by others",
	check.Passes("0700", debian()),
	check.Passes("0755", debian(homeBits(0o755))),
	check.Fails("0775", debian(homeBits(0o775)), "user:erika"))

// HomeReadable demands that others do not read in homes.
var HomeReadable = homeMode("accounts-home-readable", "Others cannot read homes",
	"Histories, keys and configuration in homes hold secrets; programs that create them do not always care for their mode.",
	"\"chmod 0750 /home/NAME\", and \"HOME_MODE 0700\" in /etc/login.defs for homes to come.", 0o007, "open to others",
	check.Passes("0750", debian(homeBits(0o750))),
	check.Fails("0755", debian(homeBits(0o755)), "user:erika"))
