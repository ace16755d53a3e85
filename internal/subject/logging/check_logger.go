package logging

import (
	"fmt"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// rule makes a rule for hosts that log at all.
func rule(judge func(f Fact, declared estate.View, p check.Params) check.Result) check.Rule {
	return check.On(func(f Fact, declared estate.View, p check.Params) check.Result {
		if why := f.elsewhere(); why != "" {
			return check.Inapplicable(why)
		}
		return judge(f, declared, p)
	})
}

func one(key, detail, at, source string) check.Result {
	return check.Failed("", []check.Violation{{Key: key, Detail: detail, At: at, Source: source}})
}

// Logger demands that something takes the host's messages.
var Logger = &check.Check{
	ID:           "logging-system-logger",
	Title:        "A system logger runs",
	Doc:          "Without a logger neither log-ins nor faults leave a trace: a break-in cannot be noticed, and not be cleared up afterwards.",
	Remedy:       "sudo systemctl unmask systemd-journald.service && sudo systemctl start systemd-journald.service\nor: sudo apt-get install rsyslog && sudo systemctl enable --now rsyslog",
	Requirements: []string{"A.5.2.1", "A.5.8.3"},
	References:   []string{"CIS Debian 12 6.1.1.1", "ANSSI BP-028 R71"},
	Needs:        []string{partProcesses, partPrograms, partBoot},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.Static {
			if f.Systemd || f.syslog() != "" || f.installed("rsyslogd") {
				// What is installed is seen; whether it runs is not, and stays a gap.
				return check.Passed("a logger is installed")
			}
			if !f.Init {
				return check.Inapplicable("nothing here starts a logger (no init program)")
			}
			return one("program:logger", "neither journald nor a syslog server is installed", "/installed", "/usr/sbin")
		}
		if why := f.elsewhere(); why != "" {
			return check.Inapplicable(why)
		}
		if f.runs("systemd-journald") || f.syslog() != "" {
			return check.Passed("running: " + strings.Join(f.Running, ", "))
		}
		if f.Missing()[partProcesses].Cause != "" {
			return check.Unseen("which loggers run could not be seen")
		}
		detail := "neither journald nor a syslog server runs"
		if len(f.Installed) > 0 {
			detail += "; installed: " + strings.Join(f.Installed, ", ")
		}
		return one("program:logger", detail, "/running", "processes")
	}),
	Examples: []check.Example{
		check.Passes("journald", sample()),
		check.Passes("rsyslog alone", Fact{Init: true, Running: []string{"rsyslogd"}}),
		check.Fails("installed, not running", Fact{Init: true, Installed: []string{"rsyslogd"}}, "program:logger"),
		check.Fails("stopped, although systemd is there", Fact{Init: true, Systemd: true, Running: []string{"auditd"}}, "program:logger"),
		check.Skips("a container", Fact{Container: true, Installed: []string{"rsyslogd"}}),
	},
}

// Persistent demands that messages outlive a restart.
var Persistent = &check.Check{
	ID:           "logging-journal-persistent",
	Title:        "Messages outlive a restart",
	Doc:          "A journal in memory is gone after a reboot, and with it every trace of how an attacker came in. An intruder only has to restart the machine.",
	Remedy:       "sudo install -d /etc/systemd/journald.conf.d\nprintf '[Journal]\\nStorage=persistent\\n' | sudo tee /etc/systemd/journald.conf.d/60-persistent.conf\nsudo systemctl restart systemd-journald",
	Requirements: []string{"A.5.2.1", "A.5.8.3"},
	References:   []string{"CIS Debian 12 6.1.2.4"},
	Needs:        []string{partJournal, partPrograms},
	Rule: rule(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if !f.Systemd && f.syslog() != "" {
			return check.Passed(f.syslog() + " writes files, there is no journal")
		}
		if !f.Systemd && f.Missing()[partPrograms].Cause == "" {
			return check.Inapplicable("there is no journal here")
		}
		storage, set := get(f.Journal, "storage")
		value := strings.ToLower(storage.Value)
		switch {
		case value == "persistent":
			return check.Passed("Storage=persistent")
		case (!set || value == "auto") && f.JournalOn:
			return check.Passed("Storage=auto, and /var/log/journal exists")
		case f.syslog() != "" && value != "none":
			return check.Passed(f.syslog() + " takes the messages and writes them to files")
		case f.Missing()[partJournal].Cause != "" || f.Missing()[partProcesses].Cause != "" && !f.Static:
			return check.Unseen("whether messages are kept could not be seen")
		}
		detail := "Storage is auto and /var/log/journal does not exist: the journal is kept in memory"
		if set {
			detail = "Storage=" + storage.Value + ": the journal is not kept on disk"
		}
		if storage.Source == "" {
			storage.Source = "/etc/systemd/journald.conf"
		}
		return one("setting:Storage", detail, "/journal", storage.Source)
	}),
	Examples: []check.Example{
		check.Passes("set", sample()),
		check.Passes("auto with the folder", Fact{Init: true, Systemd: true, Running: []string{"systemd-journald"}, JournalOn: true}),
		check.Passes("volatile, rsyslog writes files", Fact{Init: true, Systemd: true, Running: []string{"rsyslogd", "systemd-journald"}, Journal: []Setting{{"storage", "volatile", "x:1"}}}),
		check.Fails("in memory", Fact{Init: true, Systemd: true, Running: []string{"systemd-journald"}}, "setting:Storage"),
		check.Fails("volatile", Fact{Init: true, Systemd: true, JournalOn: true, Running: []string{"systemd-journald"}, Journal: []Setting{{"storage", "volatile", "/etc/systemd/journald.conf:20"}}}, "setting:Storage"),
		check.Skips("a container", Fact{Container: true}),
	},
}

