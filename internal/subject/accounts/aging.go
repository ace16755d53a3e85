package accounts

import (
	"fmt"
	"strconv"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// limit is a rule of password aging: a setting for accounts to come, and a field of each account
// that has a password.
type limit struct {
	setting string // of /etc/login.defs or /etc/default/useradd
	part    string
	field   func(Aging) int
	good    func(days int, p check.Params) bool // days is -1 when nothing is set
	want    string                              // follows the number that was seen
}

func aging(id, title, doc, remedy, reference string, l limit, examples ...check.Example) *check.Check {
	return &check.Check{
		ID: id, Title: title, Doc: doc, Remedy: remedy,
		Requirements: []string{"A.5.2.1"}, References: []string{reference},
		Needs:    []string{PartPasswd, PartShadow, l.part},
		Rule:     on(l.judge),
		Examples: examples,
	}
}

func (l limit) judge(a Accounts, _ estate.View, p check.Params) check.Result {
	if _, unseen := a.Gaps[PartShadow]; !unseen && !a.hasPasswords() {
		return check.Inapplicable("no account has a password")
	}
	want := fmt.Sprintf(l.want, p.Int("days"))
	var vs []check.Violation
	settings, where, name := a.LoginDefs, "/etc/login.defs", "login_defs"
	if l.part == PartUseradd {
		settings, where, name = a.Useradd, "/etc/default/useradd", "useradd"
	}
	v, ok := settings[l.setting]
	if a.Products[l.part] != "" {
		n, err := strconv.Atoi(v.Value)
		fault := check.Violation{Key: "setting:" + l.setting, Source: where, Detail: l.setting + " is not set, want " + want}
		if ok {
			fault.At, fault.Source, fault.Detail = pointer(name, l.setting), v.Source, l.setting+" is "+v.Value+", want "+want
		}
		if err != nil {
			n = -1
		}
		if !l.good(n, p) {
			vs = append(vs, fault)
		}
	}
	for i, u := range a.Users {
		if u.Aging == nil || u.Password.State != PasswordHashed {
			continue
		}
		if n := l.field(*u.Aging); !l.good(n, p) {
			wrong := fmt.Sprintf("has %s %d of its own, want %s", l.setting, n, want)
			if n < 0 {
				wrong = "has no " + l.setting + " of its own, want " + want
			}
			f := userFault(i, u, wrong)
			f.Source, f.At = u.Password.Source, f.At+"/aging"
			vs = append(vs, f)
		}
	}
	return check.Failed("the setting and each password keep to "+want, vs)
}

func years(u *User) { u.Aging.Max = 99999 }

// MaxDays demands that passwords end at some time.
var MaxDays = aging("accounts-password-max-days", "Passwords expire",
	"A password that leaked and was never noticed works until it is changed. Where passwords are only one of two factors, a written justification may settle this.",
	"Put \"PASS_MAX_DAYS 365\" in /etc/login.defs, and for each account: \"chage --maxdays 365 NAME\".",
	"CIS Debian 12 5.4.1.1",
	limit{"PASS_MAX_DAYS", PartLoginDefs, func(a Aging) int { return a.Max },
		func(n int, p check.Params) bool { return n > 0 && n <= p.Int("days") }, "at most %d days"},
	check.Passes("a year", debian()),
	check.Passes("a locked account without a limit", debian(user("root", years))),
	check.Fails("never", debian(defs("PASS_MAX_DAYS", "99999"), user("erika", years)), "setting:PASS_MAX_DAYS", "user:erika"),
	check.Skips("no passwords", debian(user("erika", func(u *User) { u.Password = Password{State: PasswordLocked} }))),
)

// MinDays demands some time between two changes.
var MinDays = aging("accounts-password-min-days", "Passwords cannot be changed twice a day",
	"Without a least age one can change a password so often that the history forgets the old one, and keep it.",
	"Put \"PASS_MIN_DAYS 1\" in /etc/login.defs, and for each account: \"chage --mindays 1 NAME\".",
	"CIS Debian 12 5.4.1.2",
	limit{"PASS_MIN_DAYS", PartLoginDefs, func(a Aging) int { return a.Min },
		func(n int, p check.Params) bool { return n >= p.Int("days") }, "at least %d"},
	check.Passes("a day", debian()),
	check.Fails("none", debian(defs("PASS_MIN_DAYS", "0"), user("erika", func(u *User) { u.Aging.Min = 0 })), "setting:PASS_MIN_DAYS", "user:erika"),
)

// WarnDays demands a warning before a password expires.
var WarnDays = aging("accounts-password-warn-days", "People are warned before their password expires",
	"Whoever learns of it in the middle of an incident is locked out, or takes the next best password.",
	"Put \"PASS_WARN_AGE 7\" in /etc/login.defs, and for each account: \"chage --warndays 7 NAME\".",
	"CIS Debian 12 5.4.1.3",
	limit{"PASS_WARN_AGE", PartLoginDefs, func(a Aging) int { return a.Warn },
		func(n int, p check.Params) bool { return n >= p.Int("days") }, "at least %d days"},
	check.Passes("a week", debian()),
	check.Fails("two days", debian(defs("PASS_WARN_AGE", "2")), "setting:PASS_WARN_AGE"),
)

// InactiveDays demands that an expired password closes the account.
var InactiveDays = aging("accounts-password-inactive", "Accounts close some time after their password expired",
	"An account whose owner did not come back to renew the password is not used; closing it by itself leaves nothing to forget.",
	"\"useradd -D -f 30\" for accounts to come, and for each account: \"chage --inactive 30 NAME\".",
	"CIS Debian 12 5.4.1.5",
	limit{"INACTIVE", PartUseradd, func(a Aging) int { return a.Inactive },
		func(n int, p check.Params) bool { return n >= 0 && n <= p.Int("days") }, "at most %d days"},
	check.Passes("a month", debian()),
	check.Fails("never", debian(func(a *Accounts) { a.Useradd = nil }, user("erika", func(u *User) { u.Aging.Inactive = -1 })),
		"setting:INACTIVE", "user:erika"),
)

// ChangedInPast demands that no password was changed in the future.
var ChangedInPast = &check.Check{
	ID:           "accounts-password-changed",
	Title:        "The last change of each password lies in the past",
	Doc:          "A date of change that lies ahead keeps the password from expiring. It comes from a wrong clock, or from somebody who wanted that.",
	Remedy:       "Set the password anew (\"passwd NAME\") or correct the day: \"chage --lastday YYYY-MM-DD NAME\".",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 5.4.1.6"},
	Needs:        []string{PartPasswd, PartShadow},
	Rule: perUser("no password was changed in the future", func(_ Accounts, u User, p check.Params) string {
		if u.Aging == nil || u.Password.State != PasswordHashed {
			return ""
		}
		if day, ok := date(u.Aging.Changed); ok && day.After(p.Now.AddDate(0, 0, 1)) { // a day for time zones
			return "has a password that was changed in the future, on " + u.Aging.Changed
		}
		return ""
	}),
	Examples: []check.Example{
		check.Passes("past", debian()),
		check.Fails("future", debian(user("erika", func(u *User) { u.Aging.Changed = "2030-01-01" })), "user:erika"),
	},
}
