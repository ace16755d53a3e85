package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// maxBody is the most of a request that is read.
const maxBody = 64 << 10

// guard is passed by every request: it is asked for under a name that it has (a name of somebody else's that leads to
// loopback is DNS rebinding), does not come from another site when it changes something, and is small. Every answer tells
// the browser to run no script but ours, load nothing from elsewhere and keep no copy.
func (s *Server) guard(next http.Handler) http.Handler {
	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusForbidden, "this came from another site")
	}))
	inner := sameSite.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if s.sessions.secure {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload")
		}
		if !s.origins[r.Host] {
			plain(w, http.StatusMisdirectedRequest, "this server is not "+clean(r.Host))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		inner.ServeHTTP(w, r)
	})
}

// clean is a name as it can be told back.
func clean(host string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f && r != '<' && r != '>' {
			return r
		}
		return -1
	}, host[:min(len(host), 100)])
}

// behind lets sessions through, and tokens where programs ask. Who has none is told so, whether what they ask for exists or
// not.
func (s *Server) behind(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		programs := strings.HasPrefix(r.URL.Path, apiRoot+"/") || r.URL.Path == apiRoot
		var ctx context.Context
		var is bool
		if programs && r.Header.Get("Authorization") != "" {
			if s.slowed(w, r, source(r)) {
				return
			}
			ctx, is = s.tokenContext(r)
		} else {
			ctx, is = s.sessionContext(r)
		}
		switch {
		case is:
			if answer, ok := w.(*status); ok && programs {
				ctx = context.WithValue(ctx, statusKey{}, answer)
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		case programs:
			w.Header().Set("WWW-Authenticate", `Bearer realm="holdfast"`)
			refuse(w, http.StatusUnauthorized, "no session, and no token that holds: Authorization: Bearer holdfast_…; tokens are made under Tokens")
		default:
			s.show(w, r, http.StatusUnauthorized, logInPage(s.providerName()))
		}
	})
}

type statusKey struct{}

// sessionContext is that of a request of somebody who is logged in.
func (s *Server) sessionContext(r *http.Request) (context.Context, bool) {
	find := s.sessions.of
	if r.URL.Path == livePath { // a page that nobody looks at asks for it
		find = s.sessions.look
	}
	x, is := find(r, s.now())
	if !is && s.guest != nil && r.Method == http.MethodGet {
		return context.WithValue(r.Context(), viewerKey{}, *s.guest), true
	}
	if !is {
		return nil, false
	}
	v, err := s.people.Viewer(r.Context(), x.person)
	if err != nil { // that nobody can say who it is is a no
		if errors.Is(err, ErrNone) {
			s.sessions.endOf(x.person)
		}
		return nil, false
	}
	return context.WithValue(context.WithValue(context.WithValue(r.Context(), viewerKey{}, v), freshKey{}, x.fresh), sessionKey{}, x.id), true
}

// tokenContext is that of a request of a program.
func (s *Server) tokenContext(r *http.Request) (context.Context, bool) {
	v, t, err := s.byToken(r)
	if err != nil {
		return nil, false
	}
	return context.WithValue(context.WithValue(r.Context(), viewerKey{}, v), tokenKey{}, t), true
}
