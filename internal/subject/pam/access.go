package pam

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// EmptyPasswords demands that pam_unix takes no empty password.
var EmptyPasswords = &check.Check{
	ID:           "pam-empty-password",
	Title:        "PAM takes no empty password",
	Doc:          "With nullok an account whose password field is empty is open to everybody who knows its name. Without it such an account is merely closed.",
	Remedy:       "Take nullok out of the lines of pam_unix.so: \"sed -i 's/ nullok\\(_secure\\)\\?//' /usr/share/pam-configs/unix && pam-auth-update --package\" on Debian; \"authselect enable-feature without-nullok\" on Red Hat.",
	Requirements: []string{"A.5.2.1", "A.5.2.5"},
	References:   []string{"CIS Debian 12 5.3.3.4.1"},
	Needs:        []string{PartServices},
	Rule: onPasswords(func(f PAM, _ check.Params) check.Result {
		var vs []check.Violation
		f.everyRule(func(s Service, r Rule) {
			if r.is("pam_unix") && (r.Type == "auth" || r.Type == "password") && (r.has("nullok") || r.has("nullok_secure")) {
				vs = append(vs, f.fault("file:"+s.Path, r, "pam_unix takes empty passwords (nullok) in "+s.Path))
			}
		})
		return check.Failed("no line of pam_unix has nullok", vs)
	}),
	Examples: []check.Example{
		check.Passes("without", debian()),
		check.Fails("as Debian installs it", plain(), "file:/etc/pam.d/common-auth"),
		check.Skips("no passwords", plain(keysOnly)),
		check.Skips("Alpine without PAM", PAM{}),
		check.Leaves("unread", unread(PartServices)),
	},
}

// lock describes the module that counts failures in an auth stack.
type lock struct {
	unix   Rule
	module Rule
	found  bool
}

// locks looks at the stacks of all services that take passwords from people.
func (f PAM) locks(p check.Params) []lock {
	var out []lock
	for _, name := range p.Strings("services") {
		stack := f.stack(name, "auth")
		i := slices.IndexFunc(stack, func(r Rule) bool { return r.is("pam_unix") })
		if i < 0 {
			continue
		}
		l := lock{unix: stack[i]}
		for _, r := range stack {
			if r.is("pam_faillock", "pam_tally2", "pam_tally") && (r.binds() || r.is("pam_faillock")) {
				l.module, l.found = r, true
				if r.has("deny") {
					break
				}
			}
		}
		out = append(out, l)
	}
	return out
}

// number gives an option of pam_faillock: the argument first, then faillock.conf.
func (f PAM) number(r Rule, name string, fallback int) int {
	if v, ok := r.arg(name); ok {
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	}
	if v, ok := f.Lockout[name]; ok && r.is("pam_faillock") {
		if v.Value == "never" {
			return 0
		}
		if n, err := strconv.Atoi(v.Value); err == nil {
			return n
		}
	}
	return fallback
}

const noLogIn = "no service takes passwords of this host through pam_unix"

// Lockout demands that guessing ends.
var Lockout = &check.Check{
	ID:           "pam-lockout",
	Title:        "Accounts lock after some wrong passwords",
	Doc:          "Without a lock somebody who reaches a log-in tries passwords for as long as it takes.",
	Remedy:       "Debian: add pam_faillock by pam-auth-update profiles (see pam_faillock(8)) and set \"deny = 5\" in /etc/security/faillock.conf; Red Hat: \"authselect enable-feature with-faillock\".",
	Requirements: []string{"A.5.2.1", "A.5.6.4"},
	References:   []string{"CIS Debian 12 5.3.2.2", "CIS Debian 12 5.3.3.1.1"},
	Needs:        []string{PartServices, PartLockout},
	Rule: onPasswords(func(f PAM, p check.Params) check.Result {
		all := f.locks(p)
		if len(all) == 0 {
			return check.Inapplicable(noLogIn)
		}
		var vs []check.Violation
		for _, l := range all {
			if !l.found {
				vs = append(vs, f.fault("file:"+l.unix.file(), l.unix, "no module counts wrong passwords in "+l.unix.file()))
				continue
			}
			fallback := 3 // of pam_faillock; the older modules count without locking
			if !l.module.is("pam_faillock") {
				fallback = 0
			}
			if n := f.number(l.module, "deny", fallback); n <= 0 || n > p.Int("deny") {
				vs = append(vs, f.fault("setting:deny", l.module, fmt.Sprintf("an account locks after %d wrong passwords, want 1 to %d", n, p.Int("deny"))))
			}
		}
		return check.Failed("accounts lock after some wrong passwords", vs)
	}),
	Examples: []check.Example{
		check.Passes("faillock with its default", debian()),
		check.Passes("tally2 of old hosts", debian(file("common-auth", "auth required pam_tally2.so deny=5 onerr=fail unlock_time=900", "auth required pam_unix.so"))),
		check.Fails("as Debian installs it", plain(), "file:/etc/pam.d/common-auth"),
		check.Fails("after fifty", debian(func(p *PAM) { p.Lockout = map[string]Value{"deny": {"50", "/etc/security/faillock.conf:32"}} }), "setting:deny"),
		check.Skips("no passwords", plain(keysOnly)),
		check.Leaves("unread", unread(PartLockout)),
	},
}

