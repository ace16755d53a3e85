package services

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const noSystemd = "systemd is not installed"

// DebugShell holds when no root shell without password waits on a console.
var DebugShell = &check.Check{
	ID:           "services-debug-shell",
	Title:        "The debug shell of systemd is not enabled",
	Doc:          "debug-shell.service puts a root shell without password on a console, from early boot on.",
	Remedy:       "systemctl disable --now debug-shell.service && systemctl mask debug-shell.service; remove systemd.debug_shell from the kernel command line.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return each(f, "the debug shell is not enabled", func(u Unit) string {
			if u.Name != "debug-shell.service" || !u.Enabled {
				return ""
			}
			return "is enabled: a root shell without password"
		})
	}),
	Examples: []check.Example{
		check.Passes("not enabled", on(enabled("ssh.service"))),
		check.Fails("enabled", on(enabled("debug-shell.service")), "unit:debug-shell.service"),
		check.Skips("no service manager", Fact{}),
	},
}

// Autologin holds when no console logs anybody in by itself.
var Autologin = &check.Check{
	ID:           "services-autologin",
	Title:        "No console logs in without a password",
	Doc:          "A getty with --autologin gives its account to whoever reaches the console, also the virtual one of the hypervisor.",
	Remedy:       "Remove --autologin from the drop-in (systemctl cat getty@tty1.service names the file); systemctl daemon-reload && systemctl restart getty@tty1.service.",
	Requirements: []string{"A.5.2.1", "A.5.6.2"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return each(f, "no console logs in by itself", func(u Unit) string {
			if !u.Enabled || !slices.Contains(u.Options, "--autologin") {
				return ""
			}
			return "logs in without a password (--autologin)"
		})
	}),
	Examples: []check.Example{
		check.Passes("a getty", on(enabled("getty@tty1.service"))),
		check.Fails("with autologin", on(Unit{Name: "getty@tty1.service", Enabled: true, Options: []string{"--autologin"}}), "unit:getty@tty1.service"),
		check.Skips("no service manager", Fact{}),
	},
}

// RescuePassword holds when rescue and emergency mode ask for root's password.
var RescuePassword = &check.Check{
	ID:           "services-rescue-password",
	Title:        "Rescue and emergency mode ask for root's password",
	Doc:          "Without the question, whoever can press keys during boot, or break a mount, has a root shell.",
	Remedy:       "systemctl revert rescue.service emergency.service; both then start systemd-sulogin-shell. Remove SYSTEMD_SULOGIN_FORCE=1 wherever it is set.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		return each(f, "rescue and emergency mode ask for the password", func(u Unit) string {
			switch {
			case !slices.Contains(special, u.Name):
			case slices.Contains(u.Options, "SYSTEMD_SULOGIN_FORCE=1"):
				return "gives a shell without password (SYSTEMD_SULOGIN_FORCE=1)"
			case !slices.ContainsFunc(u.Exec, func(p string) bool { return strings.HasSuffix(p, "sulogin") || strings.HasSuffix(p, "sulogin-shell") }):
				return "starts no sulogin: it does not ask for the password"
			}
			return ""
		})
	}),
	Examples: []check.Example{
		check.Passes("as installed", on(rescue("/lib/systemd/systemd-sulogin-shell"))),
		check.Fails("a plain shell", on(rescue("/bin/bash")), "unit:rescue.service"),
		check.Fails("forced", on(Unit{Name: "emergency.service", Exec: []string{"/usr/lib/systemd/systemd-sulogin-shell"}, Options: []string{"SYSTEMD_SULOGIN_FORCE=1"}}), "unit:emergency.service"),
		check.Skips("no service manager", Fact{}),
	},
}

func rescue(program string) Unit { return Unit{Name: "rescue.service", Exec: []string{program}} }

func each(f Fact, none string, wrong func(Unit) string) check.Result {
	if f.Init != "systemd" {
		return check.Inapplicable(noSystemd)
	}
	var faults []check.Violation
	for i, u := range f.Units {
		if detail := wrong(u); detail != "" {
			faults = append(faults, fault(i, u, u.Name+" "+detail))
		}
	}
	return check.Failed(none, faults)
}

