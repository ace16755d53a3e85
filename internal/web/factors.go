package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// Factors are kept for people who have no passkey: a password with codes of an app.
type Factors interface {
	// Factors gives those of a person. ErrNone: there are none.
	Factors(ctx context.Context, person string) (access.Factors, error)
	SetFactors(ctx context.Context, f access.Factors, e ...event.Event) error
	// UseFactors notes that they were shown. ErrNone: somebody else was faster with the same code.
	UseFactors(ctx context.Context, f, before access.Factors, e ...event.Event) error
	// RemoveFactors takes them away. ErrNone: there are none.
	RemoveFactors(ctx context.Context, person string, e ...event.Event) error
	// Organization names whose server it is; empty: nobody said.
	Organization() string
}

// Seals encrypts the keys of codes, each for one person.
type Seals interface {
	Seal(person string, secret []byte) []byte
	Open(person string, sealed []byte) ([]byte, error)
}

// pending are keys of codes that were shown and not yet confirmed, by session.
type pending struct {
	mu  sync.Mutex
	all map[string]pendingKey
}

type pendingKey struct {
	key   string // base32
	until time.Time
}

func (p *pending) put(session, key string, until, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string]pendingKey{}
	}
	for s, k := range p.all {
		if now.After(k.until) || len(p.all) >= maxSessions {
			delete(p.all, s)
		}
	}
	p.all[session] = pendingKey{key, until}
}

func (p *pending) get(session string, now time.Time) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.all[session]
	return k.key, ok && session != "" && now.Before(k.until)
}

func (p *pending) drop(session string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, session)
}

// codePeriod is for how long a code holds (RFC 6238, 5.2), and codeSkew how many before and after it are taken.
const (
	codePeriod = 30
	codeSkew   = 1
)

var codes = totp.ValidateOpts{Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1} // what apps know

// stepOf gives the step whose code it is, of those around now; false: of none.
func stepOf(key, code string, now time.Time) (int64, bool) {
	step := now.Unix() / codePeriod
	found, is := int64(0), false
	for d := int64(-codeSkew); d <= codeSkew; d++ {
		if ok, err := totp.ValidateCustom(code, key, time.Unix((step+d)*codePeriod, 0), codes); err == nil && ok {
			found, is = step+d, true
		}
	}
	return found, is
}

// beginFactors shows a new key for codes, to be confirmed by one of them.
func (s *Server) beginFactors(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	if v.Person == "" {
		s.done(w, r, &Refused{"A password belongs to a person: log in by a link that was made for you, or a passkey."}, "")
		return
	}
	if !s.changes(w, r, v.Person, addFactor) {
		return
	}
	session, _ := r.Context().Value(sessionKey{}).(string)
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Holdfast", AccountName: v.Person, Period: codePeriod, SecretSize: 20, Digits: codes.Digits, Algorithm: codes.Algorithm})
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.pending.put(session, key.Secret(), s.now().Add(10*time.Minute), s.now())
	path, size, err := drawnCode(key)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, beginFactorsPage(v, key.Secret(), path, size, s.steps(r)))
}

// drawnCode draws the QR code of a key as a path of squares.
func drawnCode(key *otp.Key) (path string, size int, err error) {
	image, err := key.Image(1, 1)
	for n := 2; err != nil && n < 300; n++ { // the smallest that it fits in
		image, err = key.Image(n, n)
	}
	if err != nil {
		return "", 0, err
	}
	var b strings.Builder
	box := image.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if c, _, _, _ := image.At(x, y).RGBA(); c == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	return b.String(), box.Dx() + 8, nil
}

// finishFactors keeps a password with the key that was shown, when a code of it is right, and shows recovery codes.
func (s *Server) finishFactors(w http.ResponseWriter, r *http.Request) {
	v, now := viewer(r), s.now()
	session, _ := r.Context().Value(sessionKey{}).(string)
	key, ok := s.pending.get(session, now)
	if !ok || v.Person == "" {
		s.done(w, r, &Refused{"The key that was shown is older than ten minutes. Begin again."}, "")
		return
	}
	if !s.changes(w, r, v.Person, addFactor) {
		return
	}
	step, is := stepOf(key, strings.TrimSpace(r.PostFormValue("code")), now)
	if !is {
		s.done(w, r, &Refused{"The code is not one of the key that was shown. Is the clock of the device right? Go back and try the next one."}, "")
		return
	}
	password := r.PostFormValue("password")
	if why := access.WeakPassword(password, s.breached, v.Person, v.Name, s.factors.Organization()); why != "" {
		s.done(w, r, &Refused{"The password is not taken: " + why + "."}, "")
		return
	}
	s.adding.Lock() // or two links would both add a first one
	defer s.adding.Unlock()
	if !s.changes(w, r, v.Person, addFactor) {
		return
	}
	recovery, hashes := access.NewRecovery()
	f := access.Factors{Person: v.Person, Password: access.HashPassword(password), Key: s.seals.Seal(v.Person, []byte(key)), Recovery: hashes, Made: now.UTC(), Step: step}
	if err := s.factors.SetFactors(r.Context(), f, s.make.FactorsSet(v.Person, now)); err != nil {
		s.failed(w, r, err)
		return
	}
	s.pending.drop(session)
	s.show(w, r, http.StatusOK, recoveryPage(v, recovery))
}

