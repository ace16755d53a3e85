package app

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/oidc/oidctest"
	"holdfast.example/holdfast/internal/web"
)

const vouchedEstate = `
organization: Northwind
people:
  - {id: erika, name: Erika, email: Erika@northwind.example}
  - {id: sam, name: Sam, email: sam@northwind.example, subject: {issuer: "https://id.example", sub: s-2}}
  - {id: one, name: One, email: both@northwind.example}
  - {id: two, name: Two, email: both@northwind.example}
  - {id: gone, name: Gone, email: gone@northwind.example, until: 2020-01-01}
  - {id: mute, name: Mute}
teams:
  - {name: checkout, members: [erika]}
`

// TestVouchedFor: a claim names one person of today or nobody.
func TestVouchedFor(t *testing.T) {
	e, problems := estate.Parse([]estate.File{{Name: "e.yaml", Data: []byte(vouchedEstate)}}, estate.Options{})
	if e == nil {
		t.Fatal(problems)
	}
	var today []web.Person
	for _, p := range e.People {
		if p.ID != "gone" {
			today = append(today, web.Person{ID: p.ID})
		}
	}
	const id = "https://id.example"
	for _, x := range []struct {
		v    access.Vouched
		want string
	}{
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "email", Identity: "erika@NORTHWIND.example"}, "erika"},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "email", Identity: "mallory@northwind.example"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "email", Identity: "both@northwind.example"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "email", Identity: "gone@northwind.example"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "email"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-2", Claim: "email", Identity: "sam@northwind.example"}, "sam"},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "email", Identity: "sam@northwind.example"}, ""}, // the address is somebody else's now
		{access.Vouched{Issuer: id, Subject: "s-2", Claim: "sub", Identity: "s-2"}, "sam"},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "sub", Identity: "s-1"}, ""},
		{access.Vouched{Issuer: "https://evil.example", Subject: "s-2", Claim: "sub", Identity: "s-2"}, ""},
		{access.Vouched{Issuer: id, Claim: "sub"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "preferred_username", Identity: "erika"}, "erika"},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "preferred_username", Identity: "Erika"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "preferred_username", Identity: "sam"}, ""},
		{access.Vouched{Issuer: id, Subject: "s-1", Claim: "preferred_username"}, ""},
	} {
		got, err := vouchedFor(x.v, e, today)
		if got != x.want || (err == nil) != (x.want != "") {
			t.Errorf("%+v: %q %v", x.v, got, err)
		}
	}
	// Without an estate there is the account that serves, by its name alone.
	account := []web.Person{{ID: "root"}}
	if got, err := vouchedFor(access.Vouched{Issuer: id, Subject: "s", Claim: "preferred_username", Identity: "root"}, nil, account); got != "root" {
		t.Error(got, err)
	}
	if got, err := vouchedFor(access.Vouched{Issuer: id, Subject: "s", Claim: "email", Identity: "root"}, nil, account); err == nil {
		t.Error(got)
	}
}

// TestProviderOptions: what cannot be is said before anything is served, and a secret that others can read is not taken.
func TestProviderOptions(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ok := ProviderOptions{Issuer: "https://id.example", Client: "holdfast"}
	for name, change := range map[string]func(*ProviderOptions){
		"no issuer":         func(o *ProviderOptions) { o.Issuer = "" },
		"no client":         func(o *ProviderOptions) { o.Client = "" },
		"in the clear":      func(o *ProviderOptions) { o.Issuer = "http://id.example" },
		"readable":          func(o *ProviderOptions) { o.SecretFile = file("a", "x", 0o644) },
		"writable by group": func(o *ProviderOptions) { o.SecretFile = file("b", "x", 0o660) },
		"empty":             func(o *ProviderOptions) { o.SecretFile = file("c", " \n", 0o600) },
		"large":             func(o *ProviderOptions) { o.SecretFile = file("d", strings.Repeat("x", 5000), 0o600) },
		"a folder":          func(o *ProviderOptions) { o.SecretFile = dir },
		"methods":           func(o *ProviderOptions) { o.AMR = []string{"pwd+"} },
	} {
		o := ok
		change(&o)
		ctx, cancel := context.WithCancel(t.Context())
		err := Serve(ctx, ServeOptions{State: t.TempDir(), Listen: "127.0.0.1:0", OIDC: o, Ready: func(Served) { t.Error(name, "is served"); cancel() }})
		cancel()
		var usage *UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "oidc") && !strings.Contains(err.Error(), "OpenID") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o440, 0o640} {
		if s, err := clientSecret(file("e", " hidden\n", mode)); err != nil || string(s) != "hidden" {
			t.Error(mode, err)
		}
	}
	if x, err := openProvider(ProviderOptions{}, "", nil); x != nil || err != nil {
		t.Error(x, err)
	}
}

