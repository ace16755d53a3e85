package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"holdfast.example/holdfast/internal/access"
)

// Provider is where people log in elsewhere, by OpenID Connect.
type Provider interface {
	// Name is what people call it.
	Name() string
	// Begin gives where a browser goes to, and what to keep until it is back. access.ErrAway: the provider cannot be reached.
	Begin(ctx context.Context, stepUp bool) (address string, a access.Asked, err error)
	// Finish tells who of the estate it was, and when they showed it. ErrNone: nobody of the estate;
	// access.NotVouched says why somebody is not let in, access.ErrAway that the provider cannot be reached.
	Finish(ctx context.Context, a access.Asked, b access.Brought) (access.Arrived, error)
	// Ended reads the provider's word that a session ended there; errors as of Finish.
	Ended(ctx context.Context, token string) (access.Elsewhere, error)
	// EndAddress is where a browser ends its session there; empty: nowhere.
	EndAddress(ctx context.Context) string
}

// ProviderBack is where a provider sends browsers back to, after the server's origin.
const ProviderBack = "/log-in/provider/back"

// maxBrought bounds each thing that a browser brings back.
const maxBrought = 8 << 10

func (s *Server) providerName() string {
	if s.provider == nil {
		return ""
	}
	return s.provider.Name()
}

func (s *Server) beginProvider(w http.ResponseWriter, r *http.Request) {
	if !s.slowed(w, r, source(r)) {
		s.toProvider(w, r, ceremony{kind: "provider"}, false)
	}
}

// stepUpByProvider has a person show at the provider who they are, anew.
func (s *Server) stepUpByProvider(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	if v.Person == "" {
		s.done(w, r, &Refused{"A decision names a person: log in as one."}, "")
		return
	}
	s.toProvider(w, r, ceremony{kind: "provider", person: v.Person, next: local(r.PostFormValue("next"))}, true)
}

// toProvider sends a browser to the provider, and keeps what its answer has to match.
func (s *Server) toProvider(w http.ResponseWriter, r *http.Request, c ceremony, stepUp bool) {
	if s.provider == nil {
		s.show(w, r, http.StatusNotFound, messagePage("Nothing here", "This server knows no provider to log in at.", nil))
		return
	}
	address, asked, err := s.provider.Begin(r.Context(), stepUp)
	if err != nil {
		s.unreached(w, r)
		return
	}
	c.asked = asked
	if !s.ceremonies.begin(w, c, s.now()) {
		refuse(w, http.StatusServiceUnavailable, "Too many log-ins are under way; try again in a minute.")
		return
	}
	s.show(w, r, http.StatusOK, awayPage(s.provider.Name(), address))
}

// unreached says that the provider is away, and what there is beside it.
func (s *Server) unreached(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	s.show(w, r, http.StatusServiceUnavailable, messagePage("Not logged in", s.provider.Name()+" does not answer this server. Try again in a moment; a passkey, or a password with a code, works meanwhile.", nil))
}

