package filesystems

import (
	"fmt"
	"path"
	"slices"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// living makes a fact with one home, for examples.
func living(mode, owner string, dots ...File) Fact {
	return Fact{Homes: []Home{{User: "erika", UID: 1000, File: &File{Path: "/home/erika", Mode: mode, Owner: owner, Group: owner, Folder: true}, Dots: dots}}}
}

func dot(name, mode string) File {
	return File{Path: "/home/erika/" + name, Mode: mode, Owner: "erika", Group: "erika"}
}

// TrustFiles judges logins without any proof.
var TrustFiles = &check.Check{
	ID:           "filesystems-trust-files",
	Title:        "No file lets other hosts in without a proof",
	Doc:          ".rhosts, .shosts and hosts.equiv let in whoever claims to come from a host of theirs.",
	Remedy:       "rm FILE    # then give the user a key of his own",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.10"},
	Needs:        []string{partAccounts, partHomes, "/etc/hosts.equiv", "/etc/ssh/shosts.equiv"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		vs := dotted(f, func(h Home, d File) string {
			if name := path.Base(d.Path); name == ".rhosts" || name == ".shosts" {
				return h.User + " lets other hosts in by " + d.Path
			}
			return ""
		})
		for i, file := range f.Files {
			if file.Path == "/etc/hosts.equiv" || file.Path == "/etc/ssh/shosts.equiv" {
				vs = append(vs, check.Violation{Key: "file:" + file.Path, At: fmt.Sprintf("/files/%d", i), Source: file.Path, Detail: file.Path + " lets other hosts in"})
			}
		}
		return check.Failed("there is no .rhosts, .shosts or hosts.equiv", vs)
	}),
	Examples: []check.Example{
		check.Passes("none", living("0700", "erika", dot(".netrc", "0600"))),
		check.Fails("of a user", living("0700", "erika", dot(".rhosts", "0600")), "file:/home/erika/.rhosts"),
		check.Fails("of the host", having("/etc/hosts.equiv 0644 root root"), "file:/etc/hosts.equiv"),
	},
}

// LoginFiles judges passwords and forwarding in home folders.
var LoginFiles = &check.Check{
	ID:           "filesystems-netrc",
	Title:        "No home folder holds passwords in plain text or forwards mail",
	Doc:          ".netrc holds passwords in plain text; .forward sends mail, with what it says of the system, elsewhere.",
	Remedy:       "rm ~/.netrc ~/.forward    # a .netrc that has to stay: chmod 0600 ~/.netrc",
	Requirements: []string{"A.5.2.1", "A.5.4.4"},
	References:   []string{"CIS Debian 12 7.2.10"},
	Needs:        []string{partAccounts, partHomes},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return check.Failed("there is no .forward, and no .netrc that others may read", dotted(f, func(h Home, d File) string {
			switch {
			case path.Base(d.Path) == ".forward":
				return h.User + " forwards mail by " + d.Path
			case path.Base(d.Path) == ".netrc" && octal(d.Mode)&0o077 != 0:
				return d.Path + " can be read by others: " + d.String()
			}
			return ""
		}))
	}),
	Examples: []check.Example{
		check.Passes("closed", living("0700", "erika", dot(".netrc", "0600"))),
		check.Fails("open", living("0700", "erika", dot(".netrc", "0644"), dot(".forward", "0644")), "file:/home/erika/.forward", "file:/home/erika/.netrc"),
	},
}

// DotFiles judges the settings of people's shells and programs.
var DotFiles = &check.Check{
	ID:           "filesystems-dot-files",
	Title:        "Only their owner changes the settings in a home folder",
	Doc:          "Shells and programs run what their dot files say. Who changes one of another user acts as that user.",
	Remedy:       "chmod go-w FILE",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.2.10"},
	Needs:        []string{partAccounts, partHomes},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return check.Failed("no dot file can be changed by others than its owner", dotted(f, func(h Home, d File) string {
			m := octal(d.Mode)
			loose := m&0o002 != 0 || m&0o020 != 0 && !d.Lonely && !slices.Contains([]string{h.User, "root"}, d.Group)
			if d.Link == "" && loose {
				return d.Path + " can be changed by others: " + d.String()
			}
			return ""
		}))
	}),
	Examples: []check.Example{
		check.Passes("closed", living("0700", "erika", dot(".netrc", "0600"))),
		check.Fails("open", living("0700", "erika", dot(".bashrc", "0666")), "file:/home/erika/.bashrc"),
		check.Passes("a group of one's own", living("0700", "erika", dot(".netrc", "0660"))),
	},
}
