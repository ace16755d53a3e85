package packages

import (
	"fmt"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const noManager = "no package manager is used here (no database of dpkg, rpm or apk)"

// SecurityUpdates finds packages for which a security list offers a newer version.
var SecurityUpdates = &check.Check{
	ID:           "packages-security-updates",
	Title:        "No security update is pending",
	Doc:          "A pending security update is a published flaw that is still open here: the fix tells attackers where to look. Judged from the package lists on the host; when those have expired, a clean result is not believed.",
	Remedy:       "Debian, Ubuntu: sudo apt-get update && sudo apt-get upgrade\nRed Hat: sudo dnf upgrade --security\nRestart what still runs the old code.",
	Requirements: []string{"A.5.9.1", "A.5.7.1"},
	References:   []string{"CIS Debian 12 1.2.2.1", "ANSSI BP-028 R61"},
	Needs:        []string{partDatabase, partSecurity},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		if f.Manager == "" {
			return check.Inapplicable(noManager)
		}
		var vs []check.Violation
		for i, u := range f.Updates {
			if u.Security == "" {
				continue
			}
			vs = append(vs, u.violation(i, u.Security))
		}
		if len(vs) == 0 {
			if l, ok := f.expired(p.Now); ok {
				return check.Unseen("the list of " + l.Suite + " was valid until " + l.ValidUntil + `; "sudo apt-get update" fetches a new one`)
			}
		}
		return check.Failed(fmt.Sprintf("%d installed packages, none has a pending security update", len(f.Packages)), vs)
	}),
	Examples: []check.Example{
		check.Passes("all current", sample()),
		check.Passes("an update that mends no flaw", sampleWith(Update{Name: "tzdata", Installed: "2024a-0", Candidate: "2024b-0"})),
		check.Fails("openssl has a fix", sampleWith(Update{Name: "openssl", Arch: "amd64", Installed: "3.0.11-1", Candidate: "3.0.14-1", Security: "3.0.14-1"}), "package:openssl"),
		check.Fails("a fix on hold", sampleWith(Update{Name: "curl", Installed: "7.88.1-10", Candidate: "7.88.1-11", Security: "7.88.1-11", Hold: true}), "package:curl"),
		check.Leaves("the list has expired", func() Fact {
			f := sample()
			f.Lists[0].ValidUntil = "Sat, 14 Nov 2026 09:00:00 UTC"
			return f
		}()),
		check.Skips("nothing is managed", Fact{}),
	},
}

// OtherUpdates finds packages with a newer version in any list but the security lists.
var OtherUpdates = &check.Check{
	ID:           "packages-other-updates",
	Title:        "No other update is pending",
	Doc:          "Updates outside the security list mend bugs, and some of them are flaws that nobody has named yet. Small, regular updates also make the urgent ones safe to apply.",
	Remedy:       "sudo apt-get update && sudo apt-get upgrade   (or: sudo dnf upgrade, sudo apk upgrade)",
	Requirements: []string{"A.5.9.1"},
	References:   []string{"CIS Debian 12 1.2.2.1", "ANSSI BP-028 R61"},
	Needs:        []string{partDatabase, partUpdates},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Manager == "" {
			return check.Inapplicable(noManager)
		}
		var vs []check.Violation
		for i, u := range f.Updates {
			if u.Security == "" {
				vs = append(vs, u.violation(i, u.Candidate))
			}
		}
		return check.Failed(fmt.Sprintf("%d installed packages, none has a pending update", len(f.Packages)), vs)
	}),
	Examples: []check.Example{
		check.Passes("all current", sample()),
		check.Fails("a newer time zone table", sampleWith(Update{Name: "tzdata", Installed: "2024a-0", Candidate: "2024b-0"}), "package:tzdata"),
		check.Passes("security updates count elsewhere", sampleWith(Update{Name: "openssl", Installed: "1", Candidate: "2", Security: "2"})),
		check.Skips("nothing is managed", Fact{}),
	},
}

func (u Update) violation(i int, to string) check.Violation {
	detail := fmt.Sprintf("%s %s is installed, %s is available", u.Name, u.Installed, to)
	if u.Hold {
		detail += "; the package is on hold (apt-mark unhold " + u.Name + ")"
	}
	return check.Violation{Key: "package:" + u.Name, Detail: detail, At: fmt.Sprintf("/updates/%d", i), Source: u.Source}
}