func (s *Server) backFromProvider(w http.ResponseWriter, r *http.Request) {
	if s.provider == nil {
		s.show(w, r, http.StatusNotFound, messagePage("Nothing here", "This server knows no provider to log in at.", nil))
		return
	}
	q := r.URL.Query()
	b := access.Brought{Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"), Error: q.Get("error")}
	if len(b.Code) > maxBrought || len(b.State) > maxBrought || len(b.Issuer) > maxBrought || len(b.Error) > maxBrought {
		s.show(w, r, http.StatusBadRequest, messagePage("Not logged in", s.provider.Name()+" sent too much. Begin again.", nil))
		return
	}
	s.show(w, r, http.StatusOK, backPage(s.provider.Name(), b))
}

// finishProvider logs in, or steps up, whom the provider vouches for and the estate has today.
func (s *Server) finishProvider(w http.ResponseWriter, r *http.Request) {
	from, now := source(r), s.now()
	if s.slowed(w, r, from) {
		return
	}
	deny := func(why string) {
		s.failedLogIn(r, from)
		s.show(w, r, http.StatusForbidden, messagePage("Not logged in", why, nil))
	}
	c, ok := s.ceremonies.take(r, now)
	if !ok || c.kind != "provider" || s.provider == nil {
		deny("This log-in is over, or another browser began it. Begin again.")
		return
	}
	x, in := s.sessions.of(r, now)
	if c.asked.StepUp && (!in || x.person != c.person) {
		deny("The session that this was begun in is over. Log in again.")
		return
	}
	came, err := s.provider.Finish(r.Context(), c.asked, access.Brought{Code: r.PostFormValue("code"), State: r.PostFormValue("state"), Issuer: r.PostFormValue("iss"), Error: r.PostFormValue("error")})
	person, shown := came.Person, came.Shown
	if err == nil {
		_, err = s.people.Viewer(r.Context(), person) // who left does not come in
	}
	var not *access.NotVouched
	switch {
	case errors.As(err, &not):
		deny(strings.TrimSuffix(not.Why, ".") + ". Why exactly stands in the log of the server.")
		return
	case errors.Is(err, ErrNone) || err == nil && person == "":
		deny("Whom " + s.provider.Name() + " calls so is nobody of the estate today. Who may log in stands there under people.")
		return
	case errors.Is(err, access.ErrAway):
		s.unreached(w, r)
		return
	case err != nil:
		s.failed(w, r, err)
		return
	case c.asked.StepUp && person != c.person:
		deny("You showed that you are somebody else than who is logged in here.")
		return
	}
	if err := s.people.Happened(r.Context(), s.make.ProviderUsed(person, s.provider.Name(), now)); err != nil {
		s.failed(w, r, err)
		return
	}
	if shown.After(now) { // as clocks differ by a little
		shown = now
	}
	s.throttle.Succeeded(from)
	secret, next := "", "/"
	if c.asked.StepUp {
		if secret, ok = s.sessions.freshen(r, now, shown); !ok {
			deny("The session that this was begun in is over. Log in again.")
			return
		}
		next = c.next
	} else {
		s.sessions.end(r)
		how := arrived(r, s.provider.Name()+" (OpenID Connect)")
		how.elsewhere = came.At
		secret = s.sessions.begin(person, now, shown, how)
	}
	http.SetCookie(w, s.sessions.cookie(secret, int(sessionTime.Seconds())))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// ProviderEnded is where a provider says that a session ended there, after the server's origin.
const ProviderEnded = "/log-in/provider/ended"

// endedAtProvider ends the sessions that were begun by a session at the provider which ended there (OpenID Connect Back-Channel Logout 1.0).
func (s *Server) endedAtProvider(w http.ResponseWriter, r *http.Request) {
	from := source(r)
	if s.provider == nil {
		plain(w, http.StatusNotFound, "this server knows no provider")
		return
	}
	if s.slowed(w, r, from) {
		return
	}
	token := r.PostFormValue("logout_token")
	where, err := access.Elsewhere{}, error(&access.NotVouched{Why: "There is no logout_token"})
	if token != "" && len(token) <= maxBrought {
		where, err = s.provider.Ended(r.Context(), token)
	}
	var not *access.NotVouched
	switch {
	case errors.As(err, &not):
		s.failedLogIn(r, from)
		plain(w, http.StatusBadRequest, "it is not believed; why exactly stands in the log of the server")
		return
	case err != nil:
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "the keys of the provider cannot be had now")
		return
	}
	s.throttle.Succeeded(from)
	for _, who := range s.sessions.endBy(func(x session) bool { return where.Ends(x.elsewhere) }) {
		if err := s.people.Happened(r.Context(), s.make.SessionEnded(who, s.provider.Name(), s.now())); err != nil {
			plain(w, http.StatusInternalServerError, "the sessions ended, and that is not on record")
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}
