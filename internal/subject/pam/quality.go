package pam

import (
	"fmt"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// changing gives the rules that a change of password goes through, and the rule of pam_unix in it.
func (f PAM) changing(p check.Params) (stack []Rule, unix Rule, ok bool) {
	stack = f.stack(f.first(p.Strings("services")), "password")
	for _, r := range stack {
		if r.is("pam_unix") {
			return stack, r, true
		}
	}
	return stack, Rule{}, false
}

const noChange = "no service changes passwords of this host through pam_unix"

// quality gives the rule that checks new passwords and refuses bad ones.
func quality(stack []Rule) (Rule, bool) {
	for _, r := range stack {
		if r.is("pam_pwquality", "pam_cracklib", "pam_passwdqc") && r.binds() {
			return r, true
		}
	}
	return Rule{}, false
}

// option gives a setting of pam_pwquality or pam_cracklib: the argument first, then pwquality.conf.
func (f PAM) option(r Rule, name string, fallback int) (n int, source string) {
	value, source := "", r.Source
	if v, ok := r.arg(name); ok {
		value = v
	} else if v, ok := f.Quality[name]; ok && r.is("pam_pwquality") {
		value, source = v.Value, v.Source
	} else {
		return fallback, source
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return fallback, source
	}
	return n, source
}

// PasswordLength demands that short passwords are refused.
var PasswordLength = &check.Check{
	ID:           "pam-password-length",
	Title:        "Short passwords are refused",
	Doc:          "pam_unix by itself takes six characters. Length is what makes a stolen hash costly to crack.",
	Remedy:       "\"apt install libpam-pwquality\", then \"minlen = 14\" in /etc/security/pwquality.conf. On Red Hat the module is there: set minlen.",
	Requirements: []string{"A.5.2.1", "A.5.6.4"},
	References:   []string{"CIS Debian 12 5.3.3.2.2", "ANSSI BP-028 R31"},
	Needs:        []string{PartServices, PartQuality},
	Rule: onPasswords(func(f PAM, p check.Params) check.Result {
		stack, unix, ok := f.changing(p)
		if !ok {
			return check.Inapplicable(noChange)
		}
		least := p.Int("length")
		if n, err := strconv.Atoi(strings.Join(argOf(unix, "minlen"), "")); err == nil && n >= least {
			return check.Passed(fmt.Sprintf("pam_unix asks for %d characters", n))
		}
		q, ok := quality(stack)
		if !ok {
			return check.Failed("", []check.Violation{f.fault("file:"+unix.file(), unix, "no module refuses short passwords in "+unix.file())})
		}
		if q.is("pam_passwdqc") {
			return check.Passed("pam_passwdqc checks new passwords")
		}
		if on, source := f.option(q, "enforcing", 1); on == 0 {
			v := f.fault("setting:enforcing", q, "enforcing is 0, so bad passwords are only warned about")
			v.Source = source
			return check.Failed("", []check.Violation{v})
		}
		n, source := f.option(q, "minlen", 8)
		if n >= least {
			return check.Passed(fmt.Sprintf("minlen is %d", n))
		}
		v := f.fault("setting:minlen", q, fmt.Sprintf("minlen is %d, want at least %d", n, least))
		v.Source = source
		return check.Failed("", []check.Violation{v})
	}),
	Examples: []check.Example{
		check.Passes("14", debian()),
		check.Passes("pam_unix asks itself", plain(file("common-password", "password required pam_unix.so minlen=14 yescrypt"))),
		check.Fails("as Debian installs it", plain(), "file:/etc/pam.d/common-password"),
		check.Fails("8 by default", debian(func(p *PAM) { p.Quality = nil }), "setting:minlen"),
		check.Fails("an argument goes first", debian(file("common-password", "password requisite pam_pwquality.so minlen=6", "password required pam_unix.so")), "setting:minlen"),
		check.Fails("warns only", debian(func(p *PAM) { p.Quality["enforcing"] = Value{"0", "/etc/security/pwquality.conf:60"} }), "setting:enforcing"),
		check.Skips("no passwords", plain(keysOnly)),
		check.Skips("no PAM", PAM{}),
		check.Leaves("unread", unread(PartQuality)),
	},
}

func argOf(r Rule, name string) []string {
	if v, ok := r.arg(name); ok {
		return []string{v}
	}
	return nil
}

// PasswordClasses demands several sorts of characters.
var PasswordClasses = &check.Check{
	ID:           "pam-password-classes",
	Title:        "Passwords hold several sorts of characters",
	Doc:          "A word in small letters alone stands in every list that attackers try. Where passwords are long or checked against lists of leaked ones, a justification may settle this.",
	Remedy:       "\"minclass = 3\" in /etc/security/pwquality.conf.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.3.3.2.3", "ANSSI BP-028 R31"},
	Needs:        []string{PartServices, PartQuality},
	Rule: onPasswords(func(f PAM, p check.Params) check.Result {
		stack, unix, ok := f.changing(p)
		if !ok {
			return check.Inapplicable(noChange)
		}
		q, ok := quality(stack)
		if !ok {
			return check.Failed("", []check.Violation{f.fault("file:"+unix.file(), unix, "no module looks at the characters of new passwords in "+unix.file())})
		}
		if q.is("pam_passwdqc") {
			return check.Passed("pam_passwdqc checks new passwords")
		}
		classes, source := f.option(q, "minclass", 0)
		demanded := 0
		for _, c := range []string{"dcredit", "ucredit", "lcredit", "ocredit"} {
			if n, _ := f.option(q, c, 0); n < 0 {
				demanded++
			}
		}
		if n := max(classes, demanded); n >= p.Int("classes") {
			return check.Passed(fmt.Sprintf("%d classes of characters are asked for", n))
		}
		v := f.fault("setting:minclass", q, fmt.Sprintf("%d classes of characters are asked for, want %d", max(classes, demanded), p.Int("classes")))
		v.Source = source
		return check.Failed("", []check.Violation{v})
	}),
	Examples: []check.Example{
		check.Passes("minclass", debian()),
		check.Passes("credits", debian(file("common-password", "password requisite pam_pwquality.so dcredit=-1 ucredit=-1 lcredit=-1 ocredit=-1", "password required pam_unix.so"))),
		check.Fails("none", debian(func(p *PAM) { delete(p.Quality, "minclass") }), "setting:minclass"),
		check.Fails("as Debian installs it", plain(), "file:/etc/pam.d/common-password"),
		check.Skips("no passwords", plain(keysOnly)),
	},
}

