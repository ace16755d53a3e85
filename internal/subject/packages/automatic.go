package packages

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Automatic is how updates get in without a person.
type Automatic struct {
	Tool      string `json:"tool,omitempty"`    // unattended-upgrades, dnf-automatic
	Refreshes bool   `json:"refreshes"`         // lists are fetched regularly
	Installs  bool   `json:"installs"`          // security updates are installed
	Missing   string `json:"missing,omitempty"` // what keeps it from working, in words
	Source    string `json:"source,omitempty" drift:"line"`
}

var timers = []string{"apt-daily.timer", "apt-daily-upgrade.timer", "dnf-automatic.timer", "dnf-automatic-install.timer", "dnf5-automatic.timer"}

func timerPaths() []string {
	var out []string
	for _, t := range timers {
		out = append(out, "/etc/systemd/system/"+t, "/etc/systemd/system/timers.target.wants/"+t)
	}
	return append(out, "/etc/cron.daily/apt-compat")
}

func masked(ev *host.Evidence, f *Fact, timer string) bool {
	i, problem := ev.Stat("/etc/systemd/system/" + timer)
	f.Note(partAutomatic, problem)
	return problem == nil && i.Link == "/dev/null"
}

// aptAutomatic judges APT::Periodic as /usr/lib/apt/apt.systemd.daily does: a value of "" or "0"
// means never; Enable is on unless it is "0".
func aptAutomatic(ev *host.Evidence, f *Fact, all []Setting) Automatic {
	out := Automatic{Tool: "unattended-upgrades", Source: aptConfD}
	var missing []string
	on := func(name string) bool {
		s, ok := setting(all, name)
		if ok {
			out.Source = s.Source
		}
		return ok && s.Value != "" && s.Value != "0"
	}
	enabled := true
	if s, ok := setting(all, "apt::periodic::enable"); ok && s.Value == "0" {
		enabled = false
		missing = append(missing, "APT::Periodic::Enable is 0")
	}
	out.Refreshes = enabled && on("apt::periodic::update-package-lists") && !masked(ev, f, "apt-daily.timer")
	if !out.Refreshes {
		missing = append(missing, "package lists are not fetched (APT::Periodic::Update-Package-Lists)")
	}
	if _, ok := find(f.Packages, "unattended-upgrades"); !ok {
		missing = append(missing, "unattended-upgrades is not installed")
		out.Tool, out.Missing = "", strings.Join(missing, "; ")
		return out
	}
	upgrades := enabled && on("apt::periodic::unattended-upgrade")
	if !upgrades {
		missing = append(missing, "APT::Periodic::Unattended-Upgrade is off")
	}
	if masked(ev, f, "apt-daily-upgrade.timer") {
		upgrades = false
		missing = append(missing, "apt-daily-upgrade.timer is masked")
	}
	if !allowsSecurity(all) {
		upgrades = false
		missing = append(missing, "no origin with security updates is allowed (Unattended-Upgrade::Origins-Pattern)")
	}
	out.Installs, out.Missing = upgrades, strings.Join(missing, "; ")
	return out
}

func allowsSecurity(all []Setting) bool {
	for _, s := range all {
		if strings.HasPrefix(s.Name, "unattended-upgrade::") && strings.Contains(strings.ToLower(s.Value), "security") {
			return true
		}
	}
	return false
}

// dnfAutomatic reads /etc/dnf/automatic.conf and whether a timer starts it.
func dnfAutomatic(ev *host.Evidence, f *Fact) Automatic {
	out := Automatic{Source: dnfAuto}
	conf := ev.File(dnfAuto)
	f.Note(partAutomatic, conf.Err)
	timer, install := false, false
	for _, t := range timers[2:] {
		_, problem := ev.Stat("/etc/systemd/system/timers.target.wants/" + t)
		f.Note(partAutomatic, problem)
		timer = timer || problem == nil
		install = install || problem == nil && t == "dnf-automatic-install.timer"
	}
	if !conf.Found() && !timer {
		if _, dnf := find(f.Packages, "dnf"); !dnf {
			if _, dnf5 := find(f.Packages, "dnf5"); !dnf5 {
				f.Note(partAutomatic, &fact.Problem{Cause: fact.Unsupported, Source: "automatic updates", Text: "known for apt and dnf only"})
			}
		}
		out.Missing = "dnf-automatic is not set up"
		return out
	}
	out.Tool = "dnf-automatic"
	apply := false
	for _, s := range parseINI(dnfAuto, conf.Text()) {
		if s.Name == "commands.apply_updates" {
			apply, out.Source = yes(s.Value), s.Source
		}
	}
	out.Refreshes, out.Installs = timer, timer && (apply || install)
	switch {
	case !timer:
		out.Missing = "no timer starts dnf-automatic"
	case !out.Installs:
		out.Missing = "apply_updates is off"
	}
	return out
}

func find(ps []Package, name string) (Package, bool) {
	for _, p := range ps {
		if p.Name == name && p.Installed() {
			return p, true
		}
	}
	return Package{}, false
}
