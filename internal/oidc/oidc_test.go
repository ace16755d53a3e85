package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/oidc"
	"holdfast.example/holdfast/internal/oidc/oidctest"
)

const (
	back   = "https://hub.example/log-in/provider/back"
	secret = "a secret / with + signs"
)

var erika = oidctest.User{Name: "erika", Subject: "s-1", Email: "erika@northwind.example", Verified: true, AMR: []string{"pwd", "otp"}}

// at is a provider with a client of it, and a browser.
type site struct {
	t *testing.T
	*oidctest.Provider
	p       *oidc.Provider
	browser *http.Client
	now     time.Time
}

func opened(t *testing.T, c oidctest.Client, o oidc.Options, users ...oidctest.User) *site {
	t.Helper()
	c.ID, c.Redirect = "holdfast", back
	x := &site{t: t, Provider: oidctest.New(t, c, append(users, erika)...), now: time.Now()}
	o.Issuer, o.Client, o.Redirect, o.Secret = x.Issuer, "holdfast", back, oidc.Secret(c.Secret)
	o.Now = func() time.Time { return x.now }
	var err error
	if x.p, err = oidc.New(o); err != nil {
		t.Fatal(err)
	}
	x.browser = browser(t)
	return x
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// begun goes to the provider and comes back.
func (x *site) begun(user string, stepUp bool) (access.Asked, access.Brought) {
	x.t.Helper()
	address, a, err := x.p.Begin(x.t.Context(), stepUp)
	if err != nil {
		x.t.Fatal(err)
	}
	next, err := x.Visit(x.t.Context(), x.browser, address, user)
	if err != nil {
		x.t.Fatal(err)
	}
	if !strings.HasPrefix(next.String(), back+"?") {
		x.t.Fatal("it sends the browser to", next)
	}
	q := next.Query()
	return a, access.Brought{Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"), Error: q.Get("error")}
}

func (x *site) logIn(user string, stepUp bool) (access.Vouched, error) {
	x.t.Helper()
	a, b := x.begun(user, stepUp)
	return x.p.Finish(x.t.Context(), a, b)
}

// TestLogIn: by a client with a secret and by one without, with claims in the token and at the userinfo endpoint, by each claim.
func TestLogIn(t *testing.T) {
	for _, x := range []struct {
		secret, claim, want string
		inToken             bool
	}{
		{secret, "", "erika@northwind.example", true},
		{secret, "email", "erika@northwind.example", false},
		{"", "preferred_username", "erika", true},
		{"", "preferred_username", "erika", false},
		{"", "sub", "s-1", false},
	} {
		at := opened(t, oidctest.Client{Secret: x.secret, InToken: x.inToken}, oidc.Options{Claim: x.claim})
		v, err := at.logIn("erika", false)
		if err != nil || v.Identity != x.want || v.Subject != "s-1" || v.Issuer != at.Issuer || v.Claim == "" || time.Since(v.Shown) > time.Minute || strings.Join(v.AMR, " ") != "pwd otp" {
			t.Errorf("%+v: %+v %v", x, v, err)
		}
	}
	at := opened(t, oidctest.Client{Secret: secret}, oidc.Options{Methods: access.Methods{ACR: []string{"gold", "silver"}}}, oidctest.User{Name: "sam", Subject: "s-2", Email: "sam@northwind.example", Verified: true, ACR: "silver"})
	if v, err := at.logIn("sam", false); err != nil || v.ACR != "silver" {
		t.Error(v, err)
	}
	address, a, err := at.p.Begin(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("code_challenge") == a.Verifier || q.Get("nonce") != a.Nonce || q.Get("state") != a.State || a.State == a.Nonce || len(a.State) < 43 ||
		q.Get("redirect_uri") != back || q.Get("response_type") != "code" || q.Get("prompt") != "login" || q.Get("max_age") != "0" || q.Get("acr_values") != "gold silver" || strings.Contains(address, "secret") {
		t.Error(address)
	}
}

// TestNotVouched: everything that a provider, or somebody in between, can say that lets nobody in.
func TestNotVouched(t *testing.T) {
	set := func(name string, v any) oidctest.Lies {
		return oidctest.Lies{Claims: func(all map[string]any) { all[name] = v }}
	}
	without := func(name string) oidctest.Lies {
		return oidctest.Lies{Claims: func(all map[string]any) { delete(all, name) }}
	}
	for name, x := range map[string]struct {
		lies oidctest.Lies
		want string
	}{
		"nothing of factors":      {without("amr"), "two factors"},
		"one factor":              {set("amr", []string{"pwd"}), "two factors"},
		"factors of another type": {set("amr", "mfa"), "cannot be read"},
		"unverified e-mail":       {set("email_verified", false), "did not verify"},
		"nothing of verified":     {without("email_verified"), "did not verify"},
		"verified by a word":      {set("email_verified", "yes"), "did not verify"},
		"no e-mail":               {set("email", ""), "who you are"},
		"e-mail of another type":  {set("email", []string{"erika@northwind.example"}), "who you are"},
		"another audience":        {set("aud", "somebody-else"), "audience"},
		"two, for another party":  {set("azp", "somebody-else"), "somebody-else"},
		"two, for nobody":         {oidctest.Lies{Claims: func(all map[string]any) { all["aud"] = []string{"holdfast", "x"}; delete(all, "azp") }}, "client"},
		"another issuer":          {set("iss", "https://evil.example"), "different provider"},
		"another nonce":           {set("nonce", "x"), "nonce"},
		"no nonce":                {without("nonce"), "nonce"},
		"another key":             {oidctest.Lies{Key: oidctest.NewKey()}, "signature"},
		"expired":                 {set("exp", time.Now().Add(-time.Second).Unix()), "expired"},
		"no end":                  {without("exp"), "expired"},
		"made long ago":           {set("iat", time.Now().Add(-10*time.Minute).Unix()), "clocks"},
		"no beginning":            {without("iat"), "clocks"},
		"made in the future":      {set("iat", time.Now().Add(2*time.Minute).Unix()), "clocks"},
		"shown in the future":     {set("auth_time", time.Now().Add(2*time.Minute).Unix()), "clock of the provider"},
		"shown yesterday":         {set("auth_time", time.Now().Add(-24*time.Hour).Unix()), "anew"},
		"no subject":              {without("sub"), "subject"},
		"a text for a time":       {set("auth_time", "now"), "cannot be read"},
	} {
		at := opened(t, oidctest.Client{Secret: secret, InToken: true}, oidc.Options{})
		if _, err := at.logIn("erika", false); err != nil {
			t.Fatal(err)
		}
		at.Lie(x.lies)
		v, err := at.logIn("erika", false)
		var why *access.NotVouched
		if !errors.As(err, &why) || !strings.Contains(err.Error(), x.want) || v.Identity != "" || v.Subject != "" {
			t.Errorf("%s: %+v %v", name, v, err)
		}
	}
	// One whose userinfo is of somebody else.
	at := opened(t, oidctest.Client{Secret: secret}, oidc.Options{})
	at.Lie(oidctest.Lies{UserInfo: func(all map[string]any) { all["sub"] = "s-2" }})
	if _, err := at.logIn("erika", false); err == nil || !strings.Contains(err.Error(), "userinfo is of") {
		t.Error(err)
	}
	// One that knows no such client.
	if _, err := opened(t, oidctest.Client{Secret: secret}, oidc.Options{}).wrong(t); err == nil {
		t.Error("a wrong secret is taken")
	}
}

// wrong logs in with another secret.
func (x *site) wrong(t *testing.T) (access.Vouched, error) {
	t.Helper()
	x.Register(oidctest.Client{ID: "holdfast", Redirect: back, Secret: "another"})
	return x.logIn("erika", false)
}

// TestBrought: what a browser brings back is good once, for the log-in that was begun.
func TestBrought(t *testing.T) {
	x := opened(t, oidctest.Client{}, oidc.Options{})
	a, b := x.begun("erika", false)
	other, hers := x.begun("erika", false)
	var why *access.NotVouched
	for name, try := range map[string]struct {
		a access.Asked
		b access.Brought
	}{
		"another state":       {a, access.Brought{Code: b.Code, State: other.State}},
		"no state":            {a, access.Brought{Code: b.Code}},
		"none was asked":      {access.Asked{}, access.Brought{Code: b.Code}},
		"another issuer":      {a, access.Brought{Code: b.Code, State: b.State, Issuer: "https://evil.example"}},
		"an error":            {a, access.Brought{Code: b.Code, State: b.State, Error: "access_denied"}},
		"no code":             {a, access.Brought{State: b.State}},
		"a code that is none": {a, access.Brought{Code: "x", State: b.State}},
		"another's code":      {a, access.Brought{Code: hers.Code, State: b.State}}, // PKCE
	} {
		if v, err := x.p.Finish(t.Context(), try.a, try.b); !errors.As(err, &why) || v.Subject != "" {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
	if v, err := x.p.Finish(t.Context(), a, b); err != nil || v.Subject != "s-1" {
		t.Fatal(v, err)
	}
	if v, err := x.p.Finish(t.Context(), a, b); !errors.As(err, &why) || v.Subject != "" {
		t.Error("a code is good twice:", v, err)
	}
}

// TestStepUp: the provider asks anew, though it knows the browser; what was shown before does not count, nor what it does not
// say.
func TestStepUp(t *testing.T) {
	x := opened(t, oidctest.Client{Secret: secret}, oidc.Options{})
	for _, step := range []struct {
		stepUp bool
		want   int
	}{{false, 1}, {false, 1}, {true, 2}, {true, 3}} {
		if v, err := x.logIn("erika", step.stepUp); err != nil || time.Since(v.Shown) > time.Minute {
			t.Fatal(v, err)
		}
		if n := x.Screens(); n != step.want {
			t.Errorf("%d log-in pages, want %d", n, step.want)
		}
	}
	for name, claims := range map[string]func(map[string]any){
		"shown before":   func(all map[string]any) { all["auth_time"] = time.Now().Add(-2 * time.Minute).Unix() },
		"shown long ago": func(all map[string]any) { all["auth_time"] = time.Now().Add(-5 * time.Minute).Unix() },
		"nothing said":   func(all map[string]any) { delete(all, "auth_time") },
		"nothing shown":  func(all map[string]any) { all["auth_time"] = 0 },
	} {
		x.Lie(oidctest.Lies{Claims: claims})
		var why *access.NotVouched
		if v, err := x.logIn("erika", true); !errors.As(err, &why) || v.Subject != "" {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
	x.Lie(oidctest.Lies{Claims: func(all map[string]any) { delete(all, "auth_time") }})
	if v, err := x.logIn("erika", false); err != nil || !v.Shown.IsZero() {
		t.Error("a log-in without a time:", v, err)
	}
}

// TestAway: a provider that is away, large, or somebody else is told so, and asked again a little later.
func TestAway(t *testing.T) {
	for name, lies := range map[string]oidctest.Lies{
		"away":                   {Away: true},
		"large":                  {Size: 2 << 20},
		"another issuer":         {Discovery: func(all map[string]any) { all["issuer"] = "https://evil.example" }},
		"codes in the clear":     {Discovery: func(all map[string]any) { all["token_endpoint"] = "http://evil.example/token" }},
		"people in the clear":    {Discovery: func(all map[string]any) { all["authorization_endpoint"] = "http://evil.example/" }},
		"keys in the clear":      {Discovery: func(all map[string]any) { all["jwks_uri"] = "http://evil.example/" }},
		"userinfo in the clear":  {Discovery: func(all map[string]any) { all["userinfo_endpoint"] = "http://evil.example/" }},
		"nowhere":                {Discovery: func(all map[string]any) { delete(all, "authorization_endpoint") }},
		"without PKCE":           {Discovery: func(all map[string]any) { all["code_challenge_methods_supported"] = []string{"plain"} }},
		"something that is none": {Discovery: func(all map[string]any) { all["issuer"] = 1 }},
	} {
		x := opened(t, oidctest.Client{Secret: secret}, oidc.Options{})
		x.Lie(lies)
		if err := x.p.Discover(t.Context()); !errors.Is(err, access.ErrAway) || !strings.Contains(err.Error(), x.Issuer) {
			t.Errorf("%s: %v", name, err)
		}
		x.Lie(oidctest.Lies{})
		if _, _, err := x.p.Begin(t.Context(), false); !errors.Is(err, access.ErrAway) {
			t.Errorf("%s: asked again at once: %v", name, err)
		}
		x.now = x.now.Add(4 * time.Second)
		if _, err := x.logIn("erika", false); err != nil {
			t.Errorf("%s: back again: %v", name, err)
		}
	}
	// In the midst of a log-in.
	for name, lies := range map[string]oidctest.Lies{"away": {Away: true}, "large": {Size: 2 << 20}} {
		x := opened(t, oidctest.Client{Secret: secret}, oidc.Options{})
		a, b := x.begun("erika", false)
		x.Lie(lies)
		if v, err := x.p.Finish(t.Context(), a, b); err == nil || v.Subject != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Who goes away while it is asked does not keep others out; a provider that was found is known for a day, and longer while it
	// is away.
	x := opened(t, oidctest.Client{Secret: secret}, oidc.Options{})
	gone, end := context.WithCancel(t.Context())
	end()
	if err := x.p.Discover(gone); !errors.Is(err, access.ErrAway) {
		t.Error(err)
	}
	if err := x.p.Discover(t.Context()); err != nil {
		t.Error(err)
	}
	x.Lie(oidctest.Lies{Away: true})
	x.now = x.now.Add(25 * time.Hour)
	if _, _, err := x.p.Begin(t.Context(), false); err != nil {
		t.Error("what it said yesterday is forgotten:", err)
	}
}

// TestRotation: a provider that signs by a new key is believed, since go-oidc asks for its keys again.
func TestRotation(t *testing.T) {
	x := opened(t, oidctest.Client{Secret: secret}, oidc.Options{})
	for range 3 {
		if _, err := x.logIn("erika", false); err != nil {
			t.Fatal(err)
		}
		x.Rotate()
	}
}

// TestOptions: what no provider is, and that a secret is not printed.
func TestOptions(t *testing.T) {
	for name, o := range map[string]oidc.Options{
		"nothing":      {},
		"no client":    {Issuer: "https://id.example"},
		"in the clear": {Issuer: "http://id.example", Client: "x"},
		"no address":   {Issuer: "id.example", Client: "x"},
		"with a name":  {Issuer: "https://a:b@id.example", Client: "x"},
		"with a part":  {Issuer: "https://id.example/#a", Client: "x"},
		"a file":       {Issuer: "file:///etc/passwd", Client: "x"},
		"methods":      {Issuer: "https://id.example", Client: "x", Methods: access.Methods{AMR: []string{"a b"}}},
	} {
		if _, err := oidc.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := oidc.New(oidc.Options{Issuer: "https://id.example/realms/x", Client: "x"}); err != nil {
		t.Error(err)
	}
	s := oidc.Secret("hidden")
	if text := fmt.Sprintf("%s %v %+v %#v %q %s", s, s, struct{ S oidc.Secret }{s}, s, s, slog.AnyValue(s).Resolve()); strings.Contains(text, "hidden") {
		t.Error(text)
	}
}
