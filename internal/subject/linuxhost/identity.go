package linuxhost

import (
	"regexp"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const goodID = "3d1219c7c4c5404aaa1f6d2a48adfda4"

// MachineIDSet judges whether the host has an identity.
var MachineIDSet = &check.Check{
	ID:           "linuxhost-machine-id",
	Title:        "The host has a machine id of the right form",
	Doc:          "The machine id tells hosts apart when names and addresses change. Without one, or with a void one, two hosts cannot be told from one.",
	Remedy:       "rm -f /etc/machine-id /var/lib/dbus/machine-id\nsystemd-machine-id-setup",
	Requirements: []string{"A.5.1.1"},
	Needs:        []string{"machine_id", "systemd"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		m := f.Machine
		fault := func(what string) check.Result {
			return check.Failed("", []check.Violation{{Key: "file:/etc/machine-id", Detail: what, At: "/machine/id", Source: "/etc/machine-id"}})
		}
		void := m.ID == "" || m.ID == "uninitialized"
		switch {
		case f.Container != "" && void:
			return check.Inapplicable("a container needs no machine id")
		case f.Tree && void:
			return check.Inapplicable("an image gets its machine id when it first starts")
		case m.File == "" && !f.Systemd:
			return check.Inapplicable("there is no systemd that keeps a machine id")
		case m.File == "":
			return fault("/etc/machine-id does not exist")
		case m.ID == "":
			return fault("/etc/machine-id is empty")
		case !wellFormedID(m.ID):
			return fault("/etc/machine-id holds " + strconv.Quote(m.ID) + ", want 32 hexadecimal characters that are not all the same")
		}
		return check.Passed("the machine id is " + m.ID)
	}),
	Examples: []check.Example{
		check.Passes("set", Fact{Systemd: true, Machine: Machine{ID: goodID, File: "/etc/machine-id"}}),
		check.Fails("missing", Fact{Systemd: true}, "file:/etc/machine-id"),
		check.Fails("empty", Fact{Systemd: true, Machine: Machine{File: "/etc/machine-id"}}, "file:/etc/machine-id"),
		check.Fails("all zero", Fact{Systemd: true, Machine: Machine{ID: strings.Repeat("0", 32), File: "/etc/machine-id"}}, "file:/etc/machine-id"),
		check.Fails("a UUID with hyphens", Fact{Systemd: true, Machine: Machine{ID: "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4", File: "/etc/machine-id"}}, "file:/etc/machine-id"),
		check.Skips("an image without one", Fact{Tree: true, Systemd: true, Machine: Machine{ID: "uninitialized", File: "/etc/machine-id"}}),
		check.Skips("a container", Fact{Container: "docker"}),
		check.Skips("Alpine", Fact{OS: OS{ID: "alpine"}}),
	},
}

