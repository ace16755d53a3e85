package services

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// UnitFiles holds when only root can change units.
var UnitFiles = &check.Check{
	ID:           "services-unit-writable",
	Title:        "Only root can change the files of units",
	Doc:          "Whoever can write a unit decides what root starts at the next restart.",
	Remedy:       "chown root:root FILE && chmod 0644 FILE && systemctl daemon-reload; then read what it says.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partUnits},
	Rule:         changeable("unit", "unit:", "every unit belongs to root and nobody else can write it"),
	Examples: []check.Example{
		check.Passes("root alone", on(local("shop.service", "shop"))),
		check.Passes("a loose program is another matter", with(program())),
		check.Fails("writable by everybody", with(Exposed{"/etc/systemd/system/shop.service", "is writable by everybody", "unit", []string{"unit:shop.service"}}), "file:/etc/systemd/system/shop.service"),
	},
}

// Programs holds when only root can change what units and jobs run as root.
var Programs = &check.Check{
	ID:    "services-program-writable",
	Title: "Only root can change programs that units run as root",
	Doc: "A program that root starts and somebody else can replace, because of its own permissions or its " +
		"folder's, makes that account as good as root.",
	Remedy:       "chown root:root FILE && chmod go-w FILE, likewise for its folder; or give the unit a User= of its own.",
	Requirements: []string{"A.5.2.1", "A.5.2.6"},
	Needs:        []string{partUnits, partPrograms},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return exposedBy(f, "program", "unit:", "only root can change what units run as root")
	}),
	Examples: []check.Example{
		check.Passes("root alone", on(local("shop.service", ""))),
		check.Fails("the application's user owns it", with(program()), "file:/opt/shop/bin/shop"),
	},
}

func program() Exposed {
	return Exposed{"/opt/shop/bin/shop", "belongs to user 998", "program", []string{"unit:shop.service"}}
}

func with(es ...Exposed) Fact { return Fact{Init: "systemd", Exposed: es} }

// CronPrograms holds when only root can change what root's jobs run.
var CronPrograms = &check.Check{
	ID:           "services-cron-program-writable",
	Title:        "Only root can change programs that root's scheduled jobs run",
	Doc:          "A script that cron runs as root and that somebody else can write gives that account root within the hour, without a trace in any log-in record.",
	Remedy:       "chown root:root SCRIPT && chmod go-w SCRIPT, likewise for its folder; or run the job as the user that owns the script.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partCron, partPrograms},
	Rule:         check.On(cronPrograms),
	Examples: []check.Example{
		check.Passes("root alone", Fact{Jobs: []Job{{"/etc/cron.d/backup", "root", []string{"/usr/local/bin/backup"}}}}),
		check.Fails("a script that everybody can write", with(Exposed{"/opt/backup.sh", "is writable by everybody", "program", []string{"file:/etc/cron.d/backup"}}), "file:/etc/cron.d/backup"),
		check.Passes("a program of a unit is another matter", with(program())),
	},
}

func cronPrograms(f Fact, _ estate.View, _ check.Params) check.Result {
	var faults []check.Violation
	for i, e := range f.Exposed {
		if e.Sort != "program" {
			continue
		}
		for _, user := range e.Users {
			if job, ok := strings.CutPrefix(user, "file:"); ok {
				faults = append(faults, check.Violation{Key: user, At: "/exposed/" + strconv.Itoa(i), Source: job,
					Detail: "root's job relies on " + e.Path + ", which " + e.Why})
			}
		}
	}
	return check.Failed("only root can change what root's jobs run", faults)
}

// CronTables holds when only root can change tables of cron and scripts in its folders.
var CronTables = &check.Check{
	ID:           "services-cron-writable",
	Title:        "Only root can change cron's tables and scripts",
	Doc:          "Whoever can write to /etc/crontab, /etc/cron.d or /etc/cron.daily runs commands as root.",
	Remedy:       "chown root:root FILE && chmod go-w FILE; then read what it says.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partCron},
	Rule:         changeable("table", "file:", "every table and script of cron belongs to root and nobody else can write it"),
	Examples: []check.Example{
		check.Passes("root alone", Fact{Jobs: []Job{{"/etc/cron.d/backup", "root", nil}}}),
		check.Fails("a table that everybody can write", with(Exposed{"/etc/cron.d/backup", "is writable by everybody", "table", []string{"file:/etc/cron.d/backup"}}), "file:/etc/cron.d/backup"),
		check.Passes("a loose program is another matter", with(program())),
	},
}

func changeable(sort, by, none string) check.Rule {
	return check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return exposedBy(f, sort, by, none)
	})
}

// exposedBy fails for each exposed file of a sort that something named by+... relies on.
func exposedBy(f Fact, sort, by, none string) check.Result {
	var faults []check.Violation
	for i, e := range f.Exposed {
		users := slices.DeleteFunc(slices.Clone(e.Users), func(u string) bool { return !strings.HasPrefix(u, by) })
		if e.Sort != sort || len(users) == 0 {
			continue
		}
		detail := e.Path + " " + e.Why
		if sort == "program" {
			detail += "; root starts it for " + strings.ReplaceAll(strings.Join(users, ", "), by, "")
		}
		faults = append(faults, check.Violation{Key: "file:" + e.Path, At: "/exposed/" + strconv.Itoa(i), Source: e.Path, Detail: detail})
	}
	return check.Failed(none, faults)
}

// Temporary holds when nothing starts from a folder that anybody can write.
var Temporary = &check.Check{
	ID:           "services-temporary-program",
	Title:        "No unit and no job starts a program in a folder that anybody can write",
	Doc:          "No package puts programs into /tmp, /var/tmp or /dev/shm. What starts there at boot or by schedule is how an intruder stays.",
	Remedy:       "Read the unit or table and the program before you remove them; systemctl disable --now UNIT. Then report an incident.",
	Requirements: []string{"A.5.2.1", "A.5.2.2"},
	Needs:        []string{partUnits, partCron},
	Rule:         check.On(temporary),
	Examples: []check.Example{
		check.Passes("installed programs", on(local("shop.service", "shop"))),
		check.Fails("a unit", on(Unit{Name: "x.service", Source: "/etc/systemd/system/x.service", Exec: []string{"/dev/shm/x"}}), "unit:x.service"),
		check.Fails("a job", Fact{Jobs: []Job{{"/var/spool/cron/crontabs/www-data", "www-data", []string{"/tmp/.x/run"}}}}, "file:/var/spool/cron/crontabs/www-data"),
	},
}

func temporary(f Fact, _ estate.View, p check.Params) check.Result {
	var faults []check.Violation
	in := func(programs []string) string {
		for _, name := range programs {
			for _, dir := range p.Strings("folders") {
				if strings.HasPrefix(name, dir+"/") {
					return name
				}
			}
		}
		return ""
	}
	for i, u := range f.Units {
		if name := in(u.Exec); name != "" {
			faults = append(faults, fault(i, u, u.Name+" starts "+name))
			faults[len(faults)-1].Source = u.Source
		}
	}
	for i, j := range f.Jobs {
		if name := in(j.Programs); name != "" {
			faults = append(faults, check.Violation{Key: "file:" + j.Source, At: "/jobs/" + strconv.Itoa(i), Source: j.Source, Detail: "a job of " + j.User + " starts " + name})
		}
	}
	return check.Failed("no unit and no job starts from such a folder", faults)
}
