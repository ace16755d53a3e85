package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// People are who may log in, and by which passkeys.
type People interface {
	// Viewer tells what a person may who belongs to the estate today; without a name who came by the link of the terminal.
	// ErrNone: nobody is called so.
	Viewer(ctx context.Context, person string) (access.Viewer, error)
	// People gives those who belong to the estate today.
	People(ctx context.Context) ([]Person, error)
	Passkeys(ctx context.Context) ([]access.Passkey, error)
	// What is done with passkeys is kept together with the events that tell of it.
	AddPasskey(ctx context.Context, k access.Passkey, e ...event.Event) error
	UsePasskey(ctx context.Context, k access.Passkey, e ...event.Event) error
	// RemovePasskey takes one away. ErrNone: there is none of that id.
	RemovePasskey(ctx context.Context, id string, e ...event.Event) error
	// Happened keeps an event.
	Happened(ctx context.Context, e ...event.Event) error
}

// Person is somebody of the estate.
type Person struct{ ID, Name string }

// user is a person as WebAuthn knows one. The handle says nothing of who it is.
type user struct {
	Person
	keys []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return handle(u.ID) }
func (u user) WebAuthnName() string                       { return u.ID }
func (u user) WebAuthnDisplayName() string                { return u.Name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

func handle(person string) []byte {
	sum := sha256.Sum256([]byte("holdfast person\x00" + person))
	return sum[:]
}

// user finds a person by id or handle, with what they registered. ErrNone: nobody of the estate is called so today.
func (s *Server) user(ctx context.Context, is func(Person) bool) (user, error) {
	people, err := s.people.People(ctx)
	if err != nil {
		return user{}, err
	}
	i := slices.IndexFunc(people, is)
	if i < 0 {
		return user{}, ErrNone
	}
	u := user{Person: people[i]}
	all, err := s.people.Passkeys(ctx)
	if err != nil {
		return u, err
	}
	for _, k := range all {
		var c webauthn.Credential
		if k.Person == u.ID && json.Unmarshal(k.Data, &c) == nil {
			u.keys = append(u.keys, c)
		}
	}
	return u, nil
}

// registrar tells whether somebody may add and remove passkeys of a person: their own, or those of all.
func registrar(v access.Viewer, person string) bool {
	return v.May(access.AllPasskeys) || v.Person != "" && v.Person == person
}

func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request) {
	person := r.FormValue("person")
	if !registrar(viewer(r), person) {
		refuse(w, http.StatusForbidden, "A passkey of somebody else is for them to add.")
		return
	}
	u, err := s.user(r.Context(), func(p Person) bool { return p.ID == person })
	if errors.Is(err, ErrNone) {
		refuse(w, http.StatusNotFound, "The estate has no such person today.")
		return
	} else if err != nil {
		refuse(w, http.StatusInternalServerError, "The database could not be read.")
		return
	}
	if !s.adds(w, r, person) {
		return
	}
	options, data, err := s.auth.BeginRegistration(u, webauthn.WithExclusions(webauthn.Credentials(u.keys).CredentialDescriptors()))
	s.answer(w, options, data, ceremony{kind: "register", person: person}, err)
}