// LockoutTime demands that a lock lasts for a while.
var LockoutTime = &check.Check{
	ID:           "pam-lockout-time",
	Title:        "A locked account stays locked for a quarter of an hour",
	Doc:          "A lock of a minute still leaves thousands of guesses a day.",
	Remedy:       "\"unlock_time = 900\" in /etc/security/faillock.conf.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.3.3.1.2"},
	Needs:        []string{PartServices, PartLockout},
	Rule: onPasswords(func(f PAM, p check.Params) check.Result {
		var vs []check.Violation
		counted := false
		for _, l := range f.locks(p) {
			if !l.found {
				continue
			}
			counted = true
			fallback := 600 // of pam_faillock; the older modules lock until somebody unlocks
			if !l.module.is("pam_faillock") {
				fallback = 0
			}
			if n := f.number(l.module, "unlock_time", fallback); n != 0 && n < p.Int("seconds") {
				vs = append(vs, f.fault("setting:unlock_time", l.module, fmt.Sprintf("a locked account opens after %d seconds, want at least %d", n, p.Int("seconds"))))
			}
		}
		if !counted {
			return check.Inapplicable("no module locks accounts; see pam-lockout")
		}
		return check.Failed("a lock lasts long enough", vs)
	}),
	Examples: []check.Example{
		check.Passes("a quarter of an hour", debian(func(p *PAM) { p.Lockout = map[string]Value{"unlock_time": {"900", "/etc/security/faillock.conf:50"}} })),
		check.Passes("until somebody unlocks", debian(func(p *PAM) { p.Lockout = map[string]Value{"unlock_time": {"never", "/etc/security/faillock.conf:50"}} })),
		check.Fails("ten minutes by default", debian(), "setting:unlock_time"),
		check.Skips("no lock", plain()),
	},
}

// SuGroup demands that su is for a group only.
var SuGroup = &check.Check{
	ID:           "pam-su-group",
	Title:        "Only members of a group may use su",
	Doc:          "su lets every account, those of broken services too, try passwords of root as fast as the machine allows.",
	Remedy:       "\"groupadd --system sugroup\", and in /etc/pam.d/su after pam_rootok: auth required pam_wheel.so use_uid group=sugroup",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.2.7"},
	Needs:        []string{PartServices},
	Rule: onPasswords(func(f PAM, _ check.Params) check.Result {
		if f.find("su") == nil {
			return check.Inapplicable("there is no service su")
		}
		for _, r := range f.stack("su", "auth") {
			if r.is("pam_wheel") && r.binds() && !r.has("deny") {
				return check.Passed("pam_wheel restricts su")
			}
		}
		at := Rule{}
		if rules := f.find("su").Rules; len(rules) > 0 {
			at = rules[0]
		}
		return check.Failed("", []check.Violation{f.fault("service:su", at, "no binding line of pam_wheel stands in the stack of su")})
	}),
	Examples: []check.Example{
		check.Passes("wheel", debian()),
		check.Fails("as Debian installs it", plain(), "service:su"),
		check.Fails("trust alone does not restrict", debian(file("su", "auth sufficient pam_wheel.so trust", "@include common-auth")), "service:su"),
		check.Skips("no su", debian(without("su"))),
		check.Skips("no passwords", plain(keysOnly)),
	},
}

// SecondFactor demands that SSH asks for more than a password.
var SecondFactor = &check.Check{
	ID:    "pam-second-factor",
	Title: "The SSH stack asks for a second factor",
	Doc: "A password alone is guessed or phished. This looks for a module that asks for a second factor in the stack of sshd. " +
		"It is not the only way: a FIDO2 key that verifies its user counts as both, and sshd settings may ask for a key besides the password. Where that holds, record it as a justification.",
	Remedy:       "\"apt install libpam-google-authenticator\" (or libpam-u2f, libpam-oath), add \"auth required pam_google_authenticator.so\" to /etc/pam.d/sshd, and set \"KbdInteractiveAuthentication yes\" in sshd_config.",
	Requirements: []string{"A.5.6.4"},
	References:   []string{"ANSSI BP-028 R67"},
	Needs:        []string{PartServices},
	Rule: on(func(f PAM, p check.Params) check.Result {
		if f.find("sshd") == nil {
			return check.Inapplicable("there is no service sshd")
		}
		wrong := "no module for a second factor stands in the stack of sshd"
		for _, r := range f.stack("sshd", "auth") {
			module := strings.TrimSuffix(r.Module[strings.LastIndexByte(r.Module, '/')+1:], ".so")
			if r.isInclude() || !p.Has("modules", module) {
				continue
			}
			switch {
			case r.has("nullok"):
				wrong = module + " stands in the stack of sshd with nullok: who has no second factor is not asked"
			case r.binds() || r.lets():
				return check.Passed(module + " stands in the stack of sshd")
			default:
				wrong = module + " stands in the stack of sshd as " + r.Control + ", which refuses nobody"
			}
		}
		at := Rule{}
		if rules := f.find("sshd").Rules; len(rules) > 0 {
			at = rules[0]
		}
		return check.Failed("", []check.Violation{f.fault("service:sshd", at, wrong)})
	}),
	Examples: []check.Example{
		check.Passes("one-time codes", debian()),
		check.Fails("as Debian installs it", plain(), "service:sshd"),
		check.Fails("who has none is not asked", debian(file("sshd", "@include common-auth", "auth required pam_google_authenticator.so nullok")), "service:sshd"),
		check.Fails("optional", debian(file("sshd", "@include common-auth", "auth optional pam_u2f.so")), "service:sshd"),
		check.Skips("no sshd", debian(without("sshd"))),
	},
}
