package app

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/waiver"
)

// account is the account of the operating system that is at the keyboard: behind sudo who called it. Only root's own
// environment is believed about that.
func account() (string, error) {
	if sudo := os.Getenv("SUDO_USER"); os.Getuid() == 0 && sudo != "" {
		return sudo, nil
	}
	u, err := user.LookupId(strconv.Itoa(os.Getuid()))
	if err != nil {
		return "", fmt.Errorf("find the account that runs this: %w", err)
	}
	return u.Username, nil
}

// actor tells who is at the keyboard: the account, which the estate maps to a person. Root alone is nobody.
func actor(e *estate.Estate, now time.Time) (waiver.Actor, error) {
	account, err := account()
	if err != nil {
		return waiver.Actor{}, err
	}
	if account == "root" {
		return waiver.Actor{}, &UsageError{"a decision names a person, and root is nobody: run it from your own account, with sudo where it is needed"}
	}
	p, _ := e.PersonByAccount(account)
	if p == nil {
		return waiver.Actor{}, &UsageError{fmt.Sprintf("the account %s is nobody's in the estate; write it to the person: accounts: {standard: %s}", account, account)}
	}
	if !here(*p, now) {
		return waiver.Actor{}, &UsageError{fmt.Sprintf("%s does not work here on %s, by the estate", p.ID, now.Format(time.DateOnly))}
	}
	return waiver.Actor{Person: p.ID, Local: true}, nil
}

// here tells whether a person works here at a time, by the estate.
func here(p estate.Person, now time.Time) bool {
	return !p.Until.Past(now) && (p.Since.IsZero() || !now.Before(p.Since.Start(now.Location())))
}