// answer begins a ceremony, and sends the browser what it needs.
func (s *Server) answer(w http.ResponseWriter, options any, data *webauthn.SessionData, c ceremony, err error) {
	if err != nil {
		refuse(w, http.StatusInternalServerError, "The ceremony could not begin.")
		return
	}
	c.data = *data
	if !s.ceremonies.begin(w, c, s.now()) {
		refuse(w, http.StatusServiceUnavailable, "Too many log-ins are under way; try again in a minute.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(options)
}

func (s *Server) finishPasskey(w http.ResponseWriter, r *http.Request) {
	c, ok := s.ceremonies.take(r, s.now())
	if !ok || c.kind != "register" || !registrar(viewer(r), c.person) {
		refuse(w, http.StatusForbidden, "Begin again: this registration is over.")
		return
	}
	u, err := s.user(r.Context(), func(p Person) bool { return p.ID == c.person })
	if err != nil {
		refuse(w, http.StatusForbidden, "The estate has no such person today.")
		return
	}
	made, err := s.auth.FinishRegistration(u, c.data, r)
	if err != nil {
		refuse(w, http.StatusForbidden, "The passkey was not accepted.")
		return
	}
	s.adding.Lock() // or two links would both add a first one
	defer s.adding.Unlock()
	if !s.adds(w, r, c.person) {
		return
	}
	data, err := json.Marshal(made)
	if err == nil {
		err = s.people.AddPasskey(r.Context(), access.Passkey{ID: credentialID(made.ID), Person: u.ID, Added: s.now(), Data: data}, s.make.PasskeyAdded(u.ID, viewer(r).Person, s.now()))
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "The passkey could not be kept.")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// adds tells whether a passkey of a person may be added now, and answers when it may not.
func (s *Server) adds(w http.ResponseWriter, r *http.Request, person string) bool {
	may, err := s.mayFactor(r, person, addFactor)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "The database could not be read.")
	} else if !may {
		refuse(w, http.StatusForbidden, notFactor)
	}
	return err == nil && may
}

func credentialID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

func (s *Server) beginLogIn(w http.ResponseWriter, _ *http.Request) {
	options, data, err := s.auth.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	s.answer(w, options, data, ceremony{kind: "log-in"}, err)
}

// finishLogIn logs in who has the passkey of a person whom the estate has today. What was wrong is told to nobody.
func (s *Server) finishLogIn(w http.ResponseWriter, r *http.Request) {
	if s.slowed(w, r, source(r)) {
		return
	}
	deny := func() {
		s.failedLogIn(r, source(r))
		refuse(w, http.StatusForbidden, "This passkey does not log in here.")
	}
	c, ok := s.ceremonies.take(r, s.now())
	if !ok || c.kind != "log-in" {
		deny()
		return
	}
	var u user
	_, key, err := s.auth.FinishPasskeyLogin(func(_, of []byte) (webauthn.User, error) {
		var err error
		u, err = s.user(r.Context(), func(p Person) bool { return string(handle(p.ID)) == string(of) })
		return u, err
	}, c.data, r)
	if err != nil || !sound(key) {
		deny()
		return
	}
	if err := s.used(r.Context(), u, key, s.make.LogIn(u.ID, s.now())); err != nil {
		refuse(w, http.StatusInternalServerError, "The log-in could not be noted.")
		return
	}
	s.throttle.Succeeded(source(r))
	s.sessions.end(r)
	http.SetCookie(w, s.sessions.cookie(s.sessions.begin(u.ID, s.now(), s.now(), arrived(r, "passkey")), int(sessionTime.Seconds())))
	w.WriteHeader(http.StatusNoContent)
}

// sound tells whether a passkey verified its user and was not copied.
func sound(key *webauthn.Credential) bool {
	return !key.Authenticator.CloneWarning && key.Flags.UserVerified
}

// used notes that a passkey was shown.
func (s *Server) used(ctx context.Context, u user, key *webauthn.Credential, e ...event.Event) error {
	data, err := json.Marshal(key)
	if err != nil {
		return err
	}
	return s.people.UsePasskey(ctx, access.Passkey{ID: credentialID(key.ID), Person: u.ID, Used: s.now(), Data: data}, e...)
}

// beginStepUp asks who is logged in for their passkey once more; it has nothing to say when that was just shown.
func (s *Server) beginStepUp(w http.ResponseWriter, r *http.Request) {
	x, _ := s.sessions.of(r, s.now())
	if x.person == "" {
		refuse(w, http.StatusForbidden, "A decision names a person: log in by your passkey.")
		return
	}
	if s.now().Sub(x.fresh) < freshTime/2 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	u, err := s.user(r.Context(), func(p Person) bool { return p.ID == x.person })
	if err != nil {
		refuse(w, http.StatusForbidden, "The estate has no such person today.")
		return
	}
	if len(u.keys) == 0 && s.now().Sub(x.fresh) < freshTime {
		w.WriteHeader(http.StatusNoContent) // there is nothing to renew it by on this page, and it still counts
		return
	}
	if len(u.keys) == 0 {
		refuse(w, http.StatusForbidden, "You have no passkey here. Show who you are at /step-up first, then press again within five minutes.")
		return
	}
	options, data, err := s.auth.BeginLogin(u, webauthn.WithUserVerification(protocol.VerificationRequired))
	s.answer(w, options, data, ceremony{kind: "step-up", person: x.person}, err)
}

func (s *Server) finishStepUp(w http.ResponseWriter, r *http.Request) {
	deny := func() { refuse(w, http.StatusForbidden, "This passkey was not accepted.") }
	c, ok := s.ceremonies.take(r, s.now())
	x, _ := s.sessions.of(r, s.now())
	if !ok || c.kind != "step-up" || c.person != x.person {
		deny()
		return
	}
	u, err := s.user(r.Context(), func(p Person) bool { return p.ID == x.person })
	if err != nil {
		deny()
		return
	}
	key, err := s.auth.FinishLogin(u, c.data, r)
	if err != nil || !sound(key) {
		deny()
		return
	}
	if err := s.used(r.Context(), u, key); err != nil {
		refuse(w, http.StatusInternalServerError, "It could not be noted.")
		return
	}
	secret, ok := s.sessions.freshen(r, s.now(), s.now())
	if !ok {
		deny()
		return
	}
	http.SetCookie(w, s.sessions.cookie(secret, int(sessionTime.Seconds())))
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	all, err := s.people.Passkeys(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	i := slices.IndexFunc(all, func(k access.Passkey) bool { return k.ID == r.FormValue("id") && registrar(v, k.Person) })
	if i < 0 { // of somebody else is as good as none
		s.failed(w, r, ErrNone)
		return
	}
	if !s.changes(w, r, all[i].Person, removeFactor) {
		return
	}
	if err := s.people.RemovePasskey(r.Context(), all[i].ID, s.make.PasskeyRemoved(all[i].Person, v.Person, s.now())); err != nil {
		s.failed(w, r, err)
		return
	}
	s.sessions.endOf(all[i].Person)
	http.Redirect(w, r, "/passkeys", http.StatusSeeOther)
}

func (s *Server) passkeys(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	people, err := s.people.People(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	all, err := s.people.Passkeys(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	people = slices.DeleteFunc(slices.Clone(people), func(p Person) bool { return !registrar(v, p.ID) })
	all = slices.DeleteFunc(slices.Clone(all), func(k access.Passkey) bool { return !registrar(v, k.Person) })
	codes, err := s.removable(r.Context(), v, people)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, passkeysPage(v, people, codes, all, s.steps(r)))
}

// invite makes a link by which a person logs in once, on a device of their own, to add a passkey there.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) {
	v, person := viewer(r), r.FormValue("person")
	if !s.invites(r) {
		s.show(w, r, http.StatusForbidden, messagePage("No link was made", notFactor, &v))
		return
	}
	if _, err := s.user(r.Context(), func(p Person) bool { return p.ID == person }); err != nil {
		s.failed(w, r, err)
		return
	}
	if err := s.people.Happened(r.Context(), s.make.Invited(person, v.Person, s.now())); err != nil {
		s.failed(w, r, err)
		return
	}
	until := s.now().Add(inviteTime)
	s.show(w, r, http.StatusOK, invitePage(v, person, s.origin+"/log-in/"+s.sessions.link(person, until, s.now()), until))
}

// inviteTime is how long a link for somebody else is worth something.
const inviteTime = 24 * time.Hour
