package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"holdfast.example/holdfast/internal/access"
)

const (
	// endedEvent is what a logout token tells of (OpenID Connect Back-Channel Logout 1.0, 2.4).
	endedEvent = "http://schemas.openid.net/event/backchannel-logout"
	// endedTime is how old such a token may be.
	endedTime = 2 * time.Minute
	// maxHeard is how many of them are remembered, so that none is taken twice.
	maxHeard = 10000
)

// endedClaims are those that are looked at beside what go-oidc checks.
type endedClaims struct {
	ID      string                     `json:"jti"`
	Session string                     `json:"sid"`
	Nonce   *string                    `json:"nonce"`
	Events  map[string]json.RawMessage `json:"events"`
}

// Ended reads what a provider says of a session that ended there (OpenID Connect Back-Channel Logout 1.0, 2.6). Access.NotVouched says why
// it is not believed; access.ErrAway: the provider's keys cannot be had.
func (p *Provider) Ended(ctx context.Context, token string) (access.Elsewhere, error) {
	f, err := p.discovered(ctx)
	if err != nil {
		return access.Elsewhere{}, err
	}
	refused := func(err error) (access.Elsewhere, error) {
		return access.Elsewhere{}, no("This is no word of the provider that a session ended", err)
	}
	// Older providers send none that end; how old they are is looked at below.
	verifier := f.VerifierContext(oidc.ClientContext(ctx, p.client), &oidc.Config{ClientID: p.o.Client, Now: p.o.Now, SkipExpiryCheck: true})
	t, err := verifier.Verify(oidc.ClientContext(ctx, p.client), token)
	if err != nil {
		if !reached(ctx, err) {
			return access.Elsewhere{}, fmt.Errorf("%w: %w", access.ErrAway, err)
		}
		return refused(err)
	}
	var c endedClaims
	if err := t.Claims(&c); err != nil {
		return refused(err)
	}
	now := p.o.Now()
	_, told := c.Events[endedEvent]
	switch {
	case t.Issuer != p.o.Issuer:
		return refused(fmt.Errorf("it is of issuer %.200q", t.Issuer))
	case !told:
		return refused(errors.New("it tells of no log-out"))
	case c.Nonce != nil: // else a token of a log-in could be sent here
		return refused(errors.New("it has a nonce, as tokens of log-ins have"))
	case t.Subject == "" && c.Session == "", len(t.Subject) > 255, len(c.Session) > 255:
		return refused(errors.New("it names neither a subject nor a session of at most 255 characters"))
	case t.IssuedAt.After(now.Add(skew)) || t.IssuedAt.Before(now.Add(-endedTime)) || !t.Expiry.IsZero() && t.Expiry.Before(now.Add(-skew)):
		return refused(fmt.Errorf("it was made at %s, and now it is %s", t.IssuedAt.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
	case c.ID == "" || len(c.ID) > 255 || !p.first(c.ID, now):
		return refused(errors.New("it has no id of its own, or came before"))
	}
	return access.Elsewhere{Subject: t.Subject, Session: c.Session}, nil
}

// first tells whether a token's id was not heard before, and remembers it for as long as a token holds.
func (p *Provider) first(id string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for x, at := range p.heard {
		if now.Sub(at) > 2*endedTime {
			delete(p.heard, x)
		}
	}
	if _, again := p.heard[id]; again || len(p.heard) >= maxHeard {
		return false
	}
	if p.heard == nil {
		p.heard = map[string]time.Time{}
	}
	p.heard[id] = now
	return true
}

// EndAddress is where a browser ends its session at the provider (OpenID Connect RP-Initiated Logout 1.0); empty: it says no such place.
func (p *Provider) EndAddress(ctx context.Context) string {
	f, err := p.discovered(ctx)
	if err != nil {
		return ""
	}
	var more struct {
		End string `json:"end_session_endpoint"`
	}
	if err := f.Claims(&more); err != nil || more.End == "" || secure(more.End) != nil {
		return ""
	}
	mark := "?"
	if strings.Contains(more.End, "?") {
		mark = "&"
	}
	return more.End + mark + url.Values{"client_id": {p.o.Client}}.Encode()
}