// expired gives a security list whose own date of expiry has passed.
func (f Fact) expired(now time.Time) (List, bool) {
	for _, l := range f.Lists {
		if until, ok := releaseTime(l.ValidUntil); ok && l.Security && now.After(until) {
			return l, true
		}
	}
	return List{}, false
}

// releaseTime reads the time of a Release file: RFC 5322 with UTC for a zone.
func releaseTime(s string) (time.Time, bool) {
	for _, form := range []string{"Mon, 2 Jan 2006 15:04:05 MST", time.RFC1123Z} {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ListsCurrent finds lists that say of themselves that they are too old.
var ListsCurrent = &check.Check{
	ID:           "packages-lists-current",
	Title:        "Package lists have not expired",
	Doc:          "A list past its date says nothing about today's updates. Either nobody fetches lists here, or somebody between the host and the mirror keeps serving old ones.",
	Remedy:       "sudo apt-get update\nThen see why the regular run did not: systemctl status apt-daily.timer apt-daily.service",
	Requirements: []string{"A.5.9.1", "A.5.7.1"},
	Needs:        []string{partDatabase, partUpdates},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		dated := 0
		for i, l := range f.Lists {
			until, ok := releaseTime(l.ValidUntil)
			if !ok {
				continue
			}
			dated++
			if p.Now.After(until) {
				vs = append(vs, check.Violation{Key: "file:" + l.File, At: fmt.Sprintf("/lists/%d", i), Source: l.File,
					Detail: "the list of " + l.Suite + " is of " + l.Date + " and was valid until " + l.ValidUntil})
			}
		}
		if f.Manager == "" || dated == 0 {
			return check.Inapplicable("no package list here tells a date of expiry")
		}
		return check.Failed(fmt.Sprintf("%d lists tell a date of expiry, none has passed it", dated), vs)
	}),
	Examples: []check.Example{
		check.Passes("valid for days to come", sample()),
		check.Fails("expired last week", func() Fact {
			f := sample()
			f.Lists[0].ValidUntil = "Sat, 14 Nov 2026 09:00:00 UTC"
			return f
		}(), "file:"+sample().Lists[0].File),
		check.Skips("no dates", Fact{Manager: "dpkg", Lists: []List{{File: "/var/lib/apt/lists/x_Packages"}}}),
	},
}

// Automatically demands that security updates get in without a person.
var Automatically = &check.Check{
	ID:           "packages-automatic-updates",
	Title:        "Security updates are installed automatically",
	Doc:          "Between a fix and its abuse lie hours. People sleep, travel and forget; a timer does not.",
	Remedy:       "Debian, Ubuntu: sudo apt-get install unattended-upgrades\nprintf 'APT::Periodic::Update-Package-Lists \"1\";\\nAPT::Periodic::Unattended-Upgrade \"1\";\\n' | sudo tee /etc/apt/apt.conf.d/20auto-upgrades\nRed Hat: sudo dnf install dnf-automatic && sudo systemctl enable --now dnf-automatic-install.timer",
	Requirements: []string{"A.5.2.1", "A.5.9.1"},
	References:   []string{"ANSSI BP-028 R61"},
	Needs:        []string{partDatabase, partAutomatic, partBoot},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.Manager == "":
			return check.Inapplicable(noManager)
		case f.Container:
			return check.Inapplicable("a container is rebuilt from its image, it is not updated in place")
		case !f.Init && f.Missing()[partBoot].Cause == "":
			return check.Inapplicable("nothing here starts timers (no init program), updates come with a new image")
		case f.Manager == "apk":
			return check.Unseen("Alpine has no tool of its own for automatic updates; how updates get in must be declared")
		case f.Automatic.Installs && f.Automatic.Refreshes:
			return check.Passed(f.Automatic.Tool + " installs security updates")
		}
		return check.Failed("", []check.Violation{{Key: "package:automatic-updates", At: "/automatic", Source: f.Automatic.Source,
			Detail: "security updates are not installed automatically: " + f.Automatic.Missing}})
	}),
	Examples: []check.Example{
		check.Passes("unattended-upgrades", sample()),
		check.Fails("lists are fetched, nothing is installed", func() Fact {
			f := sample()
			f.Automatic = Automatic{Refreshes: true, Missing: "unattended-upgrades is not installed"}
			return f
		}(), "package:automatic-updates"),
		check.Skips("a container", Fact{Manager: "dpkg", Container: true, Init: true}),
		check.Skips("an image without init", Fact{Manager: "dpkg"}),
	},
}
