package logging

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// CreateMode demands that rsyslog makes files that others cannot read.
var CreateMode = &check.Check{
	ID:           "logging-file-create-mode",
	Title:        "rsyslog creates log files that others cannot read",
	Doc:          "rsyslog's own default is 0644: every account, and every web application that can be made to read a file, then reads who logs in and what fails.",
	Remedy:       "Put $FileCreateMode 0640 near the top of /etc/rsyslog.conf, then: sudo systemctl restart rsyslog",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.1.3.4"},
	Needs:        []string{partSyslog, partPrograms},
	Rule: rule(func(f Fact, _ estate.View, p check.Params) check.Result {
		if !f.installed("rsyslogd") && f.Missing()[partPrograms].Cause == "" {
			return check.Inapplicable("rsyslog is not installed")
		}
		most, err := strconv.ParseUint(p.String("mode"), 8, 32)
		if err != nil {
			panic("the parameter mode is no octal number: " + p.String("mode"))
		}
		if _, ok := get(f.Settings, "filecreatemode"); !ok {
			if problem, ok := f.Missing()[partSyslog]; ok {
				return check.Unclear(&problem)
			}
			return one("setting:FileCreateMode", "FileCreateMode is not set, files are created with 0644", "/settings", rsyslogConf)
		}
		for i, s := range f.Settings {
			if s.Name != "filecreatemode" {
				continue
			}
			m, err := strconv.ParseUint(s.Value, 8, 32)
			if err != nil || m&^most != 0 {
				return one("setting:FileCreateMode", "FileCreateMode is "+s.Value+", want at most "+p.String("mode"), fmt.Sprintf("/settings/%d", i), s.Source)
			}
		}
		return check.Passed("every FileCreateMode is at most " + p.String("mode"))
	}),
	Examples: []check.Example{
		check.Passes("Debian's own", rsyslogWith(Setting{"filecreatemode", "0640", "/etc/rsyslog.conf:38"})),
		check.Fails("the default", rsyslogWith(), "setting:FileCreateMode"),
		check.Fails("readable by others", rsyslogWith(Setting{"filecreatemode", "0644", "/etc/rsyslog.conf:38"}), "setting:FileCreateMode"),
		check.Fails("later widened", rsyslogWith(Setting{"filecreatemode", "0640", "a:1"}, Setting{"filecreatemode", "0666", "b:1"}), "setting:FileCreateMode"),
		check.Skips("the journal only", sample()),
	},
}

// openFiles makes a rule over logs with some of the permission bits.
func openFiles(bits fs.FileMode, word string, concerns func(LogFile, check.Params) bool) check.Rule {
	return check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		for i, l := range f.Open {
			if l.Mode&bits != 0 && concerns(l, p) {
				vs = append(vs, check.Violation{Key: "file:" + l.Path, Detail: fmt.Sprintf("%s has mode %04o: others can %s it", l.Path, l.Mode, word),
					At: fmt.Sprintf("/open_files/%d", i), Source: l.Path})
			}
		}
		return check.Failed("under /var/log others can "+word+" none of these", vs)
	})
}

// NotWritable finds logs that everybody can change.
var NotWritable = &check.Check{
	ID:           "logging-files-writable",
	Title:        "No log can be changed by everybody",
	Doc:          "In a log that everybody can write, anybody can wipe their traces or lay somebody else's. In such a folder they can replace the log by a link to a file that root then overwrites.",
	Remedy:       "sudo chmod o-w FILE\nand mend what creates it so (logrotate's create line, the service's umask).",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.1.4.1"},
	Needs:        []string{partFiles},
	Rule:         openFiles(0o002, "write", func(LogFile, check.Params) bool { return true }),
	Examples: []check.Example{
		check.Passes("readable only", Fact{Open: []LogFile{{Path: "/var/log/dpkg.log", Mode: 0o644}}}),
		check.Fails("writable", Fact{Open: []LogFile{{Path: "/var/log/app.log", Mode: 0o666}}}, "file:/var/log/app.log"),
		check.Fails("a folder", Fact{Open: []LogFile{{Path: "/var/log/app", Mode: 0o777, Dir: true}}}, "file:/var/log/app"),
	},
}

// NotReadable finds security logs that everybody can read.
var NotReadable = &check.Check{
	ID:           "logging-files-readable",
	Title:        "Security logs cannot be read by everybody",
	Doc:          "Logs of log-ins tell attackers which accounts exist, when administrators work and whether the attack was noticed; passwords typed in place of a name stand there in the clear.",
	Remedy:       "sudo chmod o-r FILE (Debian: owner root or syslog, group adm, mode 0640)",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.1.4.1"},
	Needs:        []string{partFiles},
	Rule: openFiles(0o004, "read", func(l LogFile, p check.Params) bool {
		for _, pattern := range p.Strings("files") {
			if ok, _ := path.Match(pattern, strings.TrimPrefix(l.Path, "/var/log/")); ok {
				return true
			}
		}
		return false
	}),
	Examples: []check.Example{
		check.Passes("a log that tells nothing", Fact{Open: []LogFile{{Path: "/var/log/dpkg.log", Mode: 0o644}}}),
		check.Fails("auth.log", Fact{Open: []LogFile{{Path: "/var/log/auth.log", Mode: 0o644}}}, "file:/var/log/auth.log"),
		check.Fails("the audit log", Fact{Open: []LogFile{{Path: "/var/log/audit/audit.log", Mode: 0o644}}}, "file:/var/log/audit/audit.log"),
	},
}