// MachineIDGuarded judges who may change the identity.
var MachineIDGuarded = &check.Check{
	ID:           "linuxhost-machine-id-guarded",
	Title:        "Only root can change the machine id",
	Doc:          "Who can write the machine id can make this host pass for another one.",
	Remedy:       "chown root:root /etc/machine-id && chmod 0444 /etc/machine-id",
	Requirements: []string{"A.5.1.1", "A.5.2.1"},
	Needs:        []string{"machine_id"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		m := f.Machine
		if m.File == "" {
			return check.Inapplicable("there is no /etc/machine-id")
		}
		mode, _ := strconv.ParseUint(m.Mode, 8, 32)
		if mode&0o022 != 0 || m.UID != 0 {
			return check.Failed("", []check.Violation{{Key: "file:" + m.File, At: "/machine/mode", Source: m.File,
				Detail: "mode is " + m.Mode + " and the owner is uid " + strconv.Itoa(m.UID) + ", want 0444 and root"}})
		}
		return check.Passed("mode is " + m.Mode + ", owner is root")
	}),
	Examples: []check.Example{
		check.Passes("read-only", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id", Mode: "0444"}}),
		check.Passes("writable by root", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id", Mode: "0644"}}),
		check.Fails("writable by all", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id", Mode: "0666"}}, "file:/etc/machine-id"),
		check.Fails("owned by a user", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id", Mode: "0644", UID: 1000}}, "file:/etc/machine-id"),
		check.Skips("missing", Fact{}),
	},
}

// MachineIDImage judges that an image brings no identity to its clones.
var MachineIDImage = &check.Check{
	ID:           "linuxhost-image-machine-id",
	Title:        "An image carries no machine id",
	Doc:          "Every host made of the image would have the same machine id, and with systemd-networkd the same DHCP identity.",
	Remedy:       "In the image: echo uninitialized > /etc/machine-id; rm -f /var/lib/dbus/machine-id",
	Requirements: []string{"A.5.1.1"},
	Needs:        []string{"machine_id"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case !f.Tree:
			return check.Inapplicable("this is a running host")
		case f.Machine.ID == "" || f.Machine.ID == "uninitialized":
			return check.Passed("the tree has no machine id")
		}
		return check.Failed("", []check.Violation{{Key: "file:/etc/machine-id", At: "/machine/id", Source: "/etc/machine-id",
			Detail: "the tree holds the machine id " + f.Machine.ID + ", which each host made of it would share"}})
	}),
	Examples: []check.Example{
		check.Passes("uninitialized", Fact{Tree: true, Machine: Machine{ID: "uninitialized", File: "/etc/machine-id"}}),
		check.Fails("set", Fact{Tree: true, Machine: Machine{ID: goodID, File: "/etc/machine-id"}}, "file:/etc/machine-id"),
		check.Skips("a host", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id"}}),
	},
}

// MachineIDAgrees compares the two places where a machine id is kept.
var MachineIDAgrees = &check.Check{
	ID:           "linuxhost-machine-id-agrees",
	Title:        "systemd and D-Bus know the same machine id",
	Doc:          "Two different ids are the mark of a cloned host that was half cleaned; programs that read one place take this host for its original.",
	Remedy:       "ln -sf /etc/machine-id /var/lib/dbus/machine-id",
	Requirements: []string{"A.5.1.1"},
	Needs:        []string{"machine_id"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		m := f.Machine
		if m.DBus == "" || m.File == "" {
			return check.Inapplicable("there is no second machine id")
		}
		if m.DBus != m.ID {
			return check.Failed("", []check.Violation{{Key: "file:/var/lib/dbus/machine-id", At: "/machine/dbus", Source: "/var/lib/dbus/machine-id",
				Detail: "it holds " + m.DBus + ", /etc/machine-id holds " + m.ID}})
		}
		return check.Passed("both hold " + m.ID)
	}),
	Examples: []check.Example{
		check.Passes("the same", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id", DBus: goodID}}),
		check.Fails("another", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id", DBus: "11d219c7c4c5404aaa1f6d2a48adfda4"}}, "file:/var/lib/dbus/machine-id"),
		check.Skips("a link", Fact{Machine: Machine{ID: goodID, File: "/etc/machine-id"}}),
	},
}

var label = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// Hostname judges whether the name tells the host apart.
var Hostname = &check.Check{
	ID:           "linuxhost-hostname",
	Title:        "The host has a name of its own",
	Doc:          "Log lines and findings name the host. A default name, or one that is no host name, leaves open which machine they speak of.",
	Remedy:       "hostnamectl set-hostname NAME",
	Requirements: []string{"A.5.1.1"},
	Needs:        []string{"hostname"},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		name := f.Hostname()
		fault := func(what string) check.Result {
			return check.Failed("", []check.Violation{{Key: "hostname:name", Detail: what, At: "/name", Source: "/etc/hostname"}})
		}
		short, _, _ := strings.Cut(strings.ToLower(name), ".")
		switch {
		case f.Container != "":
			return check.Inapplicable("the engine names containers")
		case f.Tree:
			return check.Inapplicable("a file tree gets its name when it runs as a host")
		case name == "" && len(f.Gaps) > 0:
			return check.Unseen("the name of the host was not seen")
		case name == "":
			return fault("the host has no name")
		case p.Has("defaults", strings.ToLower(name)) || p.Has("defaults", short):
			return fault(name + " is a default name")
		}
		for part := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
			if !label.MatchString(part) || len(name) > 253 {
				return fault(strconv.Quote(name) + " is no host name: letters, digits and hyphens, at most 63 between dots")
			}
		}
		return check.Passed("the host is called " + name)
	}),
	Examples: []check.Example{
		check.Passes("a short name", Fact{Name: Name{Configured: "web-1", Running: "web-1"}}),
		check.Passes("a full name", Fact{Name: Name{Running: "web-1.prod.example.org"}}),
		check.Fails("localhost", Fact{Name: Name{Running: "localhost.localdomain"}}, "hostname:name"),
		check.Fails("none", Fact{Name: Name{Running: "(none)"}}, "hostname:name"),
		check.Fails("an underscore", Fact{Name: Name{Running: "web_1"}}, "hostname:name"),
		check.Skips("a container", Fact{Container: "docker", Name: Name{Running: "0f3a"}}),
	},
}