// PasswordHistory demands that old passwords are not taken again.
var PasswordHistory = &check.Check{
	ID:           "pam-password-history",
	Title:        "Old passwords are not taken again",
	Doc:          "A password that had to be changed because it leaked comes back at the next change when nobody remembers it.",
	Remedy:       "Put \"password requisite pam_pwhistory.so remember=24 use_authtok\" before pam_unix in /etc/pam.d/common-password (Debian: as a profile for pam-auth-update); Red Hat: \"authselect enable-feature with-pwhistory\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.3.3.3.1"},
	Needs:        []string{PartServices, PartHistory},
	Rule: onPasswords(func(f PAM, p check.Params) check.Result {
		stack, unix, ok := f.changing(p)
		if !ok {
			return check.Inapplicable(noChange)
		}
		best := 0
		for _, r := range stack {
			n := 0
			switch v, given := r.arg("remember"); {
			case r.is("pam_unix", "pam_pwhistory") && given:
				n, _ = strconv.Atoi(v)
			case r.is("pam_pwhistory"):
				n = 10 // the module's default
				if v, ok := f.History["remember"]; ok {
					n, _ = strconv.Atoi(v.Value)
				}
			}
			best = max(best, n)
		}
		if best >= p.Int("remember") {
			return check.Passed(fmt.Sprintf("%d old passwords are remembered", best))
		}
		return check.Failed("", []check.Violation{f.fault("file:"+unix.file(), unix,
			fmt.Sprintf("%d old passwords are remembered, want at least %d", best, p.Int("remember")))})
	}),
	Examples: []check.Example{
		check.Passes("24", debian()),
		check.Passes("by file", debian(file("common-password", "password requisite pam_pwhistory.so", "password required pam_unix.so"),
			func(p *PAM) { p.History = map[string]Value{"remember": {"24", "/etc/security/pwhistory.conf:9"}} })),
		check.Fails("as Debian installs it", plain(), "file:/etc/pam.d/common-password"),
		check.Skips("no passwords", plain(keysOnly)),
	},
}

// HashScheme demands that new passwords are hashed well.
var HashScheme = &check.Check{
	ID:           "pam-hash-scheme",
	Title:        "pam_unix hashes new passwords with a strong scheme",
	Doc:          "The arguments of pam_unix decide how passwd hashes, whatever ENCRYPT_METHOD says. MD5 and DES are cracked at once.",
	Remedy:       "In the line of pam_unix.so (type password) of /etc/pam.d/common-password, write yescrypt or sha512 in place of md5 or bigcrypt.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.3.3.4.3", "ANSSI BP-028 R68"},
	Needs:        []string{PartServices, PartMethod},
	Rule: onPasswords(func(f PAM, p check.Params) check.Result {
		_, unix, ok := f.changing(p)
		if !ok {
			return check.Inapplicable(noChange)
		}
		scheme, source := "", unix.Source
		for _, s := range []string{"yescrypt", "gost_yescrypt", "blowfish", "sha512", "sha256", "md5", "bigcrypt"} {
			if unix.has(s) {
				scheme = s
				break
			}
		}
		if scheme == "" && f.Method != nil {
			scheme, source = strings.ToLower(f.Method.Value), f.Method.Source
		}
		wrong := ""
		switch {
		case scheme == "":
			wrong = "neither pam_unix nor ENCRYPT_METHOD names a scheme, so DES is used"
		case !p.Has("schemes", scheme):
			wrong = "pam_unix hashes with " + scheme + ", want yescrypt or sha512"
		}
		if n, err := strconv.Atoi(strings.Join(argOf(unix, "rounds"), "")); wrong == "" && err == nil && strings.HasPrefix(scheme, "sha") && n < p.Int("sha_rounds") {
			wrong = fmt.Sprintf("pam_unix hashes with %d rounds of %s, want at least %d", n, scheme, p.Int("sha_rounds"))
		}
		if wrong == "" {
			return check.Passed("pam_unix hashes with " + scheme)
		}
		v := f.fault("file:"+unix.file(), unix, wrong)
		v.Source = source
		return check.Failed("", []check.Violation{v})
	}),
	Examples: []check.Example{
		check.Passes("yescrypt", debian()),
		check.Passes("by login.defs", debian(file("common-password", "password required pam_unix.so"))),
		check.Fails("md5", debian(file("common-password", "password required pam_unix.so md5")), "file:/etc/pam.d/common-password"),
		check.Fails("nothing named", debian(file("common-password", "password required pam_unix.so"), func(p *PAM) { p.Method = nil }), "file:/etc/pam.d/common-password"),
		check.Fails("few rounds", debian(file("common-password", "password required pam_unix.so sha512 rounds=1000")), "file:/etc/pam.d/common-password"),
		check.Skips("no passwords", plain(keysOnly)),
	},
}
