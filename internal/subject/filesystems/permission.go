package filesystems

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// permitted makes a check of the permissions of files. The catalogue's list "files" has lines such
// as "/etc/shadow 0640 root root|shadow": pattern, the most that the mode may allow, owners, groups.
func permitted(c check.Check) *check.Check {
	if c.Requirements == nil {
		c.Requirements = []string{"A.5.2.1"}
	}
	c.Rule = check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		var missing, seen []string
		for _, line := range p.Strings("files") {
			r := parseAllowance(line)
			if gap, ok := f.Gaps[r.pattern]; ok {
				missing = append(missing, gap.Error())
			}
			for i, file := range f.Files {
				if ok, _ := path.Match(r.pattern, file.Path); !ok || file.Link != "" {
					continue
				}
				seen = append(seen, file.Path)
				if what := r.broken(file); what != "" {
					vs = append(vs, check.Violation{Key: "file:" + file.Path, At: fmt.Sprintf("/files/%d", i), Source: file.Path, Detail: what})
				}
			}
		}
		switch {
		case len(vs) > 0:
			return check.Failed("", vs).Beside(strings.Join(missing, "; "))
		case len(missing) > 0:
			return check.Unseen(strings.Join(missing, "; "))
		case len(seen) == 0:
			return check.Inapplicable("none of these files exists")
		}
		return check.Passed("as they should be: " + few(seen))
	})
	return &c
}

type allowance struct {
	pattern        string
	most           uint32
	owners, groups []string
}

func parseAllowance(line string) allowance {
	w := strings.Fields(line)
	if len(w) != 4 || !slices.Contains(sensitive, w[0]) {
		panic(fmt.Sprintf("the line %q of files is not of the form PATTERN MODE OWNERS GROUPS with a pattern that is gathered", line))
	}
	return allowance{w[0], octal(w[1]), strings.Split(w[2], "|"), strings.Split(w[3], "|")}
}

// broken says what is wrong with a file, or "". Owner "*" and group "*" mean any: then the group
// still must not have more than the mode allows.
func (r allowance) broken(f File) string {
	var wrong []string
	// To run a file of settings does nothing: only reading and writing count there.
	counts := uint32(0o666)
	if f.Folder {
		counts = 0o777
	}
	if octal(f.Mode)&counts&^r.most != 0 {
		wrong = append(wrong, fmt.Sprintf("mode is %s, want %04o or stricter", f.Mode, r.most))
	}
	if !slices.Contains(r.owners, f.Owner) && r.owners[0] != "*" {
		wrong = append(wrong, "owner is "+f.Owner+", want "+strings.Join(r.owners, " or "))
	}
	// A group without rights on the file does not matter.
	if octal(f.Mode)&0o070 != 0 && !slices.Contains(r.groups, f.Group) && r.groups[0] != "*" {
		wrong = append(wrong, "group is "+f.Group+", want "+strings.Join(r.groups, " or "))
	}
	return strings.Join(wrong, "; ")
}

func few(paths []string) string {
	if len(paths) > 6 {
		return strings.Join(paths[:6], ", ") + " and others"
	}
	return strings.Join(paths, ", ")
}

// having makes a fact with files, for examples: "/etc/shadow 0640 root shadow".
func having(lines ...string) Fact {
	var f Fact
	for _, l := range lines {
		w := strings.Fields(l)
		f.Files = append(f.Files, File{Path: w[0], Mode: w[1], Owner: w[2], Group: w[3]})
	}
	return f
}

// AccountFiles judges the public lists of accounts.
var AccountFiles = permitted(check.Check{
	ID:         "filesystems-account-files",
	Title:      "Only root writes the lists of accounts and groups",
	Doc:        "Who writes /etc/passwd or /etc/group makes himself root.",
	Remedy:     "chown root:root /etc/passwd /etc/passwd- /etc/group /etc/group- /etc/shells\nchmod 0644 /etc/passwd /etc/passwd- /etc/group /etc/group- /etc/shells",
	References: []string{"CIS Debian 12 7.1.1", "CIS Debian 12 7.1.2", "CIS Debian 12 7.1.3", "CIS Debian 12 7.1.4", "CIS Debian 12 7.1.9", "ANSSI BP-028 R50"},
	Examples: []check.Example{
		check.Passes("as installed", having("/etc/passwd 0644 root root", "/etc/passwd- 0600 root root", "/etc/group 0644 root root")),
		check.Fails("writable by all", having("/etc/passwd 0666 root root"), "file:/etc/passwd"),
		check.Fails("of a user", having("/etc/group 0644 www-data root"), "file:/etc/group"),
		check.Skips("none", Fact{}),
	},
})

