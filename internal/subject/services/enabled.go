package services

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const noManager = "no service manager is installed: nothing starts by itself"

// Unneeded holds when nothing is enabled that comes with packages and that servers hardly need.
var Unneeded = &check.Check{
	ID:    "services-unneeded",
	Title: "No service is enabled that a server hardly ever needs",
	Doc: "Printing, service discovery, file sharing, directory and desktop services come in as dependencies, " +
		"listen, and are forgotten. What the system is there for belongs into the estate.",
	Remedy:       "systemctl disable --now UNIT && systemctl mask UNIT, or apt purge PACKAGE; a service that is needed: name it under \"runs\" of the system in the estate.",
	Requirements: []string{"A.5.2.2"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, d estate.View, p check.Params) check.Result {
		return listed(f, d, p, "is enabled and hardly ever needed on a server")
	}),
	Examples: []check.Example{
		check.Passes("a web server", on(enabled("nginx.service"), enabled("ssh.service"))),
		check.Passes("masked", Fact{Init: "systemd", Masked: []string{"rpcbind.service"}}),
		check.Passes("declared", on(enabled("nfs-server.service"))).Given(estateYAML),
		check.Fails("Avahi and its socket", on(enabled("avahi-daemon.service"), enabled("avahi-daemon.socket")), "unit:avahi-daemon.service", "unit:avahi-daemon.socket"),
		check.Fails("OpenRC", Fact{Init: "openrc", Units: []Unit{{Name: "cupsd", Enabled: true, By: "/etc/runlevels/default/cupsd"}}}, "unit:cupsd"),
		check.Fails("not the declared one", on(enabled("rpcbind.socket")), "unit:rpcbind.socket").Given(estateYAML),
		check.Skips("no service manager", Fact{}),
	},
}

// ClearText holds when no service is enabled that takes passwords in clear text.
var ClearText = &check.Check{
	ID:           "services-cleartext-login",
	Title:        "No telnet, rsh, rlogin, FTP or NIS service is enabled",
	Doc:          "These services carry passwords and sessions in clear text, or trust whatever address a packet names.",
	Remedy:       "apt purge telnetd rsh-server vsftpd nis (or the package that \"dpkg -S FILE\" names for the unit's file); use SSH and SFTP.",
	Requirements: []string{"A.5.2.2", "A.5.5.2"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		return listed(f, estate.View{}, p, "is enabled and takes log-ins in clear text")
	}),
	Examples: []check.Example{
		check.Passes("SSH only", on(enabled("ssh.service"))),
		check.Fails("telnet by socket", on(enabled("telnet.socket")), "unit:telnet.socket"),
		check.Fails("FTP", on(enabled("vsftpd.service")), "unit:vsftpd.service"),
		check.Skips("no service manager", Fact{}),
	},
}

func listed(f Fact, d estate.View, p check.Params, why string) check.Result {
	if f.Init == "" {
		return check.Inapplicable(noManager)
	}
	var faults []check.Violation
	n := 0
	for i, u := range f.Units {
		if !u.Enabled {
			continue
		}
		n++
		if match(p.Strings("units"), u) && !d.Runs(u.Name) && !d.Runs(stem(u.Name)) {
			faults = append(faults, fault(i, u, u.Name+" "+why))
		}
	}
	return check.Failed(count(n, "enabled unit")+" seen, none of them", faults)
}

// Declared holds when every enabled service belongs to the system by declaration or is part of
// every host.
var Declared = &check.Check{
	ID:           "services-declared",
	Title:        "Every enabled service is declared or part of the operating system",
	Doc:          "A service that nobody declared is one that nobody patches, watches or will switch off when its purpose is gone.",
	Remedy:       "systemctl disable --now UNIT; or name it under \"runs\" of the system in the estate.",
	Requirements: []string{"A.5.2.2", "A.5.9.2"},
	Needs:        []string{partUnits},
	Rule:         check.On(declared),
	Examples: []check.Example{
		check.Passes("declared, and parts of Debian", on(enabled("nfs-server.service"), enabled("shop.service"), enabled("ssh.service"), enabled("getty@tty1.service"), enabled("cron.service"))).Given(estateYAML),
		check.Fails("neither", on(enabled("shop.service"), enabled("jenkins.service")), "unit:jenkins.service").Given(estateYAML),
		check.Leaves("without an estate", on(enabled("nginx.service"))),
		check.Skips("no service manager", Fact{}).Given(estateYAML),
	},
}

func declared(f Fact, d estate.View, p check.Params) check.Result {
	if d.System == nil {
		return check.Unseen("declare the system in the estate, with the services that it runs")
	}
	if f.Init == "" {
		return check.Inapplicable(noManager)
	}
	var faults []check.Violation
	n := 0
	for i, u := range f.Units {
		if !u.Enabled || u.kind() == "timer" {
			continue
		}
		n++
		if !match(p.Strings("system"), u) && !d.Runs(u.Name) && !d.Runs(stem(u.Name)) {
			faults = append(faults, fault(i, u, u.Name+" is enabled and not declared"))
		}
	}
	return check.Failed(count(n, "enabled service")+" seen, all declared or part of the operating system", faults)
}

// stem gives nginx for nginx.service and postgresql for postgresql@15-main.service.
func stem(name string) string {
	name, _, _ = strings.Cut(name, "@")
	for _, end := range []string{".service", ".socket", ".timer"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// match tells whether a pattern of the list names the unit, with or without ending and instance.
func match(list []string, u Unit) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		full, _ := path.Match(pattern, u.Name)
		short, _ := path.Match(pattern, stem(u.Name))
		return full || short
	})
}

func fault(i int, u Unit, detail string) check.Violation {
	return check.Violation{Key: u.key(), Detail: detail, At: "/units/" + strconv.Itoa(i), Source: u.place()}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func on(us ...Unit) Fact { return Fact{Init: "systemd", Units: us} }

func enabled(name string) Unit {
	return Unit{Name: name, Source: "/usr/lib/systemd/system/" + name, Enabled: true, By: "/etc/systemd/system/multi-user.target.wants/" + name}
}

// local is a unit that the administrator wrote, with settings as NAME=value.
func local(name, user string, settings ...string) Unit {
	u := enabled(name)
	u.Source, u.Local, u.User, u.Exec = "/etc/systemd/system/"+name, true, user, []string{"/opt/shop/bin/shop"}
	for _, s := range settings {
		if u.Settings == nil {
			u.Settings = map[string]string{}
		}
		k, v, _ := strings.Cut(s, "=")
		u.Settings[k] = v
	}
	return u
}

const estateYAML = `organization: Northwind
environments: [{name: prod, stage: production}]
applications: [{name: shop, criticality: high, exposure: internet}]
systems:
  - {name: web-1, environment: prod, application: shop, runs: [shop.service, nfs-server]}
`
