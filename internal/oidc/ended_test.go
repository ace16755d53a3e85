package oidc_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/oidc"
	"holdfast.example/holdfast/internal/oidc/oidctest"
)

// TestEnded: the provider's word that a session ended is believed once, and nobody else's.
func TestEnded(t *testing.T) {
	x := opened(t, oidctest.Client{}, oidc.Options{})
	for name, word := range map[string]string{
		"of a user":                       x.Ended("s-1", "", nil),
		"of an older provider, no end":    x.Ended("s-1", "", func(all map[string]any) { delete(all, "exp") }),
		"several audiences, one of which": x.Ended("s-1", "", func(all map[string]any) { all["aud"] = []string{"other", "holdfast"} }),
	} {
		e, err := x.p.Ended(t.Context(), word)
		if err != nil || e != (access.Elsewhere{Subject: "s-1"}) {
			t.Errorf("%s: %+v %v", name, e, err)
		}
		if _, err := x.p.Ended(t.Context(), word); err == nil {
			t.Errorf("%s is taken twice", name)
		}
	}
	if e, err := x.p.Ended(t.Context(), x.Ended("s-1", "at-home", nil)); err != nil || e.Session != "at-home" {
		t.Errorf("%+v %v", e, err)
	}
	set := func(name string, v any) func(map[string]any) { return func(all map[string]any) { all[name] = v } }
	other := oidctest.New(t, oidctest.Client{ID: "holdfast"})
	good := x.Ended("s-1", "", nil)
	for name, word := range map[string]string{
		"another provider":         other.Ended("s-1", "", nil),
		"another provider's key":   other.Ended("s-1", "", set("iss", x.Issuer)),
		"another client":           x.Ended("s-1", "", set("aud", "other")),
		"another issuer":           x.Ended("s-1", "", set("iss", "https://evil.example")),
		"no event":                 x.Ended("s-1", "", set("events", map[string]any{"http://schemas.openid.net/event/other": 1})),
		"a token of a log-in":      x.Ended("s-1", "", set("nonce", "x")),
		"of nobody":                x.Ended("", "", nil),
		"old":                      x.Ended("s-1", "", set("iat", time.Now().Add(-time.Hour).Unix())),
		"of tomorrow":              x.Ended("s-1", "", set("iat", time.Now().Add(24*time.Hour).Unix())),
		"over":                     x.Ended("s-1", "", set("exp", time.Now().Add(-time.Hour).Unix())),
		"without an id":            x.Ended("s-1", "", set("jti", "")),
		"a long subject":           x.Ended(strings.Repeat("x", 300), "", nil),
		"changed":                  good[:len(good)-4] + "AAAA",
		"no token":                 "x.y.z",
		"unsigned":                 "eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".",
		"nothing":                  "",
		"signed by whoever asks":   strings.Join(append(strings.Split(good, ".")[:2], strings.Split(other.Ended("s-1", "", nil), ".")[2]), "."),
		"with words for a browser": x.Ended("<script>", "", set("aud", "<script>")),
	} {
		var not *access.NotVouched
		if e, err := x.p.Ended(t.Context(), word); !errors.As(err, &not) || e != (access.Elsewhere{}) {
			t.Errorf("%s: %+v %v", name, e, err)
		}
	}
	x.Lie(oidctest.Lies{Away: true})
	away := opened(t, oidctest.Client{}, oidc.Options{})
	away.Lie(oidctest.Lies{Away: true})
	if _, err := away.p.Ended(t.Context(), good); !errors.Is(err, access.ErrAway) {
		t.Error(err)
	}
}

// TestEndAddress: where a session at the provider is ended, if that is said and secure.
func TestEndAddress(t *testing.T) {
	for said, want := range map[string]string{"https://id.example/end": "https://id.example/end?client_id=holdfast", "https://id.example/end?x=1": "https://id.example/end?x=1&client_id=holdfast", "http://id.example/end": "", "javascript:alert(1)": "", "": ""} {
		x := opened(t, oidctest.Client{}, oidc.Options{})
		x.Lie(oidctest.Lies{Discovery: func(all map[string]any) { all["end_session_endpoint"] = said }})
		if got := x.p.EndAddress(t.Context()); got != want {
			t.Errorf("%s: %s", said, got)
		}
	}
}