// PasswordFiles judges the lists of password hashes.
var PasswordFiles = permitted(check.Check{
	ID:           "filesystems-password-files",
	Title:        "Only root reads password hashes",
	Doc:          "Who reads the hashes guesses the passwords in peace, on his own machines.",
	Remedy:       "chown root:shadow /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow-\nchmod 0640 /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow-\nchmod 0600 /etc/security/opasswd",
	Requirements: []string{"A.5.2.1", "A.5.4.4"},
	References:   []string{"CIS Debian 12 7.1.5", "CIS Debian 12 7.1.6", "CIS Debian 12 7.1.7", "CIS Debian 12 7.1.8", "CIS Debian 12 7.1.10", "ANSSI BP-028 R50"},
	Examples: []check.Example{
		check.Passes("Debian", having("/etc/shadow 0640 root shadow", "/etc/gshadow 0640 root shadow")),
		check.Passes("Red Hat", having("/etc/shadow 0000 root root")),
		check.Fails("readable by all", having("/etc/shadow 0644 root shadow"), "file:/etc/shadow"),
		check.Fails("a backup of it", having("/etc/shadow 0640 root shadow", "/etc/shadow- 0644 root root"), "file:/etc/shadow-"),
		check.Fails("for a group", having("/etc/shadow 0640 root users"), "file:/etc/shadow"),
	},
})

// HostKeys judges the private keys of the SSH server.
var HostKeys = permitted(check.Check{
	ID:           "filesystems-host-keys",
	Title:        "Only root reads the private keys of the SSH server",
	Doc:          "Who has a host key can pass for the host and take over sessions.",
	Remedy:       "chown root:root /etc/ssh/ssh_host_*_key\nchmod 0600 /etc/ssh/ssh_host_*_key\n\nA key that others could read is to be replaced: rm it, then ssh-keygen -A.",
	Requirements: []string{"A.5.2.1", "A.5.4.4"},
	References:   []string{"CIS Debian 12 5.1.2"},
	Examples: []check.Example{
		check.Passes("Debian", having("/etc/ssh/ssh_host_ed25519_key 0600 root root")),
		check.Passes("Red Hat", having("/etc/ssh/ssh_host_ed25519_key 0640 root ssh_keys")),
		check.Fails("readable by all", having("/etc/ssh/ssh_host_rsa_key 0644 root root"), "file:/etc/ssh/ssh_host_rsa_key"),
		check.Fails("readable by a group", having("/etc/ssh/ssh_host_rsa_key 0640 root users"), "file:/etc/ssh/ssh_host_rsa_key"),
		check.Skips("no SSH server", Fact{}),
	},
})

// TLSKeys judges the folder of private keys.
var TLSKeys = permitted(check.Check{
	ID:           "filesystems-tls-key-folder",
	Title:        "The folder of private TLS keys is closed to others",
	Doc:          "A key that is written there with loose permissions is still safe while the folder is closed.",
	Remedy:       "chmod 0710 /etc/ssl/private",
	Requirements: []string{"A.5.2.1", "A.5.4.4"},
	Examples: []check.Example{
		check.Passes("Debian", having("/etc/ssl/private 0710 root ssl-cert")),
		check.Fails("open", having("/etc/ssl/private 0755 root root"), "file:/etc/ssl/private"),
	},
})

// SudoFolder judges the folder of sudo's rules; the files in it are judged by the subject sudo.
var SudoFolder = permitted(check.Check{
	ID:           "filesystems-sudoers-folder",
	Title:        "Only root adds rules of sudo",
	Doc:          "Who writes in the folder of rules puts one there and is root with the next command.",
	Remedy:       "chown root:root /etc/sudoers.d && chmod 0750 /etc/sudoers.d",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"ANSSI BP-028 R50"},
	Examples: []check.Example{
		check.Passes("as installed", having("/etc/sudoers.d 0755 root root")),
		check.Fails("writable by a group", Fact{Files: []File{{Path: "/etc/sudoers.d", Mode: "0775", Owner: "root", Group: "ops", Folder: true}}}, "file:/etc/sudoers.d"),
		check.Skips("no sudo", Fact{}),
	},
})

// SSHSettings judges the settings of the SSH server.
var SSHSettings = permitted(check.Check{
	ID:           "filesystems-sshd-config",
	Title:        "Only root changes the settings of the SSH server",
	Doc:          "Who writes them decides who may log in, and with which keys, from the next restart on.",
	Remedy:       "chown root:root /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*\nchmod 0600 /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*",
	Requirements: []string{"A.5.2.1", "A.5.2.12"},
	References:   []string{"CIS Debian 12 5.1.1"},
	Examples: []check.Example{
		check.Passes("as installed", having("/etc/ssh/sshd_config 0644 root root")),
		check.Fails("a file that a group writes", having("/etc/ssh/sshd_config 0644 root root", "/etc/ssh/sshd_config.d/10-team.conf 0664 root team"), "file:/etc/ssh/sshd_config.d/10-team.conf"),
		check.Fails("of a user", having("/etc/ssh/sshd_config 0644 deploy root"), "file:/etc/ssh/sshd_config"),
		check.Skips("no server", Fact{}),
	},
})

