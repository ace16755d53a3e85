package web

import (
	"context"
	"errors"
	"net/http"

	"holdfast.example/holdfast/internal/access"
)

// factor is what is done with somebody's factors.
type factor int

const (
	addFactor factor = iota
	removeFactor
)

// byLink is how somebody arrived who showed no factor.
const byLink = "link"

// mayFactor tells whether who asks may add or remove a factor of a person now, and which of them are theirs to change is asked
// elsewhere (registrar). It wants that they showed a factor of their own within freshTime, so that a session that was stolen
// plants none. Two have none to show: who came by a link adds the first factor of a person, and who has just read the terminal
// removes what a person lost.
func (s *Server) mayFactor(r *http.Request, person string, do factor) (bool, error) {
	x, ok := s.sessions.of(r, s.now())
	switch {
	case !ok:
		return false, nil
	case x.person != "" && s.now().Sub(x.fresh) < freshTime:
		return true, nil
	case x.method != byLink || x.person != "" && x.person != person:
		return false, nil
	case do == removeFactor:
		return x.person == "" && s.now().Sub(x.since) < freshTime, nil
	}
	has, err := s.hasFactor(r.Context(), person)
	return err == nil && !has, err
}

// hasFactor tells whether a person can log in by something that is kept here.
func (s *Server) hasFactor(ctx context.Context, person string) (bool, error) {
	all, err := s.people.Passkeys(ctx)
	if err != nil {
		return false, err
	}
	for _, k := range all {
		if k.Person == person {
			return true, nil
		}
	}
	_, err = s.factors.Factors(ctx, person)
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// notFactor is told to who may not change a factor now.
const notFactor = "This wants that you showed a passkey, or password and code, within the last five minutes. A link adds the first one of a person and no other; who lost theirs has an administrator remove them first."

// changes tells whether a page may go on with a factor, and answers when it may not.
func (s *Server) changes(w http.ResponseWriter, r *http.Request, person string, do factor) bool {
	may, err := s.mayFactor(r, person, do)
	if err != nil {
		s.failed(w, r, err)
		return false
	}
	if !may {
		v := viewer(r)
		s.show(w, r, http.StatusForbidden, messagePage("Nothing was changed", notFactor+" Without a passkey: "+s.origin+"/step-up", &v))
	}
	return may
}

// steps tells whether forms of a page have a person step up first: who came by a link has nothing to show yet.
func (s *Server) steps(r *http.Request) bool {
	v := viewer(r)
	if v.Person == "" {
		return false
	}
	x, _ := s.sessions.of(r, s.now())
	has, err := s.hasFactor(r.Context(), v.Person)
	return x.method != byLink || has || err != nil
}

// invites tells whether who asks may make a link now: by it somebody else is let in.
func (s *Server) invites(r *http.Request) bool {
	x, ok := s.sessions.of(r, s.now())
	return ok && (x.person == "" && x.method == byLink || x.person != "" && s.now().Sub(x.fresh) < freshTime)
}

// removable are who has a password with codes that a viewer may remove.
func (s *Server) removable(ctx context.Context, v access.Viewer, people []Person) (out []Person, err error) {
	for _, p := range people {
		if _, err := s.factors.Factors(ctx, p.ID); err == nil && registrar(v, p.ID) {
			out = append(out, p)
		} else if err != nil && !errors.Is(err, ErrNone) {
			return nil, err
		}
	}
	return out, nil
}
