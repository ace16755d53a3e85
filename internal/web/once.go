package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// recorder holds an answer back until it is known whole.
type recorder struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func (r *recorder) WriteHeader(code int) { r.code = code }

// tell sends it.
func (r *recorder) tell(w http.ResponseWriter) {
	w.WriteHeader(r.code)
	_, _ = w.Write(r.body.Bytes())
}

// tagged gives what is read an ETag, and does not send again what whoever asks has already (RFC 9110, 8.8.3 and 13.1.2).
func (s *Server) tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		held := &recorder{header: w.Header(), code: http.StatusOK}
		next.ServeHTTP(held, r)
		if held.code == http.StatusOK {
			sum := sha256.Sum256(held.body.Bytes())
			tag := `"` + hex.EncodeToString(sum[:16]) + `"`
			w.Header().Set("ETag", tag)
			w.Header().Set("Cache-Control", "private, no-cache")
			if has(r.Header.Get("If-None-Match"), tag) {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		held.tell(w)
	})
}

// has tells whether a list of tags has one, compared weakly.
func has(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

// once does a write that carries a key one time, however often it comes within a day: who did not hear the answer asks
// again (draft-ietf-httpapi-idempotency-key-header-07). A fault of the server is not kept.
func (s *Server) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if key == "" || r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		if len(key) > 200 {
			refuse(w, http.StatusBadRequest, "an Idempotency-Key has at most 200 characters")
			return
		}
		body, err := io.ReadAll(r.Body) // bounded by the guard
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, "the body is longer than 64 KiB, or broke off")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		sum := sha256.Sum256([]byte(r.Method + " " + r.URL.String() + "\n" + string(body)))
		asked, who := hex.EncodeToString(sum[:]), viewer(r).Person
		was, err := s.tokens.Begin(r.Context(), who, key, asked, s.now())
		switch {
		case err != nil:
			refuse(w, http.StatusInternalServerError, "it could not be noted that this is asked; on the server: holdfast doctor")
			return
		case was != nil && was.Asked != asked:
			refuse(w, http.StatusUnprocessableEntity, "this Idempotency-Key came with something else before")
			return
		case was != nil && was.Status == 0:
			refuse(w, http.StatusConflict, "this is being done, or the server ended while it did: look whether it is there, then ask with another key")
			return
		case was != nil:
			if was.Body != "" {
				w.Header().Set("Content-Type", "application/problem+json")
			}
			w.WriteHeader(was.Status)
			_, _ = io.WriteString(w, was.Body)
			return
		}
		held := &recorder{header: w.Header(), code: http.StatusOK}
		next.ServeHTTP(held, r)
		kept := Answer{Asked: asked, Status: held.code, Body: held.body.String()}
		if held.code >= http.StatusInternalServerError || held.code == http.StatusForbidden {
			kept.Status = 0
		}
		if err := s.tokens.Answered(r.Context(), who, key, kept); err != nil {
			refuse(w, http.StatusInternalServerError, "it was done, and the answer could not be kept; on the server: holdfast doctor")
			return
		}
		held.tell(w)
	})
}
