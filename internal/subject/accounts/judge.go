package accounts

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// noAccounts is the reason that nothing is judged in an image without /etc/passwd.
const noAccounts = "there are no accounts: /etc/passwd is missing or empty"

// on makes a rule for hosts that have accounts.
func on(rule func(a Accounts, declared estate.View, p check.Params) check.Result) check.Rule {
	return check.On(func(a Accounts, declared estate.View, p check.Params) check.Result {
		if len(a.Users) == 0 {
			return check.Inapplicable(noAccounts)
		}
		return rule(a, declared, p)
	})
}

// perUser makes a rule that looks at each account by itself. fault says what is wrong with it, or
// nothing; seen is said when no account has a fault.
func perUser(seen string, fault func(a Accounts, u User, p check.Params) string) check.Rule {
	return on(func(a Accounts, _ estate.View, p check.Params) check.Result {
		var vs []check.Violation
		for i, u := range a.Users {
			if wrong := fault(a, u, p); wrong != "" {
				vs = append(vs, userFault(i, u, wrong))
			}
		}
		return check.Failed(seen, vs)
	})
}

func userFault(i int, u User, wrong string) check.Violation {
	return check.Violation{Key: "user:" + u.Name, Detail: u.Name + " " + wrong, At: fmt.Sprintf("/users/%d", i), Source: u.Source}
}

// closedShells end a log-in at once, or do one fixed thing.
var closedShells = []string{"nologin", "false", "true", "sync", "shutdown", "halt", "git-shell", "null"}

// HasShell tells whether a log-in would give a shell. An empty field means /bin/sh.
func (u User) HasShell() bool { return !slices.Contains(closedShells, path.Base(u.Shell)) }

// keysOf gives the keys that let somebody log in as the account.
func (a Accounts) keysOf(account string) []Key {
	var out []Key
	for _, f := range a.KeyFiles {
		if f.Account == account {
			out = append(out, f.Keys...)
		}
	}
	return out
}

// canLogIn tells whether the account has a shell and a way in. Certificates and directories are not
// seen here.
func (a Accounts) canLogIn(u User) bool {
	return u.HasShell() && (u.takesPassword() || len(a.keysOf(u.Name)) > 0)
}

func (u User) takesPassword() bool {
	return u.Password.State == PasswordHashed || u.Password.State == PasswordEmpty
}

// forPeople tells whether somebody may work in the account: a password, or a key that is not bound
// to one command.
func (a Accounts) forPeople(u User) bool {
	if !u.HasShell() {
		return false
	}
	free := func(k Key) bool { return !slices.Contains(k.Options, "command") }
	return u.takesPassword() || slices.ContainsFunc(a.keysOf(u.Name), free)
}

// nobodyLogsIn is the reason that rules about sessions and passwords do not concern a container.
const nobodyLogsIn = "no account can log in with a password or key"

func (a Accounts) somebodyLogsIn() bool { return slices.ContainsFunc(a.Users, a.canLogIn) }

func (a Accounts) hasPasswords() bool { return slices.ContainsFunc(a.Users, User.takesPassword) }

// isSystem tells whether the account belongs to the system or a service, not to a person.
func (a Accounts) isSystem(u User) bool {
	return u.UID != 0 && (u.UID < a.uidMin() || u.UID == 65534)
}

func (a Accounts) uidMin() int {
	if n, err := strconv.Atoi(a.LoginDefs["UID_MIN"].Value); err == nil {
		return n
	}
	return 1000
}

// closed tells whether the account is past its day of expiry.
func (u User) closed(now time.Time) bool {
	if u.Aging == nil {
		return false
	}
	day, ok := date(u.Aging.Expires)
	return ok && !now.Before(day)
}

// groupsOf names the groups of an account, its own group included.
func (a Accounts) groupsOf(u User) []string {
	var out []string
	for _, g := range a.Groups {
		if g.GID == u.GID || slices.Contains(g.Members, u.Name) {
			out = append(out, g.Name)
		}
	}
	return out
}

// octal writes a mode as chmod takes it.
func octal(mode int) string { return fmt.Sprintf("%04o", mode) }

// pointer makes a JSON pointer of parts.
func pointer(parts ...any) string {
	var b strings.Builder
	for _, p := range parts {
		s := pointerEscape.Replace(fmt.Sprint(p))
		b.WriteString("/" + s)
	}
	return b.String()
}

// pointerEscape writes a name as a token of a JSON pointer (RFC 6901 section 3).
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