// CtrlAltDel holds when three keys do not restart the host.
var CtrlAltDel = &check.Check{
	ID:           "services-ctrl-alt-del",
	Title:        "Ctrl-Alt-Del does not restart the host",
	Doc:          "On a console, also the virtual one of a hypervisor, three keys stop every service without a log-in.",
	Remedy:       "systemctl mask ctrl-alt-del.target; in /etc/systemd/system.conf: CtrlAltDelBurstAction=none.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partUnits},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.Init != "systemd":
			return check.Inapplicable(noSystemd)
		case f.masked("ctrl-alt-del.target"):
			return check.Passed("ctrl-alt-del.target is masked")
		}
		return check.Failed("", []check.Violation{{Key: "unit:ctrl-alt-del.target", At: "/masked", Source: folders[0],
			Detail: "ctrl-alt-del.target is not masked"}})
	}),
	Examples: []check.Example{
		check.Passes("masked", Fact{Init: "systemd", Masked: []string{"ctrl-alt-del.target"}}),
		check.Fails("as installed", on(), "unit:ctrl-alt-del.target"),
		check.Skips("no service manager", Fact{}),
	},
}

// Failures holds when no unit failed.
var Failures = &check.Check{
	ID:           "services-failed",
	Title:        "No unit has failed",
	Doc:          "A unit that failed may be the packet filter, the update timer or the audit daemon: what it should have done is not done.",
	Remedy:       "systemctl status UNIT; journalctl -u UNIT -b; then systemctl restart UNIT, or disable what is not needed.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partUnits, partState},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Init != "systemd" {
			return check.Inapplicable(noSystemd)
		}
		var faults []check.Violation
		for i, name := range f.Failed {
			faults = append(faults, check.Violation{Key: "unit:" + name, At: "/failed/" + strconv.Itoa(i), Source: listFailed.String(), Detail: name + " has failed"})
		}
		return check.Failed("no unit has failed", faults)
	}),
	Examples: []check.Example{
		check.Passes("none", on()),
		check.Fails("one", Fact{Init: "systemd", Failed: []string{"nftables.service"}}, "unit:nftables.service"),
		check.Skips("no service manager", Fact{}),
	},
}

// Multicast holds when the name service does not ask the neighbours.
var Multicast = &check.Check{
	ID:    "services-multicast-names",
	Title: "Names are not looked up by LLMNR or multicast DNS",
	Doc: "Both ask everybody in the network for a name and believe the first answer: a neighbour can take the " +
		"place of any host whose name DNS does not know.",
	Remedy:       "mkdir -p /etc/systemd/resolved.conf.d; printf '[Resolve]\\nLLMNR=no\\nMulticastDNS=no\\n' > /etc/systemd/resolved.conf.d/multicast.conf; systemctl restart systemd-resolved",
	Requirements: []string{"A.5.2.2"},
	Needs:        []string{partUnits},
	Rule:         check.On(multicast),
	Examples: []check.Example{
		check.Passes("off", resolving(map[string]string{"LLMNR": "no", "MulticastDNS": "no"})),
		check.Fails("on", resolving(map[string]string{"LLMNR": "yes", "MulticastDNS": "no"}), "setting:LLMNR"),
		check.Fails("left to systemd", resolving(nil), "setting:LLMNR", "setting:MulticastDNS"),
		check.Skips("systemd-resolved is not enabled", on(enabled("ssh.service"))),
	},
}

func resolving(settings map[string]string) Fact {
	f := on(enabled("systemd-resolved.service"))
	f.Resolved = settings
	return f
}

func multicast(f Fact, _ estate.View, _ check.Params) check.Result {
	if !slices.ContainsFunc(f.Units, func(u Unit) bool { return u.Name == "systemd-resolved.service" && u.Enabled }) {
		return check.Inapplicable("systemd-resolved is not enabled")
	}
	var faults []check.Violation
	for _, name := range []string{"LLMNR", "MulticastDNS"} {
		v, set := f.Resolved[name]
		detail := name + " is " + v
		if !set {
			detail = name + " is not set, and systemd's default is yes"
		} else if slices.Contains([]string{"no", "false", "off", "0"}, strings.ToLower(v)) {
			continue
		}
		faults = append(faults, check.Violation{Key: "setting:" + name, At: "/resolved", Source: resolved[1], Detail: detail})
	}
	return check.Failed("LLMNR and MulticastDNS are off", faults)
}
