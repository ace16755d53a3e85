package sudo

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Escapes demands that allowed commands do not give a shell.
var Escapes = &check.Check{
	ID:           "sudo-shell-escape",
	Title:        "No rule for single commands allows one that gives a shell",
	Doc:          "Editors, pagers, interpreters and find start other programs. Who may run vi on one file may run everything as root.",
	Remedy:       "Use \"sudoedit /path\" in place of an editor, \"NOEXEC:\" before a pager, and a script of root's with fixed arguments in place of an interpreter.",
	Requirements: []string{"A.5.2.1", "A.5.6.1"},
	References:   []string{"ANSSI BP-028 R41", "ANSSI BP-028 R44"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		for _, g := range s.grants() {
			if g.negated || g.isRoot() || !strings.HasPrefix(g.command, "/") || !rootish(g.runas) {
				continue
			}
			name := base(g.command)
			switch {
			case p.Has("shells", name) && !bound(g.command):
				vs = append(vs, g.fault(g.ruleKey(), g.holder()+" may run "+program(g.command)+" with arguments of its own, and so every command"))
			case p.Has("escapes", name) && !g.has("NOEXEC"):
				vs = append(vs, g.fault(g.ruleKey(), g.holder()+" may run "+program(g.command)+", which can start a shell"))
			}
		}
		return check.Failed("no allowed command is known to give a shell", vs)
	}),
	Examples: []check.Example{
		check.Passes("a service", example("deploy ALL = /usr/bin/systemctl restart shop")),
		check.Passes("a pager that starts nothing", example("deploy ALL = NOEXEC: /usr/bin/less /var/log/shop.log")),
		check.Passes("an interpreter with a fixed script", example("deploy ALL = /usr/bin/python3 /opt/shop/restart.py")),
		check.Passes("as another user", example("deploy ALL = (www-data) /usr/bin/vim /srv/motd")),
		check.Fails("an editor and find", example("deploy ALL = /usr/bin/vim /etc/motd, /usr/bin/find"), "rule:deploy /usr/bin/find", "rule:deploy /usr/bin/vim /etc/motd"),
		check.Fails("a free interpreter", example("deploy ALL = /usr/bin/python3"), "rule:deploy /usr/bin/python3"),
		check.Skips("no sudo", none()),
	},
}

// rootish tells whether a runas list includes root. Without a list it is root.
func rootish(runas string) bool {
	users, _, _ := strings.Cut(runas, ":")
	if runas == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(users, ","), func(u string) bool { return u == "ALL" || u == "root" || u == "#0" })
}

// bound tells whether a command has arguments of its own that leave no choice: "" means none at all.
func bound(command string) bool {
	_, args, ok := strings.Cut(command, " ")
	return ok && !strings.Contains(args, "*")
}

// Writable demands that only root changes what runs as root.
var Writable = &check.Check{
	ID:           "sudo-command-writable",
	Title:        "Only root can change the programs that rules allow",
	Doc:          "Who can write the program, or its folder, puts another one in its place and runs it as root.",
	Remedy:       "\"chown root:root FILE && chmod go-w FILE\", and the same for its folder; better, move the program to /usr/local/sbin.",
	Requirements: []string{"A.5.2.1", "A.5.6.1"},
	Needs:        []string{PartSudoers, PartCommands},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		allowed := map[string]bool{}
		for _, g := range s.grants() {
			if name := program(g.command); !g.negated && !g.isRoot() && strings.HasPrefix(name, "/") {
				allowed[name], allowed[path.Dir(name)] = true, true
			}
		}
		for i, f := range s.Programs {
			if !allowed[f.Path] {
				continue
			}
			if wrong := f.changeable(); wrong != "" {
				vs = append(vs, check.Violation{Key: "file:" + f.Path, Detail: f.Path + " " + wrong, At: fmt.Sprintf("/programs/%d", i), Source: f.Path})
			}
		}
		return check.Failed("no program of a rule can be changed by others", vs)
	}),
	Examples: []check.Example{
		check.Passes("root's", with(example("deploy ALL = /usr/local/sbin/restart"), File{Path: "/usr/local/sbin/restart", Mode: 0o755}, File{Path: "/usr/local/sbin", Mode: 0o755, Folder: true})),
		check.Fails("deploy's own", with(example("deploy ALL = /opt/shop/restart"), File{Path: "/opt/shop/restart", Mode: 0o755, UID: 1001}, File{Path: "/opt/shop", Mode: 0o777, Folder: true}),
			"file:/opt/shop", "file:/opt/shop/restart"),
		check.Leaves("unread", unread(PartCommands)),
		check.Skips("no sudo", none()),
	},
}

