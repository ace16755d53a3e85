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

// actor tells who is at the keyboard: the account of the operating system, which the estate maps to a person. Root
// alone is nobody; behind sudo it is who called it. Only root's own environment is believed about that.
func actor(e *estate.Estate, now time.Time) (waiver.Actor, error) {
	account := ""
	if os.Getuid() == 0 {
		if account = os.Getenv("SUDO_USER"); account == "" || account == "root" {
			return waiver.Actor{}, &UsageError{"a decision names a person, and root is nobody: run it from your own account, with sudo where it is needed"}
		}
	} else {
		u, err := user.LookupId(strconv.Itoa(os.Getuid()))
		if err != nil {
			return waiver.Actor{}, fmt.Errorf("find the account that runs this: %w", err)
		}
		account = u.Username
	}
	p, _ := e.PersonByAccount(account)
	if p == nil {
		return waiver.Actor{}, &UsageError{fmt.Sprintf("the account %s is nobody's in the estate; write it to the person: accounts: {standard: %s}", account, account)}
	}
	if p.Until.Past(now) || !p.Since.IsZero() && now.Before(p.Since.Start(now.Location())) {
		return waiver.Actor{}, &UsageError{fmt.Sprintf("%s does not work here on %s, by the estate", p.ID, now.Format(time.DateOnly))}
	}
	return waiver.Actor{Person: p.ID, Local: true}, nil
}
