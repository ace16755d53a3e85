package linuxhost

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Supported judges the end of life of the distribution.
var Supported = &check.Check{
	ID:           "linuxhost-supported",
	Title:        "The operating system still gets security updates",
	Doc:          "After the end of life nobody mends new vulnerabilities of the kernel, the libraries and the services that the distribution brings. Long-term support counts where everybody gets it without a contract.",
	Remedy:       "Move to a supported release. On Debian and Ubuntu:\n\n    do-release-upgrade    # Ubuntu\n    apt update && apt full-upgrade    # Debian, after changing the release in /etc/apt/sources.list",
	Requirements: []string{"A.5.9.1", "A.5.2.1"},
	References:   []string{"ANSSI BP-028 R61"},
	Needs:        []string{"os"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		life, r := f.life(p)
		if life == nil {
			return r
		}
		if p.Now.After(life.last) {
			return check.Failed("", []check.Violation{life.violation("got its last free security update on " + day(life.last))})
		}
		return check.Passed(life.label + " gets security updates until " + day(life.last))
	}),
	Examples: []check.Example{
		check.Passes("Debian 12 in long-term support", Fact{OS: OS{ID: "debian", Version: "12", Pretty: "Debian GNU/Linux 12 (bookworm)"}}),
		check.Passes("a point release of Alpine", Fact{OS: OS{ID: "alpine", Version: "3.22.1"}}),
		check.Passes("no end has been announced", Fact{OS: OS{ID: "photon", Version: "5.0"}}),
		check.Fails("Debian 11", Fact{OS: OS{ID: "debian", Version: "11"}}, "os:debian"),
		check.Fails("CentOS 7", Fact{OS: OS{ID: "centos", Version: "7", Pretty: "CentOS Linux 7 (Core)"}}, "os:centos"),
		check.Fails("Alpine 3.20", Fact{OS: OS{ID: "alpine", Version: "3.20.3"}}, "os:alpine"),
		check.Skips("a rolling release", Fact{OS: OS{ID: "arch", Pretty: "Arch Linux"}}),
		check.Leaves("a distribution that the table does not know", Fact{OS: OS{ID: "mylinux", Version: "3"}}),
		check.Leaves("no os-release", Fact{}),
	},
}

// SupportEnding warns before the end of life.
var SupportEnding = &check.Check{
	ID:           "linuxhost-support-ending",
	Title:        "The end of life of the operating system is not near",
	Doc:          "An upgrade of the operating system needs weeks of planning and tests. Who starts after the end of life runs without security updates meanwhile.",
	Remedy:       "Plan the upgrade to a supported release now.",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{"os"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		life, r := f.life(p)
		if life == nil {
			return r
		}
		switch {
		case life.open:
			return check.Passed("no end of life has been announced for " + life.label)
		case p.Now.After(life.last):
			return check.Inapplicable(life.label + " is past its end of life already")
		case life.last.Sub(p.Now) < p.Days("days"):
			return check.Failed("", []check.Violation{life.violation("gets its last free security update on " + day(life.last))})
		}
		return check.Passed(life.label + " gets security updates until " + day(life.last))
	}),
	Examples: []check.Example{
		check.Passes("years to go", Fact{OS: OS{ID: "debian", Version: "13"}}),
		check.Fails("weeks to go", Fact{OS: OS{ID: "fedora", Version: "43"}}, "os:fedora"),
		check.Skips("past the end", Fact{OS: OS{ID: "debian", Version: "11"}}),
	},
}

// RegularSupport tells long-term support by volunteers from support by the security team.
var RegularSupport = &check.Check{
	ID:           "linuxhost-regular-support",
	Title:        "The operating system is in regular support",
	Doc:          "Long-term support of Debian covers fewer packages and architectures than the security team does, and fixes come later.",
	Remedy:       "Upgrade to the current stable release, or see with \"check-support-status\" (package debian-security-support) that every package in use is covered.",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{"os"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		life, r := f.life(p)
		if life == nil {
			return r
		}
		switch {
		case p.Now.After(life.last):
			return check.Inapplicable(life.label + " is past its end of life")
		case p.Now.After(life.regular):
			return check.Failed("", []check.Violation{life.violation("left regular support on " + day(life.regular) +
				"; long-term support lasts until " + day(life.last))})
		}
		return check.Passed(life.label + " is in regular support until " + day(life.regular))
	}),
	Examples: []check.Example{
		check.Passes("stable", Fact{OS: OS{ID: "debian", Version: "13"}}),
		check.Fails("long-term support only", Fact{OS: OS{ID: "debian", Version: "12"}}, "os:debian"),
	},
}

// lifetime is one row of the table of releases.
type lifetime struct {
	id, label     string
	regular, last time.Time // the last moments of regular and of any free support
	open          bool      // no end was announced
}

func (l *lifetime) violation(what string) check.Violation {
	return check.Violation{Key: "os:" + l.id, Detail: l.label + " " + what, At: "/os/version", Source: "/etc/os-release"}
}

// life finds the release in the catalogue's table, whose rows are "id version end [end of LTS]".
// VERSION_ID may be more exact than the table: 3.20.3 is found under 3.20, 9.4 under 9.
func (f Fact) life(p check.Params) (*lifetime, check.Result) {
	o := f.OS
	switch {
	case o.ID == "":
		return nil, check.Unseen("the host has no os-release that names its distribution")
	case p.Has("rolling", o.ID):
		return nil, check.Inapplicable(o.Label() + " is a rolling release")
	case o.Version == "" && p.Has("unversioned", o.ID), strings.Contains(o.Version, "_alpha"):
		return nil, check.Inapplicable(o.Label() + " is a development release")
	}
	for v := o.Version; v != ""; {
		for _, row := range p.Strings("releases") {
			if l := lifetimeOf(row, o.ID, v); l != nil {
				l.label = o.Label()
				return l, check.Result{}
			}
		}
		i := strings.LastIndexByte(v, '.')
		v = v[:max(i, 0)]
	}
	return nil, check.Unseen(fmt.Sprintf("the table of releases (as of %s) has no end of life for %s", p.String("as_of"), o.Label()))
}

func lifetimeOf(row, id, version string) *lifetime {
	w := strings.Fields(row)
	if len(w) < 3 || w[0] != id || w[1] != version {
		return nil
	}
	if w[2] == "-" {
		far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		return &lifetime{id: id, regular: far, last: far, open: true}
	}
	l := &lifetime{id: id, regular: endOf(w[2])}
	l.last = l.regular
	if len(w) > 3 {
		l.last = endOf(w[3])
	}
	return l
}

// endOf gives the end of a day. A day that is no date makes the check an error, not a verdict.
func endOf(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic("the table of releases holds " + s + ", which is no date")
	}
	return t.AddDate(0, 0, 1)
}

func day(end time.Time) string {
	if end.Year() == 9999 {
		return "a day that is not announced yet"
	}
	return end.AddDate(0, 0, -1).Format(time.DateOnly)
}