// Compressed asks that the journal is compressed, so that it reaches further back.
var Compressed = &check.Check{
	ID:           "logging-journal-compressed",
	Title:        "The journal is compressed",
	Doc:          "The journal has a fixed share of the disk. Uncompressed, it reaches back a fraction of the time.",
	Remedy:       "Remove Compress=no from the file named here, then: sudo systemctl restart systemd-journald",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.1.2.3"},
	Needs:        []string{partJournal, partPrograms},
	Rule: rule(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if !f.Systemd && f.Missing()[partPrograms].Cause == "" {
			return check.Inapplicable("there is no journal here")
		}
		if s, ok := get(f.Journal, "compress"); ok {
			switch strings.ToLower(s.Value) {
			case "no", "false", "0", "off":
				return one("setting:Compress", "Compress="+s.Value, "/journal", s.Source)
			}
		}
		return check.Passed("compression is on")
	}),
	Examples: []check.Example{
		check.Passes("the default", sample()),
		check.Fails("off", Fact{Init: true, Systemd: true, Journal: []Setting{{"compress", "no", "/etc/systemd/journald.conf:21"}}}, "setting:Compress"),
		check.Skips("no systemd", Fact{Init: true, Running: []string{"rsyslogd"}}),
	},
}

// JournalLimit asks that a limit, where set, leaves room for a useful past.
var JournalLimit = &check.Check{
	ID:           "logging-journal-size",
	Title:        "The journal has room for a useful past",
	Doc:          "A journal of a few megabytes is pushed out within minutes by whoever makes noise, and with it the messages that matter.",
	Remedy:       "Set SystemMaxUse= to some hundred megabytes at least, or remove it: the default is a tenth of the disk, at most 4 GB.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.1.1.3"},
	Needs:        []string{partJournal, partPrograms},
	Rule: rule(func(f Fact, _ estate.View, p check.Params) check.Result {
		if !f.Systemd && f.Missing()[partPrograms].Cause == "" {
			return check.Inapplicable("there is no journal here")
		}
		s, ok := get(f.Journal, "systemmaxuse")
		if !ok || s.Value == "" {
			return check.Passed("SystemMaxUse is the default: a tenth of the disk, at most 4 GB")
		}
		bytes, ok := size(s.Value)
		if !ok {
			return check.Passed("SystemMaxUse=" + s.Value + " is no size: the default holds")
		}
		if least := p.Int("megabytes"); bytes < int64(least)<<20 {
			return one("setting:SystemMaxUse", fmt.Sprintf("SystemMaxUse=%s, want at least %d MB", s.Value, least), "/journal", s.Source)
		}
		return check.Passed("SystemMaxUse=" + s.Value)
	}),
	Examples: []check.Example{
		check.Passes("the default", sample()),
		check.Passes("a gigabyte", Fact{Init: true, Systemd: true, Journal: []Setting{{"systemmaxuse", "1G", "x:1"}}}),
		check.Fails("eight megabytes", Fact{Init: true, Systemd: true, Journal: []Setting{{"systemmaxuse", "8M", "x:1"}}}, "setting:SystemMaxUse"),
	},
}

// size reads a number with one of the units of systemd.
func size(s string) (int64, bool) {
	n, i := int64(0), 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' && n < 1<<50 {
		n, i = n*10+int64(s[i]-'0'), i+1
	}
	if i == 0 || n >= 1<<40 {
		return 0, false
	}
	shift, ok := map[string]int{"": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40}[strings.TrimSpace(s[i:])]
	if !ok || n > 1<<(62-shift) {
		return 0, false
	}
	return n << shift, true
}

// Rotated demands that files of a syslog server are rotated.
var Rotated = &check.Check{
	ID:           "logging-rotation",
	Title:        "Log files are rotated",
	Doc:          "A log that grows for ever fills the disk; then the host stops logging, and often stops altogether. An attacker can help it along.",
	Remedy:       "sudo apt-get install logrotate && sudo systemctl enable --now logrotate.timer",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.1.3.8"},
	Needs:        []string{partRotation, partPrograms},
	Rule: rule(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if f.syslog() == "" && (f.Missing()[partProcesses].Cause == "" || f.Static) {
			return check.Inapplicable("no syslog server writes files here; the journal limits itself")
		}
		for _, part := range []string{partRotation, partPrograms} {
			if problem, ok := f.Missing()[part]; ok {
				return check.Unclear(&problem)
			}
		}
		if f.syslog() == "" {
			return check.Unseen("whether a syslog server writes files here could not be seen")
		}
		switch {
		case !f.installed("logrotate"):
			return one("program:logrotate", f.syslog()+" writes files, logrotate is not installed", "/installed", "/usr/sbin/logrotate")
		case len(f.Rotation) == 0:
			return one("program:logrotate", "logrotate is installed, no timer and no cron job starts it", "/rotation", "/etc/cron.daily")
		}
		return check.Passed("started by " + strings.Join(f.Rotation, ", "))
	}),
	Examples: []check.Example{
		check.Passes("a timer", Fact{Init: true, Running: []string{"rsyslogd"}, Installed: []string{"logrotate", "rsyslogd"}, Rotation: []string{rotators[0]}}),
		check.Fails("not installed", Fact{Init: true, Running: []string{"rsyslogd"}, Rotation: []string{rotators[0]}}, "program:logrotate"),
		check.Fails("never started", Fact{Init: true, Running: []string{"rsyslogd"}, Installed: []string{"logrotate"}}, "program:logrotate"),
		check.Skips("the journal only", sample()),
	},
}
