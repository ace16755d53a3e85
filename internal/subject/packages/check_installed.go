package packages

import (
	"fmt"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Readable demands a database that can be read: without it nobody knows which flaws are here.
var Readable = &check.Check{
	ID:           "packages-database-readable",
	Title:        "The package database can be read",
	Doc:          "What is installed is compared with advisories from this database. An entry that cannot be read is software whose flaws nobody is told of.",
	Remedy:       "sudo dpkg --audit   (rpm: sudo rpm --verifydb)\nThen restore /var/lib/dpkg/status from /var/backups/dpkg.status.0 where needed.",
	Requirements: []string{"A.5.7.1"},
	Needs:        []string{partDatabase},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.Manager == "":
			return check.Inapplicable(noManager)
		case f.Unreadable > 0:
			return check.Failed("", []check.Violation{{Key: "file:" + f.Database, At: "/unreadable", Source: f.Database,
				Detail: "entries of the package database have no name or no version"}})
		case len(f.Packages) == 0 && f.Missing()[partDatabase].Cause == "":
			return check.Failed("", []check.Violation{{Key: "file:" + f.Database, At: "/packages", Source: f.Database,
				Detail: "the package database is empty"}})
		}
		return check.Passed(fmt.Sprintf("%s knows %d packages", f.Database, len(f.Packages)))
	}),
	Examples: []check.Example{
		check.Passes("whole", sample()),
		check.Fails("damaged entries", Fact{Manager: "dpkg", Database: dpkgStatus, Packages: []Package{{Name: "a", Version: "1"}}, Unreadable: 2}, "file:"+dpkgStatus),
		check.Fails("emptied", Fact{Manager: "dpkg", Database: dpkgStatus}, "file:"+dpkgStatus),
		check.Skips("nothing is managed", Fact{}),
	},
}

// perPackage makes a rule that looks at each package.
func perPackage(seen string, fault func(Package, check.Params) string) check.Rule {
	return check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		if f.Manager == "" {
			return check.Inapplicable(noManager)
		}
		var vs []check.Violation
		for i, pkg := range f.Packages {
			if detail := fault(pkg, p); detail != "" {
				vs = append(vs, check.Violation{Key: "package:" + pkg.Name, Detail: detail,
					At: fmt.Sprintf("/packages/%d", i), Source: f.Database})
			}
		}
		return check.Failed(fmt.Sprintf("%d packages, %s", len(f.Packages), seen), vs)
	})
}

// Whole finds packages that were left half way.
var Whole = &check.Check{
	ID:           "packages-broken",
	Title:        "No package is half installed",
	Doc:          "A package left half way runs neither its old nor its new code for sure, and blocks all later updates, security updates among them.",
	Remedy:       "sudo dpkg --configure -a && sudo apt-get --fix-broken install   (Alpine: sudo apk fix)",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{partDatabase},
	Rule: perPackage("all of them whole", func(p Package, _ check.Params) string {
		switch p.State {
		case "", "config-files":
			return ""
		}
		return p.Name + " " + p.Version + " is in the state " + p.State
	}),
	Examples: []check.Example{
		check.Passes("whole", sample()),
		check.Fails("an update that broke off", samplePackage(Package{Name: "libc6", Version: "2.36-9", State: "half-installed"}), "package:libc6"),
		check.Passes("removed, its settings kept", samplePackage(Package{Name: "nano", Version: "7.2-1", State: "config-files"})),
		check.Skips("nothing is managed", Fact{}),
	},
}

// Purged finds settings that removed packages left behind.
var Purged = &check.Check{
	ID:           "packages-removed-settings",
	Title:        "Removed packages leave no settings behind",
	Doc:          "Settings of software that is gone keep accounts, scheduled jobs and credentials alive that nobody looks after, and come back into force when the package does.",
	Remedy:       "dpkg -l | awk '$1 == \"rc\" {print $2}'\nsudo apt-get purge NAME",
	Requirements: []string{"A.5.9.2"},
	Needs:        []string{partDatabase},
	Rule: perPackage("none of them removed with settings kept", func(p Package, _ check.Params) string {
		if p.State != "config-files" {
			return ""
		}
		return p.Name + " is removed, its settings are kept"
	}),
	Examples: []check.Example{
		check.Passes("nothing left behind", sample()),
		check.Fails("removed, not purged", samplePackage(Package{Name: "nano", Version: "7.2-1", State: "config-files"}), "package:nano"),
	},
}

