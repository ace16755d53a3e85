package filesystems

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// setID makes a check of set-user-ID or set-group-ID files against the catalogue's list "expected",
// whose lines are paths or patterns. A path under / stands for the same one under /usr.
func setID(c check.Check, bit uint32, whose func(File) string) *check.Check {
	c.Requirements = []string{"A.5.2.1"}
	c.Needs = []string{partWalk}
	c.Rule = check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		expected := p.Strings("expected")
		var vs []check.Violation
		for i, file := range f.SetID {
			if octal(file.Mode)&bit == 0 || usual(expected, file.Path) {
				continue
			}
			vs = append(vs, check.Violation{Key: "file:" + file.Path, At: fmt.Sprintf("/set_id/%d", i), Source: file.Path,
				Detail: file.Path + " runs with the rights of " + whose(file) + " for whoever starts it, and no usual package brings it: " + file.String()})
		}
		return check.Failed(f.walked("all are programs of usual packages"), vs)
	})
	return &c
}

func usual(expected []string, p string) bool {
	return slices.ContainsFunc(expected, func(e string) bool {
		plain, _ := path.Match(e, p)
		merged, _ := path.Match(e, "/usr"+p)
		return plain || merged
	})
}

// SetUserID judges programs that run as their owner.
var SetUserID = setID(check.Check{
	ID:         "filesystems-set-user-id",
	Title:      "Only known programs run with the rights of their owner",
	Doc:        "An error in a set-user-ID program of root makes any user root, and such a program is also how an intruder keeps a way back.",
	Remedy:     "Find out where it comes from, then take the right away or remove it:\n\n    dpkg -S FILE || rpm -qf FILE\n    chmod u-s FILE",
	References: []string{"CIS Debian 12 7.1.13", "ANSSI BP-028 R56"},
	Examples: []check.Example{
		check.Passes("usual programs", Fact{SetID: []File{{Path: "/usr/bin/su", Mode: "4755", Owner: "root", Group: "root"}, {Path: "/bin/mount", Mode: "4755", Owner: "root", Group: "root"}}}),
		check.Fails("a shell", Fact{SetID: []File{{Path: "/usr/bin/bash", Mode: "4755", Owner: "root", Group: "root"}}}, "file:/usr/bin/bash"),
		check.Fails("a usual name in an unusual place", Fact{SetID: []File{{Path: "/tmp/su", Mode: "4755", Owner: "root", Group: "root"}}}, "file:/tmp/su"),
		check.Passes("set-group-ID only", Fact{SetID: []File{{Path: "/opt/app/tool", Mode: "2755", Owner: "root", Group: "games"}}}),
	},
}, 0o4000, func(f File) string { return f.Owner })

// SetGroupID judges programs that run as their group.
var SetGroupID = setID(check.Check{
	ID:         "filesystems-set-group-id",
	Title:      "Only known programs run with the rights of their group",
	Doc:        "An error in a set-group-ID program gives any user the rights of the group: with shadow, all password hashes.",
	Remedy:     "Find out where it comes from, then take the right away or remove it:\n\n    dpkg -S FILE || rpm -qf FILE\n    chmod g-s FILE",
	References: []string{"CIS Debian 12 7.1.13", "ANSSI BP-028 R56"},
	Examples: []check.Example{
		check.Passes("usual programs", Fact{SetID: []File{{Path: "/usr/sbin/unix_chkpwd", Mode: "2755", Owner: "root", Group: "shadow"}}}),
		check.Fails("an unknown one", Fact{SetID: []File{{Path: "/opt/app/tool", Mode: "2755", Owner: "root", Group: "games"}}}, "file:/opt/app/tool"),
	},
}, 0o2000, func(f File) string { return "the group " + f.Group })

// Owners judges files of nobody.
var Owners = &check.Check{
	ID:           "filesystems-owners",
	Title:        "Every file has an owner and a group that exist",
	Doc:          "The next account that gets the number owns the files that a deleted one left behind.",
	Remedy:       "find / -xdev \\( -nouser -o -nogroup \\) -ls\nchown USER:GROUP FILE",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 7.1.12", "ANSSI BP-028 R53"},
	Needs:        []string{partWalk, partAccounts},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if gap, missing := f.Gaps[partAccounts]; missing {
			return check.Unclear(&gap)
		}
		if f.Directory != "" && len(f.Unowned) > 0 {
			return check.Unseen("accounts also come from " + f.Directory + ", which is not asked; \"find / -xdev -nouser\" would show files without owner")
		}
		var vs []check.Violation
		for i, u := range f.Unowned {
			vs = append(vs, check.Violation{Key: u.sort() + ":" + strconv.Itoa(u.ID), At: fmt.Sprintf("/unowned/%d", i), Source: u.Path,
				Detail: "nobody has the " + map[bool]string{true: "group", false: "user"}[u.Group] + " number " + strconv.Itoa(u.ID) + ", which owns " + u.Path})
		}
		return check.Failed(f.walked("all owners and groups have names"), vs)
	}),
	Examples: []check.Example{
		check.Passes("none", Fact{}),
		check.Fails("a deleted account", Fact{Unowned: []Unowned{{false, 1007, "/srv/old"}, {true, 1007, "/srv/old"}}}, "gid:1007", "uid:1007"),
		check.Leaves("a directory of accounts", Fact{Directory: "sss", Unowned: []Unowned{{false, 1007, "/srv/old"}}}),
	},
}

// dotted lists what at finds wrong with the dot files of homes.
func dotted(f Fact, at func(h Home, d File) string) []check.Violation {
	var vs []check.Violation
	for i, h := range f.Homes {
		for j, d := range h.Dots {
			if what := at(h, d); what != "" {
				vs = append(vs, check.Violation{Key: "file:" + d.Path, At: fmt.Sprintf("/homes/%d/dots/%d", i, j), Source: d.Path,
					Detail: strings.ReplaceAll(what, "\n", " ")})
			}
		}
	}
	return vs
}
