package access

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Asked is what a log-in at a provider was begun with. It is kept here until the answer comes, and the browser holds none of it.
type Asked struct {
	State    string    // comes back with the browser
	Nonce    string    // comes back in the token
	Verifier string    // of PKCE (RFC 7636): shown for the code alone
	At       time.Time // when it was begun
	StepUp   bool      // the person has to show anew who they are
}

// Brought is what a browser brings back from a provider.
type Brought struct {
	Code, State string
	Issuer      string // RFC 9207; empty: the provider sends none
	Error       string // why it let nobody in (RFC 6749, 4.1.2.1); empty: it did
}

// Vouched is what a provider says of a person, in a token whose signature, issuer, audience and times hold.
type Vouched struct {
	Issuer, Subject string
	Claim           string    // which names the person: sub, email or another
	Identity        string    // its value; of email one that the provider verified
	Shown           time.Time // when the person showed the factors; zero: the provider does not say
	ACR             string
	AMR             []string
	Session         string // of theirs at the provider (sid); empty: it names none
}

// Elsewhere names a session at a provider, or all of one of its users; the zero value is none.
type Elsewhere struct{ Subject, Session string }

// Ends tells whether a session that was begun there ends when the provider says so of e.
func (e Elsewhere) Ends(begun Elsewhere) bool {
	switch {
	case e.Session != "" && begun.Session != "":
		return e.Session == begun.Session
	case e.Subject != "":
		return e.Subject == begun.Subject
	}
	return false
}

// Arrived is who came by a provider, of the estate.
type Arrived struct {
	Person string
	Shown  time.Time // when they showed who they are; zero: that is not known
	At     Elsewhere
}

// ErrAway says that a provider cannot be reached now.
var ErrAway = errors.New("the provider cannot be reached")

// NotVouched says why a provider's word lets nobody in, to who tried. Cause is for who runs the control plane; nil: Why says it
// all.
type NotVouched struct {
	Why   string
	Cause error
}

func (e *NotVouched) Error() string {
	if e.Cause != nil {
		return e.Why + ": " + e.Cause.Error()
	}
	return e.Why
}

func (e *NotVouched) Unwrap() error { return e.Cause }

// Methods says by which claims a provider tells that somebody showed two factors. The zero Methods takes what RFC 8176 allows
// to conclude: see DefaultAMR.
type Methods struct {
	ACR []string // one of these is enough
	AMR []string // one of these is enough; of several joined by + all of them
}

// DefaultAMR are the methods of RFC 8176 that are two factors: mfa, which says so itself, and something that one has with
// something that one knows or is. Otp, hwk, swk and sc alone are one factor, whatever else a provider means by them; sms and tel
// are what NIST SP 800-63B restricts, and mca, user, geo and rba are no factor.
func DefaultAMR() []string {
	out := []string{"mfa"}
	for _, has := range []string{"otp", "hwk", "swk", "sc"} {
		for _, knows := range []string{"pwd", "pin", "fpt", "face", "iris", "retina", "vbm"} {
			out = append(out, has+"+"+knows)
		}
	}
	return out
}

// Check says what is wrong with methods.
func (m Methods) Check() error {
	for _, x := range m.ACR {
		if x == "" || strings.ContainsAny(x, " \t\r\n") {
			return fmt.Errorf("acr %q: want one value without spaces, as the provider writes it", x)
		}
	}
	for _, x := range m.AMR {
		for part := range strings.SplitSeq(x, "+") {
			if part == "" || strings.ContainsAny(part, " \t\r\n") {
				return fmt.Errorf("amr %q: want values of RFC 8176, or several joined by +, as in mfa or pwd+otp", x)
			}
		}
	}
	return nil
}

// TwoFactors tells whether claims say that somebody showed two factors. That they say nothing is a no.
func (m Methods) TwoFactors(acr string, amr []string) bool {
	if acr != "" && slices.Contains(m.ACR, acr) {
		return true
	}
	accepted := m.AMR
	if len(m.ACR) == 0 && len(m.AMR) == 0 {
		accepted = DefaultAMR()
	}
	return slices.ContainsFunc(accepted, func(x string) bool {
		for part := range strings.SplitSeq(x, "+") {
			if part == "" || !slices.Contains(amr, part) {
				return false
			}
		}
		return true
	})
}
