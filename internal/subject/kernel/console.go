package kernel

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Lockdown judges whether root and kernel are kept apart.
var Lockdown = &check.Check{
	ID:           "kernel-lockdown",
	Title:        "The kernel is locked down against root",
	Doc:          "Without lockdown root changes the running kernel through /dev/mem, unsigned modules or kexec, and hides there.",
	Remedy:       "Add lockdown=integrity to GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and restart. Unsigned modules (DKMS) no longer load.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partLockdown},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.elsewhere() != "":
			return check.Inapplicable(f.elsewhere())
		case f.Lockdown == "":
			return check.Inapplicable("this kernel has no lockdown")
		case f.Lockdown == "none":
			return check.Failed("", []check.Violation{{Key: "kernel:lockdown", At: "/lockdown", Source: "/sys/kernel/security/lockdown", Detail: "lockdown is none"}})
		}
		return check.Passed("lockdown is " + f.Lockdown)
	}),
	Examples: []check.Example{
		check.Passes("integrity", Fact{Lockdown: "integrity"}),
		check.Fails("none", Fact{Lockdown: "none"}, "kernel:lockdown"),
		check.Skips("a kernel without it", Fact{}),
	},
}

// Prelinked judges a program that undoes random addresses.
var Prelinked = &check.Check{
	ID:           "kernel-prelink",
	Title:        "prelink is not installed",
	Doc:          "prelink changes programs on disk: addresses become known again, and checks of the packages' files no longer tell a change by an attacker.",
	Remedy:       "prelink -ua\napt purge prelink",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.5.4"},
	Needs:        []string{partPrelink},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Prelink == "" {
			return check.Passed("there is no program prelink")
		}
		return check.Failed("", []check.Violation{{Key: "file:" + f.Prelink, At: "/prelink", Source: f.Prelink, Detail: "prelink is installed"}})
	}),
	Examples: []check.Example{
		check.Passes("absent", Fact{}),
		check.Fails("present", Fact{Prelink: "/usr/sbin/prelink"}, "file:/usr/sbin/prelink"),
	},
}

// CtrlAltDel judges the restart by keyboard.
var CtrlAltDel = &check.Check{
	ID:           "kernel-ctrl-alt-del",
	Title:        "The keyboard does not restart the host",
	Doc:          "Who reaches a console restarts the host by three keys, without a login.",
	Remedy:       "systemctl mask --now ctrl-alt-del.target",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{partKernel, partUnits},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.Container != "":
			return check.Inapplicable("a container has no keyboard")
		case f.kernelless() != "":
			return check.Inapplicable(f.kernelless())
		case !f.Systemd:
			return check.Inapplicable("there is no systemd")
		case f.CtrlAltDel != "":
			return check.Passed("ctrl-alt-del.target is " + f.CtrlAltDel)
		}
		return check.Failed("", []check.Violation{{Key: "unit:ctrl-alt-del.target", At: "/ctrl_alt_del", Source: "/etc/systemd/system", Detail: "ctrl-alt-del.target is not masked"}})
	}),
	Examples: []check.Example{
		check.Passes("masked", Fact{Systemd: true, CtrlAltDel: "masked"}),
		check.Fails("default", Fact{Systemd: true}, "unit:ctrl-alt-del.target"),
		check.Skips("OpenRC", Fact{}),
		check.Skips("a container", Fact{Container: "docker", Systemd: true}),
	},
}
