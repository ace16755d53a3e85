package pam

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

const noPAM = "PAM is not in use: there are no service files"

// noPasswords is the reason that rules about passwords do not concern a host.
const noPasswords = "no account takes a password"

// on makes a rule for hosts with PAM.
func on(rule func(f PAM, p check.Params) check.Result) check.Rule {
	return check.On(func(f PAM, _ estate.View, p check.Params) check.Result {
		if len(f.Services) == 0 {
			return check.Inapplicable(noPAM)
		}
		return rule(f, p)
	})
}

// onPasswords makes a rule for hosts with PAM where some account takes a password. Accounts of a
// directory count.
func onPasswords(rule func(f PAM, p check.Params) check.Result) check.Rule {
	return on(func(f PAM, p check.Params) check.Result {
		if f.Passwords != nil && !*f.Passwords && !f.directory() {
			return check.Inapplicable(noPasswords)
		}
		return rule(f, p)
	})
}

// directory tells whether a module asks a directory, whose accounts are not visible here.
func (f PAM) directory() bool {
	return slices.ContainsFunc(f.Services, func(s Service) bool {
		return slices.ContainsFunc(s.Rules, func(r Rule) bool {
			return r.Type == "auth" && r.is("pam_sss", "pam_ldap", "pam_krb5", "pam_winbind", "pam_radius_auth", "pam_aad", "pam_himmelblau")
		})
	})
}

// maxDepth is how deep libpam follows includes.
const maxDepth = 32

// stack gives the rules of one type of a service, with includes put in place.
func (f PAM) stack(service, kind string) []Rule {
	return f.flatten(service, kind, 0, map[string]bool{})
}

func (f PAM) flatten(name, kind string, depth int, open map[string]bool) []Rule {
	s := f.find(name)
	if s == nil || depth > maxDepth || open[name] {
		return nil
	}
	open[name] = true
	defer delete(open, name)
	var out []Rule
	for _, r := range s.Rules {
		switch {
		case len(out) > 10_000:
			return out
		case r.Control == "@include", r.isInclude() && r.Type == kind:
			out = append(out, f.flatten(r.Module, kind, depth+1, open)...)
		case r.Type == kind:
			out = append(out, r)
		}
	}
	return out
}

// first gives the first of the services that there is, or nothing.
func (f PAM) first(names []string) string {
	for _, n := range names {
		if f.find(n) != nil {
			return n
		}
	}
	return ""
}

// lets tells whether success of the rule ends the stack, or skips what would refuse.
func (r Rule) lets() bool {
	return r.Control == "sufficient" || strings.HasPrefix(r.Control, "[") && (strings.Contains(r.Control, "success=done") || strings.Contains(r.Control, "success=1"))
}

// binds tells whether failure of the rule refuses the log-in.
func (r Rule) binds() bool {
	return r.Control == "required" || r.Control == "requisite" ||
		strings.HasPrefix(r.Control, "[") && (strings.Contains(r.Control, "default=bad") || strings.Contains(r.Control, "default=die") ||
			strings.Contains(r.Control, "auth_err=die") || strings.Contains(r.Control, "auth_err=bad"))
}

// pointerTo gives the JSON pointer of the service in whose file a rule stands.
func (f PAM) pointerTo(r Rule) string {
	for i, s := range f.Services {
		for j, o := range s.Rules {
			if o.Source == r.Source {
				return pointer(i, j)
			}
		}
	}
	return ""
}

func (f PAM) fault(key string, r Rule, wrong string) check.Violation {
	return check.Violation{Key: key, Detail: wrong, At: f.pointerTo(r), Source: r.Source}
}

// everyRule calls use for each rule once, where it stands.
func (f PAM) everyRule(use func(s Service, r Rule)) {
	for _, s := range f.Services {
		for _, r := range s.Rules {
			use(s, r)
		}
	}
}