// JobAccess judges who decides about planning jobs; the jobs are judged by the subject services.
var JobAccess = permitted(check.Check{
	ID:         "filesystems-job-access",
	Title:      "Only root decides who may plan jobs",
	Doc:        "cron and at plan jobs for whom these lists name. Who writes them opens a way to persist that survives every restart.",
	Remedy:     "chown root:root FILE && chmod 0640 FILE",
	References: []string{"CIS Debian 12 2.4.1.8", "CIS Debian 12 2.4.2.1"},
	Examples: []check.Example{
		check.Passes("as installed", having("/etc/cron.allow 0640 root crontab", "/etc/at.deny 0640 root daemon")),
		check.Fails("writable by all", having("/etc/cron.allow 0666 root root"), "file:/etc/cron.allow"),
		check.Skips("no lists", Fact{}),
	},
})

// CronReadable judges who sees the jobs.
var CronReadable = permitted(check.Check{
	ID:         "filesystems-cron-readable",
	Title:      "Only root sees the jobs that root runs",
	Doc:        "Jobs show what runs when, and scripts often hold passwords.",
	Remedy:     "chmod 0600 /etc/crontab\nchmod 0700 /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly",
	References: []string{"CIS Debian 12 2.4.1.2", "CIS Debian 12 2.4.1.3", "CIS Debian 12 2.4.1.4", "CIS Debian 12 2.4.1.5", "CIS Debian 12 2.4.1.6", "CIS Debian 12 2.4.1.7"},
	Examples: []check.Example{
		check.Passes("closed", having("/etc/crontab 0600 root root", "/etc/cron.d 0700 root root")),
		check.Fails("as installed", having("/etc/crontab 0644 root root", "/etc/cron.d 0755 root root"), "file:/etc/cron.d", "file:/etc/crontab"),
	},
})

// Banners judges the texts that are shown at login.
var Banners = permitted(check.Check{
	ID:         "filesystems-banners",
	Title:      "Only root writes the texts that are shown at login",
	Doc:        "A forged text asks the next administrator for a password.",
	Remedy:     "chown root:root /etc/issue /etc/issue.net /etc/motd\nchmod 0644 /etc/issue /etc/issue.net /etc/motd",
	References: []string{"CIS Debian 12 1.6.4", "CIS Debian 12 1.6.5", "CIS Debian 12 1.6.6"},
	Examples: []check.Example{
		check.Passes("as installed", having("/etc/issue 0644 root root")),
		check.Fails("writable by a group", having("/etc/motd 0664 root adm"), "file:/etc/motd"),
	},
})

// HostTables judges the tables of names and of allowed hosts.
var HostTables = permitted(check.Check{
	ID:     "filesystems-host-tables",
	Title:  "Only root writes the tables of host names and of allowed hosts",
	Doc:    "Who writes /etc/hosts sends programs to a host of his choice; who writes hosts.allow lets it in.",
	Remedy: "chown root:root /etc/hosts /etc/hosts.allow /etc/hosts.deny\nchmod 0644 /etc/hosts /etc/hosts.allow /etc/hosts.deny",
	Examples: []check.Example{
		check.Passes("as installed", having("/etc/hosts 0644 root root")),
		check.Fails("writable by all", having("/etc/hosts 0666 root root"), "file:/etc/hosts"),
	},
})

// RootHome judges the home folder of root.
var RootHome = permitted(check.Check{
	ID:     "filesystems-root-home",
	Title:  "The home folder of root is closed to others",
	Doc:    "Root's folder holds keys, histories with passwords, and files that root's shell runs.",
	Remedy: "chown root:root /root && chmod 0700 /root",
	Examples: []check.Example{
		check.Passes("closed", having("/root 0700 root root")),
		check.Passes("Red Hat", having("/root 0550 root root")),
		check.Fails("open", having("/root 0755 root root"), "file:/root"),
	},
})

// BootFolder judges the folder of the kernels.
var BootFolder = permitted(check.Check{
	ID:         "filesystems-boot-folder",
	Title:      "Only root changes what the host starts from",
	Doc:        "Who writes in /boot chooses the kernel of the next start.",
	Remedy:     "chown root:root /boot && chmod 0755 /boot",
	References: []string{"ANSSI BP-028 R29"},
	Examples: []check.Example{
		check.Passes("as installed", having("/boot 0755 root root")),
		check.Fails("writable by a group", having("/boot 0775 root adm"), "file:/boot"),
	},
})
