package pam

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// OpenDoor demands that no log-in succeeds without proof.
var OpenDoor = &check.Check{
	ID:           "pam-open-door",
	Title:        "No log-in succeeds without proof",
	Doc:          "pam_permit lets everybody in, and pam_rootok everybody whom a daemon of root asks for. Each belongs in a stack only behind modules that refuse; before them it is a back door.",
	Remedy:       "Restore the file from its package: \"apt install --reinstall -o Dpkg::Options::=--force-confask openssh-server\", or \"pam-auth-update --force\" for common-auth.",
	Requirements: []string{"A.5.2.1", "A.5.6.4"},
	Needs:        []string{PartServices},
	Rule: on(func(f PAM, p check.Params) check.Result {
		var vs []check.Violation
		for _, s := range f.Services {
			if !p.Has("services", s.Name) {
				continue
			}
			stack := f.stack(s.Name, "auth")
			asks := slices.ContainsFunc(stack, proves)
			for _, r := range stack {
				daemon := p.Has("daemons", s.Name)
				switch {
				case r.is("pam_permit") && (r.Control == "sufficient" || strings.Contains(r.Control, "success=done")):
					vs = append(vs, f.fault("file:"+r.file(), r, "pam_permit ends the stack of "+s.Name+" with success"))
				case r.is("pam_permit") && !asks:
					vs = append(vs, f.fault("file:"+r.file(), r, "pam_permit is all that the stack of "+s.Name+" asks"))
				case r.is("pam_rootok") && daemon && r.lets():
					vs = append(vs, f.fault("file:"+r.file(), r, "pam_rootok lets in everybody: "+s.Name+" runs as root"))
				}
			}
		}
		return check.Failed("no stack for log-ins lets everybody in", vs)
	}),
	Examples: []check.Example{
		check.Passes("Debian primes its stacks with pam_permit", plain()),
		check.Passes("a greeter without log-in", debian(file("lightdm-greeter", "auth required pam_permit.so"))),
		check.Fails("before all else", debian(file("sshd", "auth sufficient pam_permit.so", "@include common-auth")), "file:/etc/pam.d/sshd"),
		check.Fails("nothing else", debian(file("common-auth", "auth required pam_permit.so"), file("sshd", "auth required pam_permit.so")),
			"file:/etc/pam.d/common-auth", "file:/etc/pam.d/sshd"),
		check.Fails("rootok in a daemon", debian(file("sshd", "auth sufficient pam_rootok.so", "@include common-auth")), "file:/etc/pam.d/sshd"),
		check.Skips("no PAM", PAM{}),
	},
}

// proves tells whether a rule may refuse somebody: any module but those that only set things up.
func proves(r Rule) bool {
	return !r.is("pam_permit", "pam_env", "pam_faildelay", "pam_keyinit", "pam_cap", "pam_gnome_keyring", "pam_echo", "pam_warn", "pam_debug", "pam_group", "pam_mount")
}

// Rhosts demands that no host is trusted by its name.
var Rhosts = &check.Check{
	ID:           "pam-rhosts",
	Title:        "No log-in trusts the name of another host",
	Doc:          "pam_rhosts lets in whoever comes from a host that ~/.rhosts or /etc/hosts.equiv names; addresses and names are easily imitated.",
	Remedy:       "Remove the lines: \"grep -rn pam_rhosts /etc/pam.d\"; then remove rsh and rlogin.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartServices},
	Rule: on(func(f PAM, _ check.Params) check.Result {
		var vs []check.Violation
		f.everyRule(func(s Service, r Rule) {
			if r.is("pam_rhosts", "pam_rhosts_auth") {
				vs = append(vs, f.fault("file:"+s.Path, r, s.Path+" trusts names of hosts by "+r.Module))
			}
		})
		return check.Failed("no service uses pam_rhosts", vs)
	}),
	Examples: []check.Example{
		check.Passes("none", plain()),
		check.Fails("rlogin", debian(file("rlogin", "auth required pam_rhosts.so")), "file:/etc/pam.d/rlogin"),
	},
}