// TestServeProvider serves with a provider that is away, which keeps nobody from starting and is said; and with one where
// somebody of the estate logs in, which enters the ledger, and somebody else does not.
func TestServeProvider(t *testing.T) {
	t.Run("away", func(t *testing.T) { serveProvider(t, true) })
	t.Run("there", func(t *testing.T) { serveProvider(t, false) })
}

func serveProvider(t *testing.T, isAway bool) {
	t.Helper()
	two := []string{"mfa"}
	p := oidctest.New(t, oidctest.Client{ID: "holdfast"}, oidctest.User{Name: "erika", Subject: "s-1", Email: "erika@northwind.example", Verified: true, AMR: two}, oidctest.User{Name: "mallory", Subject: "s-9", Email: "mallory@northwind.example", Verified: true, AMR: two})
	p.Lie(oidctest.Lies{Away: isAway})
	dir, state := t.TempDir(), t.TempDir()
	put(t, dir, map[string]string{"estate.yaml": vouchedEstate})
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var log strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	at, ended, away := make(chan string, 1), make(chan error, 1), make(chan struct{}, 100)
	go func() {
		ended <- Serve(ctx, ServeOptions{State: state, Estate: filepath.Join(dir, "estate.yaml"), Listen: listen, Version: "1.0", OIDC: ProviderOptions{Issuer: p.Issuer, Client: "holdfast", Name: "Northwind ID"},
			Ready: func(s Served) { at <- s.Address },
			Log: func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintf(&log, format+"\n", args...)
				if strings.Contains(format, "yet") {
					away <- struct{}{}
				}
			}})
	}()
	var address string
	select {
	case address = <-at:
	case err := <-ended:
		t.Fatal(err)
	}
	p.Register(oidctest.Client{ID: "holdfast", Redirect: strings.TrimSuffix(address, "/") + web.ProviderBack})
	browser := func() *http.Client {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Client{Jar: jar}
	}
	ask := func(c *http.Client, method, path string, values url.Values) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(address, "/")+path, strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if isAway {
		<-away
		if status, text := ask(browser(), "POST", "/log-in/provider/begin", nil); status != http.StatusServiceUnavailable || !strings.Contains(text, "Northwind ID does not answer") {
			t.Error(status, text)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return
	}
	logIn := func(user string) (int, string) {
		c := browser()
		status, text := ask(c, "POST", "/log-in/provider/begin", nil)
		before, _, _ := strings.Cut(text, `" data-go`)
		if status != http.StatusOK {
			t.Fatal(status, text)
		}
		alone := browser()
		alone.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		next, err := p.Visit(t.Context(), alone, html.UnescapeString(before[strings.LastIndex(before, `"`)+1:]), user)
		if err != nil {
			t.Fatal(err)
		}
		return ask(c, "POST", "/log-in/provider/finish", next.Query())
	}
	if status, text := logIn("mallory"); status != http.StatusForbidden || !strings.Contains(text, "nobody of the estate") {
		t.Error(status, text)
	}
	if status, text := logIn("erika"); status != http.StatusOK || !strings.Contains(text, "Erika") {
		t.Error(status, text)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	entries, err := LedgerEntries(state)
	entries = slices.DeleteFunc(entries, func(e LedgerEntry) bool { return strings.Contains(string(e.Body), "the estate was read") })
	if err != nil || len(entries) != 1 || !strings.Contains(string(entries[0].Body), "erika logged in by OpenID Connect at Northwind ID") || !strings.Contains(string(entries[0].Body), `"auth_protocol":"OpenID"`) {
		t.Errorf("%+v %v", entries, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !strings.Contains(log.String(), `email "mallory@northwind.example" is nobody of the estate today`) {
		t.Error(log.String())
	}
}