// changeable says who besides root can write the file, or nothing.
func (f File) changeable() string {
	switch {
	case f.UID != 0:
		return fmt.Sprintf("belongs to account number %d, not to root", f.UID)
	case f.Mode&0o002 != 0:
		return fmt.Sprintf("has mode %04o, so everybody can write it", f.Mode)
	case f.Mode&0o020 != 0 && f.GID != 0:
		return fmt.Sprintf("has mode %04o, so group number %d can write it", f.Mode, f.GID)
	}
	return ""
}

// FileMode demands that only root changes and reads the rules.
var FileMode = &check.Check{
	ID:           "sudo-file-mode",
	Title:        "Only root can change the rules of sudo and doas",
	Doc:          "Who can write a file of rules is root. sudo refuses files that others can write, and with them all rules that stand there.",
	Remedy:       "\"chown root:root FILE && chmod 0440 FILE\".",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartSudoers, PartDoas},
	Rule: check.On(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		if len(s.Files) == 0 {
			return check.Inapplicable("neither sudo nor doas is configured")
		}
		var vs []check.Violation
		for i, f := range s.Files {
			wrong := f.changeable()
			if wrong == "" && f.Mode&0o020 != 0 {
				wrong = fmt.Sprintf("has mode %04o, so its group can write it", f.Mode)
			}
			if wrong != "" {
				vs = append(vs, check.Violation{Key: "file:" + f.Path, Detail: f.Path + " " + wrong, At: fmt.Sprintf("/files/%d", i), Source: f.Path})
			}
		}
		return check.Failed("all files of rules belong to root alone", vs)
	}),
	Examples: []check.Example{
		check.Passes("0440", example()),
		check.Passes("doas", doas("permit :wheel")),
		check.Fails("writable by all", func() Sudo { s := example(); s.Files[0].Mode = 0o666; return s }(), "file:/etc/sudoers"),
		check.Fails("another's", func() Sudo {
			s := example()
			s.Files = append(s.Files, File{Path: "/etc/sudoers.d/shop", Mode: 0o440, UID: 1001})
			return s
		}(), "file:/etc/sudoers.d/shop"),
		check.Skips("neither", none()),
	},
}

// FileReadable demands that others do not read the rules.
var FileReadable = &check.Check{
	ID:           "sudo-file-readable",
	Title:        "Others cannot read the rules of sudo",
	Doc:          "The rules tell an intruder which account and which program to aim at.",
	Remedy:       "\"chmod 0440 /etc/sudoers /etc/sudoers.d/*\".",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartSudoers},
	Rule: on(func(s Sudo, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for i, f := range s.Files {
			if f.Mode&0o007 != 0 && !strings.HasPrefix(f.Path, "/etc/doas") {
				vs = append(vs, check.Violation{Key: "file:" + f.Path, Detail: fmt.Sprintf("%s has mode %04o, so everybody can read it", f.Path, f.Mode), At: fmt.Sprintf("/files/%d", i), Source: f.Path})
			}
		}
		return check.Failed("the rules are closed to others", vs)
	}),
	Examples: []check.Example{
		check.Passes("0440", example()),
		check.Fails("0644", func() Sudo { s := example(); s.Files[0].Mode = 0o644; return s }(), "file:/etc/sudoers"),
	},
}