// removeFactors takes password and codes from who asks, or from a person who lost them by who runs the control plane.
func (s *Server) removeFactors(w http.ResponseWriter, r *http.Request) {
	v, person := viewer(r), bounded(r.PostFormValue("person"))
	if person == "" {
		person = v.Person
	}
	if !registrar(v, person) { // of somebody else is as good as none
		s.failed(w, r, ErrNone)
		return
	}
	if s.changes(w, r, person, removeFactor) {
		s.done(w, r, s.factors.RemoveFactors(r.Context(), person, s.make.FactorsRemoved(person, v.Person, s.now())), "/passkeys")
	}
}

// proven tells whether a person's password and code, or recovery code, are right, and uses them up. It takes as long whoever is
// named and whatever is wrong. A waits error: too many wrong codes came with the right password, from wherever.
func (s *Server) proven(ctx context.Context, person, password, code string, e func(recovery int) event.Event) error {
	if wait := s.guesses.Wait(person, s.now()); wait > 0 {
		return &waits{wait}
	}
	f, err := s.factors.Factors(ctx, person)
	if err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	before, now := f, s.now()
	if !access.IsPassword(f.Password, password) {
		return ErrNone
	}
	// From here on it is somebody who knows the password. Guesses of the code are counted for the person, whatever their source:
	// a million codes are soon tried from many. Nobody who does not know the password can use them up.
	wait, n := s.guesses.Try(person, now)
	if wait > 0 {
		return &waits{wait}
	}
	key, err := s.seals.Open(person, f.Key)
	if err != nil {
		return fmt.Errorf("the key of the codes of %s does not open: it was kept by another state folder: %w", person, err)
	}
	recovery := -1
	step, is := stepOf(string(key), strings.TrimSpace(code), now)
	switch {
	case is && step > f.Step:
		f.Step = step
	case !is && f.TakeRecovery(code):
		recovery = len(f.Recovery)
	default: // or it was shown before
		if doubles(n) {
			_ = s.people.Happened(ctx, s.make.CodesFailed(person, n, now)) // whoever fails is told the same either way
		}
		return ErrNone
	}
	f.Used = now.UTC()
	if err := s.factors.UseFactors(ctx, f, before, e(recovery)); err != nil {
		return err
	}
	s.guesses.Succeeded(person)
	return nil
}

// accountAt is the key under which failures of an account from a source are counted: who guesses from elsewhere does not keep
// its owner out.
func accountAt(person, source string) string {
	sum := sha256.Sum256([]byte(person))
	return string(sum[:8]) + "@" + source
}

func (s *Server) logInByPassword(w http.ResponseWriter, r *http.Request) {
	person, from := bounded(r.PostFormValue("person")), source(r)
	n, ok := s.attempts(w, from, accountAt(person, from))
	if !ok {
		return
	}
	err := s.proven(r.Context(), person, r.PostFormValue("password"), r.PostFormValue("code"), func(recovery int) event.Event {
		if recovery >= 0 {
			return s.make.RecoveryUsed(person, recovery, s.now())
		}
		return s.make.PasswordUsed(person, s.now())
	})
	if err == nil {
		_, err = s.people.Viewer(r.Context(), person) // who left does not come in
	}
	var slow *waits
	switch {
	case errors.As(err, &slow):
		tell(w, slow.d)
		return
	case errors.Is(err, ErrNone):
		s.tellFailed(r, from, n)
		s.show(w, r, http.StatusForbidden, messagePage("Not logged in", "Name, password and code do not belong together, or the code was used before. Wait for the next code and try again.", nil))
		return
	case err != nil:
		s.failed(w, r, err)
		return
	}
	s.throttle.Succeeded(from)
	s.throttle.Succeeded(accountAt(person, from))
	s.sessions.end(r)
	http.SetCookie(w, s.sessions.cookie(s.sessions.begin(person, s.now(), s.now(), arrived(r, "password and code")), int(sessionTime.Seconds())))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// stepUpByCode shows password and code again, before a decision.
func (s *Server) stepUpByCode(w http.ResponseWriter, r *http.Request) {
	v, from := viewer(r), source(r)
	if _, ok := s.attempts(w, accountAt(v.Person, from)); !ok {
		return
	}
	err := s.proven(r.Context(), v.Person, r.PostFormValue("password"), r.PostFormValue("code"), func(int) event.Event { return s.make.PasswordUsed(v.Person, s.now()) })
	var slow *waits
	if errors.As(err, &slow) {
		tell(w, slow.d)
		return
	}
	if v.Person == "" || errors.Is(err, ErrNone) {
		s.done(w, r, &Refused{"Password and code do not belong together, or the code was used before. Wait for the next code."}, "")
		return
	}
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.throttle.Succeeded(accountAt(v.Person, from))
	secret, ok := s.sessions.freshen(r, s.now(), s.now())
	if !ok {
		s.failed(w, r, ErrNone)
		return
	}
	http.SetCookie(w, s.sessions.cookie(secret, int(sessionTime.Seconds())))
	http.Redirect(w, r, local(r.PostFormValue("next")), http.StatusSeeOther)
}

// local is a page of this server; what leads elsewhere is the decisions.
func local(next string) string {
	u, err := url.Parse(next)
	if err == nil && u.Host == "" && u.Scheme == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "//") && !strings.Contains(u.Path, "\\") {
		return u.Path
	}
	return "/decisions"
}

func (s *Server) stepUpPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, stepUpByCodePage(viewer(r), bounded(r.FormValue("next")), s.providerName()))
}