// ExecPassword demands that no program gets to see passwords.
var ExecPassword = &check.Check{
	ID:           "pam-exec-password",
	Title:        "No program gets to see passwords",
	Doc:          "pam_exec with expose_authtok hands every password to a program. It is the usual way to steal passwords from a host, and rarely anything else.",
	Remedy:       "Look at the program that the line names, then remove the line: \"grep -rn expose_authtok /etc/pam.d\". Change the passwords that were used.",
	Requirements: []string{"A.5.2.1", "A.5.4.4"},
	Needs:        []string{PartServices},
	Rule: on(func(f PAM, _ check.Params) check.Result {
		var vs []check.Violation
		f.everyRule(func(s Service, r Rule) {
			if r.is("pam_exec") && r.has("expose_authtok") {
				vs = append(vs, f.fault("file:"+s.Path, r, s.Path+" hands passwords to a program: "+strings.Join(r.Args, " ")))
			}
		})
		return check.Failed("no line of pam_exec hands out passwords", vs)
	}),
	Examples: []check.Example{
		check.Passes("none", plain()),
		check.Passes("pam_exec without passwords", debian(file("login", "session optional pam_exec.so /usr/local/sbin/greet", "@include common-auth"))),
		check.Fails("exposed", debian(file("sshd", "auth optional pam_exec.so expose_authtok /tmp/.log", "@include common-auth")), "file:/etc/pam.d/sshd"),
	},
}

// ModulePath demands that modules come from where the system keeps them.
var ModulePath = &check.Check{
	ID:           "pam-module-path",
	Title:        "Modules come from the folders of the system",
	Doc:          "A module sees every password and decides every log-in. One that is named by a path elsewhere came from no package, and often others can write there.",
	Remedy:       "Remove the line, or install the module from a package and name it without a path.",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartServices},
	Rule: on(func(f PAM, p check.Params) check.Result {
		var vs []check.Violation
		f.everyRule(func(s Service, r Rule) {
			if r.isInclude() || !strings.HasPrefix(r.Module, "/") {
				return
			}
			if !slices.ContainsFunc(p.Strings("folders"), func(dir string) bool { return strings.HasPrefix(r.Module, dir+"/") }) || strings.Contains(r.Module, "/../") {
				vs = append(vs, f.fault("file:"+s.Path, r, s.Path+" loads "+r.Module))
			}
		})
		return check.Failed("all modules come from the folders of the system", vs)
	}),
	Examples: []check.Example{
		check.Passes("by name", plain()),
		check.Passes("by path", debian(file("login", "auth required /lib/x86_64-linux-gnu/security/pam_unix.so"))),
		check.Fails("from /tmp", debian(file("login", "auth sufficient /tmp/pam_x.so", "@include common-auth")), "file:/etc/pam.d/login"),
	},
}

// FileMode demands that only root changes the stacks.
var FileMode = &check.Check{
	ID:           "pam-file-mode",
	Title:        "Only root can change the configuration of PAM",
	Doc:          "One line in one of these files lets everybody in.",
	Remedy:       "\"chown root:root FILE && chmod 0644 FILE\".",
	Requirements: []string{"A.5.2.1"},
	Needs:        []string{PartServices},
	Rule: on(func(f PAM, _ check.Params) check.Result {
		var vs []check.Violation
		for i, s := range f.Services {
			wrong := ""
			switch {
			case s.UID != 0:
				wrong = fmt.Sprintf("belongs to account number %d, not to root", s.UID)
			case s.Mode&0o002 != 0 || s.Mode&0o020 != 0 && s.GID != 0:
				wrong = fmt.Sprintf("has mode %04o, so others can write it", s.Mode)
			}
			if wrong != "" {
				vs = append(vs, check.Violation{Key: "file:" + s.Path, Detail: s.Path + " " + wrong, At: fmt.Sprintf("/services/%d", i), Source: s.Path})
			}
		}
		return check.Failed("all files of PAM belong to root alone", vs)
	}),
	Examples: []check.Example{
		check.Passes("0644", plain()),
		check.Fails("writable", debian(func(p *PAM) { p.Services[0].Mode = 0o666 }), "file:/etc/pam.d/common-auth"),
		check.Skips("no PAM", PAM{}),
	},
}
