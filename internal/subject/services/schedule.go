package services

import (
	"strconv"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const noCron = "cron is not installed"

// CronPermissions holds when others cannot even read what is scheduled.
var CronPermissions = &check.Check{
	ID:           "services-cron-permissions",
	Title:        "Only root can read cron's tables and folders",
	Doc:          "Tables show paths, times and now and then passwords: a plan for whoever wants to become root.",
	Remedy:       "chmod 0600 /etc/crontab; chmod 0700 /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.d; chown root:root for all of them.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 2.4.1.2", "CIS Debian 12 2.4.1.3", "CIS Debian 12 2.4.1.4", "CIS Debian 12 2.4.1.5", "CIS Debian 12 2.4.1.6", "CIS Debian 12 2.4.1.7"},
	Needs:        []string{partCron},
	Rule:         check.On(cronPermissions),
	Examples: []check.Example{
		check.Passes("root alone", cron(PathState{Path: "/etc/crontab", Mode: "0600"}, PathState{Path: "/etc/cron.d", Mode: "0700", Folder: true})),
		check.Fails("as Debian installs them", cron(PathState{Path: "/etc/crontab", Mode: "0644"}, PathState{Path: "/etc/cron.d", Mode: "0755", Folder: true}), "file:/etc/crontab", "file:/etc/cron.d"),
		check.Skips("no cron", Fact{Scheduler: Scheduler{Paths: []PathState{{Path: "/etc/cron.d", Mode: "0755", Folder: true}}}}),
	},
}

func cron(ps ...PathState) Fact { return Fact{Scheduler: Scheduler{Cron: true, Paths: ps}} }

func cronPermissions(f Fact, _ estate.View, _ check.Params) check.Result {
	if !f.Scheduler.Cron {
		return check.Inapplicable(noCron)
	}
	var faults []check.Violation
	for i, p := range f.Scheduler.Paths {
		mode, err := strconv.ParseUint(p.Mode, 8, 32)
		if err == nil && mode&0o077 == 0 && p.UID == 0 && p.GID == 0 {
			continue
		}
		faults = append(faults, check.Violation{Key: "file:" + p.Path, At: "/scheduler/paths/" + strconv.Itoa(i), Source: p.Path,
			Detail: p.Path + " has mode " + p.Mode + " and belongs to " + strconv.Itoa(p.UID) + ":" + strconv.Itoa(p.GID) + ", want root alone"})
	}
	return check.Failed(count(len(f.Scheduler.Paths), "path")+" of cron, readable by root alone", faults)
}

// CronUsers holds when the users of cron are listed.
var CronUsers = &check.Check{
	ID:           "services-cron-users",
	Title:        "Only listed users may schedule jobs with cron",
	Doc:          "A job in a user's crontab survives log-out, restarts and a new password: the simplest way to stay on a host.",
	Remedy:       "rm -f /etc/cron.deny; install -m 0640 -o root -g root /dev/null /etc/cron.allow; add the names that need it, one a line.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 2.4.1.8"},
	Needs:        []string{partCron},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return allowed("cron", f.Scheduler.Cron, f.Scheduler.CronAllow)
	}),
	Examples: []check.Example{
		check.Passes("a list", Fact{Scheduler: Scheduler{Cron: true, CronAllow: true}}),
		check.Fails("no list", Fact{Scheduler: Scheduler{Cron: true}}, "file:/etc/cron.allow"),
		check.Fails("a list of those who may not", Fact{Scheduler: Scheduler{Cron: true, CronDeny: true}}, "file:/etc/cron.allow"),
		check.Skips("no cron", Fact{}),
	},
}

// AtUsers holds when the users of at are listed.
var AtUsers = &check.Check{
	ID:           "services-at-users",
	Title:        "Only listed users may schedule jobs with at",
	Doc:          "A job of at survives log-out and a new password, and shows in no crontab.",
	Remedy:       "apt purge at; or rm -f /etc/at.deny; install -m 0640 -o root -g root /dev/null /etc/at.allow; add the names that need it, one a line.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 2.4.2.1"},
	Needs:        []string{partCron},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return allowed("at", f.Scheduler.At, f.Scheduler.AtAllow)
	}),
	Examples: []check.Example{
		check.Passes("a list", Fact{Scheduler: Scheduler{At: true, AtAllow: true}}),
		check.Fails("no list", Fact{Scheduler: Scheduler{At: true, CronAllow: true}}, "file:/etc/at.allow"),
		check.Skips("no at", Fact{Scheduler: Scheduler{Cron: true}}),
	},
}

func allowed(name string, installed, list bool) check.Result {
	file := "/etc/" + name + ".allow"
	switch {
	case !installed:
		return check.Inapplicable(name + " is not installed")
	case list:
		return check.Passed(file + " exists")
	}
	return check.Failed("", []check.Violation{{Key: "file:" + file, At: "/scheduler", Source: file,
		Detail: file + " does not exist: who may use " + name + " is not listed"}})
}
