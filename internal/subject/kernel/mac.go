package kernel

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

func (f *Fact) mac(ev *host.Evidence) {
	m := &f.MAC
	config := ev.File("/etc/selinux/config")
	f.Note(partMAC, config.Err)
	m.SELinuxNext, m.SELinuxNextAt = selinuxConfig(config.Path, config.Text())
	m.AppArmorTools = f.exists(ev, partMAC, parserFiles) != ""
	if f.Tree {
		return
	}
	if f.exists(ev, partMAC, []string{"/sys/module"}) == "" {
		f.Note(partMAC, &fact.Problem{Cause: fact.Failed, Source: "/sys", Text: "is not mounted"})
	}
	enabled := ev.File("/sys/module/apparmor/parameters/enabled")
	f.Note(partMAC, enabled.Err)
	m.AppArmor = clip(strings.TrimSpace(enabled.Text()), 10)
	enforce := ev.File("/sys/fs/selinux/enforce")
	f.Note(partMAC, enforce.Err)
	m.SELinux = clip(strings.TrimSpace(enforce.Text()), 10)
	for name := range strings.SplitSeq(strings.TrimSpace(ev.File("/sys/kernel/security/lsm").Text()), ",") {
		if name == "smack" || name == "tomoyo" {
			m.OtherEnforcing = name
		}
	}
	profiles := ev.File("/sys/kernel/security/apparmor/profiles")
	f.Note(partProfiles, profiles.Err)
	if profiles.Err != nil && m.AppArmor == "Y" {
		f.Note(partProfiles, &fact.Problem{Cause: fact.Failed, Source: profiles.Path, Text: "is not there: securityfs is not mounted",
			How: "sudo mount -t securityfs securityfs /sys/kernel/security"})
	}
	m.Enforced, m.Complain = profileModes(profiles.Text())
}

func selinuxConfig(name, text string) (mode, at string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "SELINUX="); ok {
			mode, at = clip(strings.ToLower(strings.TrimSpace(v)), 20), fmt.Sprintf("%s:%d", name, n)
		}
	}
	return mode, at
}

// profileModes reads lines such as "/usr/sbin/cupsd//third_party (enforce)".
func profileModes(text string) (enforced bool, complain []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutSuffix(line, " (complain)"); ok {
			complain = append(complain, clip(name, 200))
		}
		enforced = enforced || strings.HasSuffix(line, " (enforce)")
	}
	slices.Sort(complain)
	return enforced, slices.Compact(complain)
}

// MandatoryAccess judges whether programs are confined.
var MandatoryAccess = &check.Check{
	ID:           "kernel-mandatory-access",
	Title:        "AppArmor or SELinux confines programs",
	Doc:          "Without mandatory access control a captured service may do all that its user may; with root rights, everything.",
	Remedy:       "apt install apparmor apparmor-profiles apparmor-utils    # Debian, Ubuntu\nsystemctl enable --now apparmor\n\nOn Red Hat systems set SELINUX=enforcing in /etc/selinux/config, then restart.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.3.1.1", "CIS Debian 12 1.3.1.2", "ANSSI BP-028 R37"},
	Needs:        []string{partMAC},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		m := f.MAC
		fault := func(what, at, source string) check.Result {
			return check.Failed("", []check.Violation{{Key: "kernel:mandatory-access", Detail: what, At: at, Source: source}})
		}
		switch {
		case f.elsewhere() != "":
			return check.Inapplicable(f.elsewhere())
		case f.kernelless() != "":
			return check.Inapplicable(f.kernelless())
		case f.Tree && m.SELinuxNext == "enforcing":
			return check.Passed("SELinux will enforce its policy")
		case f.Tree && m.AppArmorTools:
			return check.Unseen("AppArmor is installed; only the running kernel would show whether it is on")
		case f.Tree && m.SELinuxNext != "":
			return fault("SELinux is "+m.SELinuxNext+", and AppArmor is not installed", "/mac/selinux_next", m.SELinuxNextAt)
		case f.Tree && f.Gaps[partMAC].Cause == "":
			return fault("neither AppArmor nor SELinux is installed", "/mac", "")
		case m.SELinux == "1":
			return check.Passed("SELinux enforces its policy")
		case m.AppArmor == "Y":
			return check.Passed("AppArmor is on")
		case m.OtherEnforcing != "":
			return check.Passed(m.OtherEnforcing + " is on")
		case f.Gaps[partMAC].Cause != "":
			gap := f.Gaps[partMAC]
			return check.Unclear(&gap)
		case m.SELinux == "0":
			return fault("SELinux only logs (permissive)", "/mac/selinux", "/sys/fs/selinux/enforce")
		case m.AppArmor == "N":
			return fault("AppArmor is built in but off", "/mac/apparmor", "/sys/module/apparmor/parameters/enabled")
		}
		return fault("neither AppArmor nor SELinux is active", "/mac", "/sys/kernel/security/lsm")
	}),
	Examples: []check.Example{
		check.Passes("AppArmor", Fact{MAC: MAC{AppArmor: "Y"}}),
		check.Passes("SELinux", Fact{MAC: MAC{SELinux: "1"}}),
		check.Fails("permissive", Fact{MAC: MAC{SELinux: "0"}}, "kernel:mandatory-access"),
		check.Fails("nothing", run(), "kernel:mandatory-access"),
		check.Fails("off in an image", Fact{Tree: true, Installed: true, MAC: MAC{SELinuxNext: "disabled", SELinuxNextAt: "/etc/selinux/config:7"}}, "kernel:mandatory-access"),
		check.Leaves("a Debian tree", Fact{Tree: true, Installed: true, MAC: MAC{AppArmorTools: true}}),
		check.Skips("a container", Fact{Container: "docker"}),
	},
}

