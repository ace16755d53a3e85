package web

import (
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast.example/holdfast/internal/access"
)

const (
	ceremonyCookie = "holdfast-ceremony"
	ceremonyTime   = 5 * time.Minute
	maxCeremonies  = 1000
)

// ceremony is something done by passkey or at a provider, between its two requests.
type ceremony struct {
	kind   string // register, log-in or step-up; at a provider provider
	data   webauthn.SessionData
	person string // who registers or steps up; empty in a log-in
	until  time.Time

	asked access.Asked // at a provider
	next  string       // page after a step-up there
}

// ceremonies are those under way. Each is finished by the browser that began it, once.
type ceremonies struct {
	secure bool
	mu     sync.Mutex
	all    map[[32]byte]ceremony
}

// begin keeps a ceremony, and names it in a cookie. It is false when too many are under way.
func (c *ceremonies) begin(w http.ResponseWriter, x ceremony, now time.Time) bool {
	secret, id := token()
	x.until = now.Add(ceremonyTime)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[[32]byte]ceremony{}
	}
	if len(c.all) >= maxCeremonies {
		for k, old := range c.all {
			if !now.Before(old.until) {
				delete(c.all, k)
			}
		}
		if len(c.all) >= maxCeremonies {
			return false
		}
	}
	c.all[id] = x
	http.SetCookie(w, cookie(ceremonyCookie, secret, int(ceremonyTime.Seconds()), c.secure))
	return true
}

// take gives the ceremony that a request finishes.
func (c *ceremonies) take(r *http.Request, now time.Time) (ceremony, bool) {
	k, err := r.Cookie(cookie(ceremonyCookie, "", 0, c.secure).Name)
	if err != nil {
		return ceremony{}, false
	}
	id := sha256.Sum256([]byte(k.Value))
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.all[id]
	delete(c.all, id)
	return x, ok && now.Before(x.until)
}
