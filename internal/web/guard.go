package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"holdfast.example/holdfast/internal/access"
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

// behind lets sessions through. Who has none is told so, whether what they ask for exists or not.
func (s *Server) behind(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, is := s.sessions.of(r, s.now())
		var v access.Viewer
		if is {
			var err error
			if v, err = s.people.Viewer(r.Context(), x.person); err != nil {
				if errors.Is(err, ErrNone) {
					s.sessions.endOf(x.person)
				}
				is = false // that nobody can say who it is is a no
			}
		}
		switch {
		case is:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), viewerKey{}, v)))
		case strings.HasPrefix(r.URL.Path, "/api/v1/"):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"title":"No session","status":401}` + "\n"))
		default:
			s.show(w, r, http.StatusUnauthorized, logInPage())
		}
	})
}
