package services

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Sandbox holds when services of one's own use what systemd offers to confine them.
var Sandbox = &check.Check{
	ID:    "services-sandbox",
	Title: "Services of your own run in a systemd sandbox",
	Doc: "A few lines in the unit keep a service that was broken into away from homes, devices, other " +
		"services' temporary files and set-user-ID programs. Units of packages are left to their maintainers.",
	Remedy: "systemctl edit UNIT, then under [Service]: NoNewPrivileges=yes, ProtectSystem=strict, ProtectHome=yes, PrivateTmp=yes; " +
		"systemctl restart UNIT; systemd-analyze security UNIT shows what else there is.",
	Requirements: []string{"A.5.2.6"},
	Needs:        []string{partUnits},
	Rule:         check.On(sandboxed),
	Examples: []check.Example{
		check.Passes("confined", on(local("shop.service", "shop", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=true"))),
		check.Passes("a dynamic user implies them", on(dynamic("shop.service"))),
		check.Passes("a unit of a package", on(enabled("nginx.service"))),
		check.Fails("nothing set", on(local("shop.service", "shop")), "unit:shop.service"),
		check.Fails("switched off", on(local("shop.service", "shop", "NoNewPrivileges=no", "ProtectSystem=strict", "PrivateTmp=yes")), "unit:shop.service"),
		check.Skips("no service manager", Fact{}),
		check.Skips("OpenRC", Fact{Init: "openrc"}),
	},
}

func dynamic(name string) Unit {
	u := local(name, "")
	u.Dynamic = true
	return u
}

// own calls judge for each long-running service of the administrator's that is enabled.
func own(f Fact, none string, judge func(Unit) string) check.Result {
	if f.Init != "systemd" {
		return check.Inapplicable("systemd is not installed")
	}
	var faults []check.Violation
	for i, u := range f.Units {
		if !u.Enabled || !u.Local || u.kind() != "service" || u.Type == "oneshot" {
			continue
		}
		if detail := judge(u); detail != "" {
			faults = append(faults, fault(i, u, u.Name+" "+detail))
			faults[len(faults)-1].Source = u.Source
		}
	}
	return check.Failed(none, faults)
}

func sandboxed(f Fact, _ estate.View, p check.Params) check.Result {
	return own(f, "every enabled service of your own is confined", func(u Unit) string {
		var missing []string
		for _, name := range p.Strings("directives") {
			if u.Dynamic && slices.Contains([]string{"NoNewPrivileges", "ProtectSystem", "PrivateTmp", "RestrictSUIDSGID"}, name) {
				continue
			}
			if v := strings.ToLower(u.Settings[name]); v == "" || v == "no" || v == "false" || v == "off" || v == "0" {
				missing = append(missing, name)
			}
		}
		if len(missing) == 0 {
			return ""
		}
		return "does not set " + strings.Join(missing, ", ")
	})
}

// OwnRoot holds when services of one's own have a user of their own.
var OwnRoot = &check.Check{
	ID:           "services-run-as-root",
	Title:        "Services of your own do not run as root",
	Doc:          "A unit without User= runs as root: one flaw in it and the host is lost.",
	Remedy:       "systemctl edit UNIT, then under [Service]: DynamicUser=yes, or User=NAME after useradd --system NAME; systemctl restart UNIT.",
	Requirements: []string{"A.5.2.6"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		return own(f, "no enabled service of your own runs as root", func(u Unit) string {
			if !u.root() || match(p.Strings("allowed"), u) {
				return ""
			}
			return "runs as root"
		})
	}),
	Examples: []check.Example{
		check.Passes("own user", on(local("shop.service", "shop"))),
		check.Passes("dynamic user", on(dynamic("shop.service"))),
		check.Fails("no user", on(local("shop.service", "")), "unit:shop.service"),
		check.Skips("no service manager", Fact{}),
	},
}

// Capabilities holds when no unprivileged unit is given a capability that is as good as root.
var Capabilities = &check.Check{
	ID:           "services-capabilities",
	Title:        "No unit gives a service a capability that is as good as root",
	Doc:          "AmbientCapabilities=CAP_SYS_ADMIN and the like make User= worthless: the service can take over the host.",
	Remedy:       "systemctl edit UNIT, then under [Service]: AmbientCapabilities= (empty, to clear) and again with only what is needed; systemctl restart UNIT.",
	Requirements: []string{"A.5.2.6"},
	Needs:        []string{partUnits},
	Rule:         check.On(capable),
	Examples: []check.Example{
		check.Passes("a low port only", on(local("shop.service", "shop", "AmbientCapabilities=CAP_NET_BIND_SERVICE"))),
		check.Fails("CAP_SYS_ADMIN", on(local("shop.service", "shop", "AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_SYS_ADMIN")), "unit:shop.service"),
		check.Fails("in lower case", on(local("shop.service", "shop", "AmbientCapabilities=cap_sys_ptrace")), "unit:shop.service"),
		check.Fails("all but one", on(local("shop.service", "shop", "AmbientCapabilities=~CAP_SYS_TIME")), "unit:shop.service"),
		check.Skips("no service manager", Fact{}),
	},
}

func capable(f Fact, _ estate.View, p check.Params) check.Result {
	if f.Init != "systemd" {
		return check.Inapplicable("systemd is not installed")
	}
	var faults []check.Violation
	for i, u := range f.Units {
		if u.root() || !u.Enabled || match(p.Strings("allowed"), u) {
			continue
		}
		var held []string
		for _, c := range strings.Fields(strings.ToUpper(u.Settings["AmbientCapabilities"])) {
			if strings.HasPrefix(c, "~") || p.Has("capabilities", c) {
				held = append(held, c)
			}
		}
		if len(held) > 0 {
			faults = append(faults, fault(i, u, u.Name+" (user "+u.User+") is given "+strings.Join(held, " ")))
		}
	}
	return check.Failed("no unit gives such a capability", faults)
}