// HostnameKept compares the running name with the configured one.
var HostnameKept = &check.Check{
	ID:           "linuxhost-hostname-kept",
	Title:        "The host keeps its name over a restart",
	Doc:          "A name that was set by hand is gone after a restart, and with it the trail in logs and findings.",
	Remedy:       "hostnamectl set-hostname NAME",
	Requirements: []string{"A.5.1.1"},
	Needs:        []string{"hostname"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		n := f.Name
		short, _, _ := strings.Cut(n.Running, ".")
		set, _, _ := strings.Cut(n.Configured, ".")
		switch {
		case f.Container != "" || f.Tree:
			return check.Inapplicable("only a running host has a name to keep")
		case n.Configured == "":
			return check.Inapplicable("the name is given from outside: there is none in /etc/hostname")
		case !strings.EqualFold(short, set):
			return check.Failed("", []check.Violation{{Key: "hostname:running", At: "/name/running", Source: "/etc/hostname",
				Detail: "the host runs as " + n.Running + ", /etc/hostname says " + n.Configured}})
		}
		return check.Passed("the host runs under its configured name " + n.Configured)
	}),
	Examples: []check.Example{
		check.Passes("the same", Fact{Name: Name{Configured: "web-1", Running: "web-1"}}),
		check.Passes("the same with a domain", Fact{Name: Name{Configured: "web-1", Running: "web-1.example.org"}}),
		check.Fails("another", Fact{Name: Name{Configured: "web-1", Running: "test"}}, "hostname:running"),
		check.Skips("given by DHCP", Fact{Name: Name{Running: "web-1"}}),
	},
}

// SecureBoot judges the firmware's check of the boot loader.
var SecureBoot = &check.Check{
	ID:           "linuxhost-secure-boot",
	Title:        "Secure Boot is on",
	Doc:          "Without it, who gets root once can put a changed boot loader or kernel in place that outlives every clean-up.",
	Remedy:       "Turn Secure Boot on in the firmware's settings; \"mokutil --sb-state\" shows the state.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R3"},
	Needs:        []string{"boot"},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.Container != "":
			return check.Inapplicable("a container has no firmware")
		case len(f.Gaps["boot"].Cause) > 0:
			gap := f.Gaps["boot"]
			return check.Unclear(&gap)
		case f.Boot.Mode == "legacy":
			return check.Inapplicable("the machine was not started by UEFI")
		case f.Boot.SecureBoot == "off":
			return check.Failed("", []check.Violation{{Key: "boot:secure-boot", At: "/boot/secure_boot", Source: efiSecureBoot, Detail: "Secure Boot is off"}})
		case f.Boot.SecureBoot == "on":
			return check.Passed("Secure Boot is on")
		}
		return check.Unseen("the firmware does not tell whether Secure Boot is on; \"mokutil --sb-state\" would show it")
	}),
	Examples: []check.Example{
		check.Passes("on", Fact{Boot: Boot{Mode: "uefi", SecureBoot: "on"}}),
		check.Fails("off", Fact{Boot: Boot{Mode: "uefi", SecureBoot: "off"}}, "boot:secure-boot"),
		check.Skips("BIOS", Fact{Boot: Boot{Mode: "legacy"}}),
		check.Leaves("no variable", Fact{Boot: Boot{Mode: "uefi"}}),
	},
}