// unwanted makes a rule over the parameter "packages": names that should not be installed.
func unwanted(seen, why string) check.Rule {
	return check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if f.Manager == "" {
			return check.Inapplicable(noManager)
		}
		var vs []check.Violation
		for _, name := range p.Strings("packages") {
			i, ok := f.index(name)
			if !ok || declared.Runs(name) {
				continue
			}
			vs = append(vs, check.Violation{Key: "package:" + name, At: fmt.Sprintf("/packages/%d", i), Source: f.Database,
				Detail: name + " " + f.Packages[i].Version + " is installed, " + why})
		}
		return check.Failed(seen, vs)
	})
}

// LegacyClients finds programs that send passwords and content in the clear.
var LegacyClients = &check.Check{
	ID:           "packages-legacy-clients",
	Title:        "No client of a clear-text protocol is installed",
	Doc:          "Telnet, rsh, talk and NIS send passwords and content in the clear. Where the client is at hand, somebody uses it.",
	Remedy:       "sudo apt-get purge telnet rsh-client talk nis ftp",
	Requirements: []string{"A.5.2.2"},
	References:   []string{"CIS Debian 12 2.2.1", "CIS Debian 12 2.2.2", "CIS Debian 12 2.2.3", "CIS Debian 12 2.2.4", "CIS Debian 12 2.2.6", "ANSSI BP-028 R58"},
	Needs:        []string{partDatabase},
	Rule:         unwanted("no client of a clear-text protocol", "a client of a clear-text protocol"),
	Examples: []check.Example{
		check.Passes("none", sample()),
		check.Fails("telnet", samplePackage(Package{Name: "telnet", Version: "0.17+2.4-2"}), "package:telnet"),
		check.Passes("telnet was removed", samplePackage(Package{Name: "telnet", Version: "0.17+2.4-2", State: "config-files"})),
		check.Skips("nothing is managed", Fact{}),
	},
}

// LegacyServers finds servers of such protocols.
var LegacyServers = &check.Check{
	ID:           "packages-legacy-servers",
	Title:        "No server of a clear-text protocol is installed",
	Doc:          "A telnet, rsh or TFTP server lets people in with passwords sent in the clear, or with none. Installed is one command away from running.",
	Remedy:       "sudo apt-get purge telnetd rsh-server tftpd xinetd",
	Requirements: []string{"A.5.2.2"},
	References:   []string{"ANSSI BP-028 R58"},
	Needs:        []string{partDatabase},
	Rule:         unwanted("no server of a clear-text protocol", "a server of a clear-text protocol"),
	Examples: []check.Example{
		check.Passes("none", sample()),
		check.Fails("telnetd", samplePackage(Package{Name: "telnetd", Version: "0.17+2.4-2"}), "package:telnetd"),
		check.Skips("nothing is managed", Fact{}),
	},
}

// Origin finds packages that no list knows.
var Origin = &check.Check{
	ID:           "packages-without-origin",
	Title:        "Every package comes from a repository",
	Doc:          "A package that no repository offers, installed from a file or left over from an older release, never gets an update, and no advisory speaks of it.",
	Remedy:       "apt list --installed | grep ',local'\nAdd the vendor's repository, or sudo apt-get purge NAME.",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{partDatabase, partUpdates},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Manager != "dpkg" && f.Missing()[partDatabase].Cause == "" {
			return check.Inapplicable("lists are compared for apt only")
		}
		if len(f.Lists) == 0 {
			return check.Unseen(`there are no package lists to compare with; "sudo apt-get update" fetches them`)
		}
		if p, ok := f.Missing()[partUpdates]; ok {
			return check.Unseen("some lists are missing, a package could come from there: " + p.Error())
		}
		var vs []check.Violation
		for i, name := range f.NoOrigin {
			vs = append(vs, check.Violation{Key: "package:" + name, At: fmt.Sprintf("/no_origin/%d", i), Source: f.Database,
				Detail: name + " is installed, no configured repository offers it"})
		}
		return check.Failed("each package is named in a list", vs)
	}),
	Examples: []check.Example{
		check.Passes("all known", sample()),
		check.Fails("installed from a file", func() Fact {
			f := sample()
			f.NoOrigin = []string{"vendor-agent"}
			return f
		}(), "package:vendor-agent"),
		check.Leaves("no lists", Fact{Manager: "dpkg"}),
		check.Skips("Alpine", Fact{Manager: "apk"}),
	},
}