// SELinuxKept judges the next start.
var SELinuxKept = &check.Check{
	ID:           "kernel-selinux-kept",
	Title:        "SELinux enforces its policy after a restart as well",
	Doc:          "SELinux that enforces now but is permissive or disabled in its configuration is gone after the next restart.",
	Remedy:       "sed -i 's/^SELINUX=.*/SELINUX=enforcing/' /etc/selinux/config",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R46"},
	Needs:        []string{partMAC},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		m := f.MAC
		switch {
		case f.elsewhere() != "":
			return check.Inapplicable(f.elsewhere())
		case m.SELinux != "1":
			return check.Inapplicable("SELinux does not enforce a policy here")
		case m.SELinuxNext == "enforcing" || m.SELinuxNext == "":
			return check.Passed("SELinux enforces its policy now and after a restart")
		}
		return check.Failed("", []check.Violation{{Key: "file:/etc/selinux/config", At: "/mac/selinux_next", Source: m.SELinuxNextAt,
			Detail: "SELinux enforces now and will be " + m.SELinuxNext + " after a restart"}})
	}),
	Examples: []check.Example{
		check.Passes("kept", Fact{MAC: MAC{SELinux: "1", SELinuxNext: "enforcing"}}),
		check.Fails("lost", Fact{MAC: MAC{SELinux: "1", SELinuxNext: "permissive", SELinuxNextAt: "/etc/selinux/config:7"}}, "file:/etc/selinux/config"),
		check.Skips("AppArmor", Fact{MAC: MAC{AppArmor: "Y"}}),
	},
}

// Profiles judges profiles that only log.
var Profiles = &check.Check{
	ID:           "kernel-apparmor-profiles",
	Title:        "All AppArmor profiles are enforced",
	Doc:          "A profile in complain mode logs what it should forbid: the program is not confined.",
	Remedy:       "aa-enforce /etc/apparmor.d/PROFILE",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 1.3.1.4", "ANSSI BP-028 R45"},
	Needs:        []string{partMAC, partProfiles},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.elsewhere() != "":
			return check.Inapplicable(f.elsewhere())
		case f.Tree:
			return check.Inapplicable("a file tree has no loaded profiles")
		case f.MAC.AppArmor != "Y":
			return check.Inapplicable("AppArmor is not on")
		}
		var vs []check.Violation
		for i, name := range f.MAC.Complain {
			vs = append(vs, check.Violation{Key: "profile:" + name, At: fmt.Sprintf("/mac/complain/%d", i),
				Source: "/sys/kernel/security/apparmor/profiles", Detail: "the profile " + name + " is in complain mode"})
		}
		if len(vs) == 0 && !f.MAC.Enforced {
			vs = append(vs, check.Violation{Key: "profile:none", At: "/mac", Source: "/sys/kernel/security/apparmor/profiles", Detail: "AppArmor is on, but no profile is enforced"})
		}
		return check.Failed("all loaded profiles are enforced", vs)
	}),
	Examples: []check.Example{
		check.Passes("enforced", Fact{MAC: MAC{AppArmor: "Y", Enforced: true}}),
		check.Fails("complains", Fact{MAC: MAC{AppArmor: "Y", Enforced: true, Complain: []string{"/usr/sbin/dnsmasq"}}}, "profile:/usr/sbin/dnsmasq"),
		check.Fails("no profiles", Fact{MAC: MAC{AppArmor: "Y"}}, "profile:none"),
		check.Skips("SELinux", Fact{MAC: MAC{SELinux: "1"}}),
	},
}
