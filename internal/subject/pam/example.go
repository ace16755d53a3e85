package pam

import (
	"fmt"
	"slices"

	"holdfast.example/holdfast/internal/fact"
)

func pointer(service, rule int) string { return fmt.Sprintf("/services/%d/rules/%d", service, rule) }

// debian is a hardened Debian host: the stacks that pam-auth-update makes, with quality, lockout and
// history added. file and lines replace or add files: a name, then its lines.
func debian(changes ...func(*PAM)) PAM {
	yes := true
	p := PAM{Passwords: &yes, Method: &Value{"YESCRYPT", "/etc/login.defs:286"},
		Quality: map[string]Value{"minlen": {"14", "/etc/security/pwquality.conf:11"}, "minclass": {"3", "/etc/security/pwquality.conf:32"}}}
	for _, c := range []func(*PAM){
		file("common-auth", "auth required pam_faillock.so preauth", "auth [success=2 default=ignore] pam_unix.so", "auth [default=die] pam_faillock.so authfail",
			"auth requisite pam_deny.so", "auth required pam_permit.so"),
		file("common-account", "account required pam_faillock.so", "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so", "account requisite pam_deny.so", "account required pam_permit.so"),
		file("common-password", "password requisite pam_pwquality.so retry=3", "password requisite pam_pwhistory.so remember=24 use_authtok",
			"password [success=1 default=ignore] pam_unix.so obscure use_authtok try_first_pass yescrypt", "password requisite pam_deny.so", "password required pam_permit.so"),
		file("common-session", "session required pam_unix.so"),
		file("login", "auth optional pam_faildelay.so delay=3000000", "@include common-auth", "@include common-account", "@include common-session", "@include common-password"),
		file("other", "@include common-auth", "@include common-account", "@include common-password", "@include common-session"),
		file("passwd", "@include common-password"),
		file("sshd", "auth required pam_google_authenticator.so", "@include common-auth", "account required pam_nologin.so", "@include common-account", "@include common-session", "@include common-password"),
		file("su", "auth sufficient pam_rootok.so", "auth required pam_wheel.so use_uid group=wheel", "@include common-auth", "@include common-account", "@include common-session"),
		file("sudo", "@include common-auth", "@include common-account", "@include common-session-noninteractive"),
	} {
		c(&p)
	}
	for _, c := range changes {
		c(&p)
	}
	return p
}

// file puts a service file in place.
func file(name string, lines ...string) func(*PAM) {
	return func(p *PAM) {
		s := Service{Name: name, Path: "/etc/pam.d/" + name, Mode: 0o644}
		for i, l := range lines {
			r, ok := rule(l)
			if !ok {
				panic(l)
			}
			r.Source = fmt.Sprintf("%s:%d", s.Path, i+1)
			s.Rules = append(s.Rules, r)
		}
		if i := slices.IndexFunc(p.Services, func(o Service) bool { return o.Name == name }); i >= 0 {
			p.Services[i] = s
			return
		}
		p.Services = append(p.Services, s)
	}
}

// without takes a service file away.
func without(name string) func(*PAM) {
	return func(p *PAM) {
		p.Services = slices.DeleteFunc(p.Services, func(s Service) bool { return s.Name == name })
	}
}

// keysOnly is a host on which no account takes a password.
func keysOnly(p *PAM) {
	no := false
	p.Passwords = &no
}

// plain is what Debian installs.
func plain(changes ...func(*PAM)) PAM {
	return debian(append([]func(*PAM){func(p *PAM) { p.Quality = nil },
		file("common-auth", "auth [success=1 default=ignore] pam_unix.so nullok", "auth requisite pam_deny.so", "auth required pam_permit.so"),
		file("common-account", "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so", "account requisite pam_deny.so", "account required pam_permit.so"),
		file("common-password", "password [success=1 default=ignore] pam_unix.so obscure yescrypt", "password requisite pam_deny.so", "password required pam_permit.so"),
		file("sshd", "@include common-auth", "account required pam_nologin.so", "@include common-account", "@include common-session", "@include common-password"),
		file("su", "auth sufficient pam_rootok.so", "@include common-auth", "@include common-account", "@include common-session"),
	}, changes...)...)
}

func unread(part string) PAM {
	p := debian()
	p.Note(part, &fact.Problem{Cause: fact.Denied, Source: part})
	return p
}
