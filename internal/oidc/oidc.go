// Package oidc lets people log in at a provider by OpenID Connect: authorization code flow with PKCE. It tells who somebody is
// and whether they showed two factors; whom the estate has, and what they may, is asked elsewhere. It keeps nothing.
package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"holdfast.example/holdfast/internal/access"
)

// Secret is what a client shows to its provider; it prints as nothing.
type Secret string

func (Secret) String() string       { return "(secret)" }
func (Secret) GoString() string     { return "(secret)" }
func (Secret) LogValue() slog.Value { return slog.StringValue("(secret)") }

// Options say which provider, and what is believed of it.
type Options struct {
	Issuer   string // https, or an address of this machine
	Client   string // client_id
	Secret   Secret // empty: a public client, by PKCE alone
	Claim    string // which names the person; empty: email
	Methods  access.Methods
	Redirect string           // where the browser comes back to, exactly
	Now      func() time.Time // nil: never
}

const (
	// skew is how far the clocks of a provider and of this machine may differ.
	skew = time.Minute
	// loginAge is how old what somebody showed the provider may be at a log-in: as long as a session lasts here.
	loginAge = 12 * time.Hour
	// stepUpAge is the same before a decision.
	stepUpAge = 5 * time.Minute
	// foundTime is how long what the provider says of itself is believed; its keys go-oidc reads anew when one is missing.
	foundTime = 24 * time.Hour
	// againTime is between two attempts to find a provider that was away: everyone may press the button.
	againTime = 3 * time.Second
)

// Provider is one. Make it by New.
type Provider struct {
	o      Options
	client *http.Client
	mu     sync.Mutex
	found  *found
	at     time.Time            // of the last attempt
	failed error                // of the last attempt
	heard  map[string]time.Time // words of ended sessions, by their id
}

// found is what a provider says of itself.
type found struct {
	*oidc.Provider
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// New checks options; the provider is asked when it is needed.
func New(o Options) (*Provider, error) {
	if err := secure(o.Issuer); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if o.Client == "" {
		return nil, errors.New("the provider knows this control plane by a client id, which is missing")
	}
	if o.Claim == "" {
		o.Claim = "email"
	}
	return &Provider{o: o, client: newClient()}, o.Methods.Check()
}

// Discover asks the provider for what it says of itself, unless that is known. access.ErrAway: it cannot be reached.
func (p *Provider) Discover(ctx context.Context) error {
	_, err := p.discovered(ctx)
	return err
}

func (p *Provider) discovered(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	if p.found != nil && now.Sub(p.at) < foundTime {
		return p.found, nil
	}
	if p.failed != nil && now.Sub(p.at) < againTime {
		return nil, p.failed
	}
	f, err := p.discover(ctx)
	switch {
	case err == nil:
		p.found, p.at, p.failed = f, now, nil
	case ctx.Err() != nil: // who asked went away, which says nothing of the provider
		return nil, errors.Join(access.ErrAway, err)
	case p.found != nil: // what it said yesterday holds until it says something else
		p.at = now.Add(againTime - foundTime)
	default:
		p.at, p.failed = now, err
		return nil, err
	}
	return p.found, nil
}

func (p *Provider) discover(ctx context.Context) (*found, error) {
	x, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: ask %s for its configuration: %w", access.ErrAway, p.o.Issuer, err)
	}
	var more struct {
		Keys    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
		PKCE    []string `json:"code_challenge_methods_supported"`
	}
	if err := x.Claims(&more); err != nil {
		return nil, fmt.Errorf("%w: read the configuration of %s: %w", access.ErrAway, p.o.Issuer, err)
	}
	end := x.Endpoint()
	for name, at := range map[string]string{"authorization_endpoint": end.AuthURL, "token_endpoint": end.TokenURL, "jwks_uri": more.Keys} {
		if err := secure(at); err != nil {
			return nil, fmt.Errorf("%w: the configuration of %s: %s: %w", access.ErrAway, p.o.Issuer, name, err)
		}
	}
	if at := x.UserInfoEndpoint(); at != "" && secure(at) != nil {
		return nil, fmt.Errorf("%w: the configuration of %s: userinfo_endpoint: %w", access.ErrAway, p.o.Issuer, secure(at))
	}
	if len(more.PKCE) > 0 && !slices.Contains(more.PKCE, "S256") {
		return nil, fmt.Errorf("%w: %s does not know PKCE by S256", access.ErrAway, p.o.Issuer)
	}
	end.AuthStyle = oauth2.AuthStyleInHeader // RFC 6749, 2.3.1: what every provider knows
	if p.o.Secret == "" || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		end.AuthStyle = oauth2.AuthStyleInParams
	}
	return &found{x, oauth2.Config{
		ClientID: p.o.Client, ClientSecret: string(p.o.Secret), Endpoint: end, RedirectURL: p.o.Redirect, Scopes: scopes(p.o.Claim),
	}, x.Verifier(&oidc.Config{ClientID: p.o.Client, Now: p.o.Now})}, nil
}

func scopes(claim string) []string {
	switch claim {
	case "sub":
		return []string{oidc.ScopeOpenID}
	case "email":
		return []string{oidc.ScopeOpenID, "email"}
	}
	return []string{oidc.ScopeOpenID, "profile"}
}

// Begin gives where a browser goes to, and what to keep until it comes back. access.ErrAway: the provider cannot be reached.
func (p *Provider) Begin(ctx context.Context, stepUp bool) (string, access.Asked, error) {
	f, err := p.discovered(ctx)
	if err != nil {
		return "", access.Asked{}, err
	}
	a := access.Asked{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), At: p.o.Now(), StepUp: stepUp}
	// With max_age the provider has to say when the person showed who they are (OpenID Connect Core, 2).
	more := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier), oidc.Nonce(a.Nonce)}
	if stepUp {
		more = append(more, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	} else {
		more = append(more, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(loginAge.Seconds()))))
	}
	if len(p.o.Methods.ACR) > 0 {
		more = append(more, oauth2.SetAuthURLParam("acr_values", joined(p.o.Methods.ACR)))
	}
	return f.config.AuthCodeURL(a.State, more...), a, nil
}

func joined(all []string) (out string) {
	for i, x := range all {
		if i > 0 {
			out += " "
		}
		out += x
	}
	return out
}

func no(why string, cause error) error { return &access.NotVouched{Why: why, Cause: cause} }

// claims are those that are looked at beside what go-oidc checks.
type claims struct {
	Party    string   `json:"azp"`
	AuthTime *float64 `json:"auth_time"` // seconds; some providers write a fraction
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	Session  string   `json:"sid"`
}

// Finish turns what a browser brought back into what the provider says. Access.NotVouched says why it lets nobody in;
// access.ErrAway: the provider cannot be reached.
func (p *Provider) Finish(ctx context.Context, a access.Asked, b access.Brought) (v access.Vouched, err error) {
	switch {
	case subtle.ConstantTimeCompare([]byte(a.State), []byte(b.State)) != 1 || a.State == "":
		return v, no("This answer belongs to another log-in. Begin again", nil)
	case b.Issuer != "" && b.Issuer != p.o.Issuer: // RFC 9207, 2.4
		return v, no("This answer comes from another provider", nil)
	case b.Error != "":
		return v, no("The provider let nobody in", fmt.Errorf("it answered %.100q", b.Error))
	case b.Code == "":
		return v, no("The provider sent no code. Begin again", nil)
	}
	f, err := p.discovered(ctx)
	if err != nil {
		return v, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := f.config.Exchange(ctx, b.Code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		if !reached(ctx, err) {
			return v, fmt.Errorf("%w: exchange the code at %s: %w", access.ErrAway, f.config.Endpoint.TokenURL, err)
		}
		return v, no("The provider did not take the code that it gave. Begin again", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return v, no("The provider did not say who you are", errors.New("no id_token beside the access token"))
	}
	token, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return v, no("What the provider says of you does not hold", err)
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return v, no("What the provider says of you cannot be read", err)
	}
	now := p.o.Now()
	if err := p.holds(token, c, a, now); err != nil {
		return v, no("What the provider says of you does not hold", err)
	}
	if !p.o.Methods.TwoFactors(c.ACR, c.AMR) {
		return v, no("The provider does not say that you showed two factors", fmt.Errorf("acr %.100q, amr %.200q; what is taken: --oidc-acr, --oidc-amr", c.ACR, c.AMR))
	}
	v = access.Vouched{Issuer: p.o.Issuer, Subject: token.Subject, Claim: p.o.Claim, ACR: c.ACR, AMR: c.AMR, Session: c.Session}
	if c.AuthTime != nil {
		v.Shown = time.Unix(int64(*c.AuthTime), 0).UTC()
	}
	if err := inTime(v.Shown, a, now); err != nil {
		return access.Vouched{}, err
	}
	v.Identity, err = p.identity(ctx, f, token, tokens)
	if err != nil {
		return access.Vouched{}, err
	}
	return v, nil
}

// holds checks what go-oidc leaves to who uses it (OpenID Connect Core, 3.1.3.7).
func (p *Provider) holds(token *oidc.IDToken, c claims, a access.Asked, now time.Time) error {
	switch {
	case token.Issuer != p.o.Issuer:
		return fmt.Errorf("the token is of issuer %.200q", token.Issuer)
	case a.Nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.Nonce)) != 1:
		return errors.New("the token has the nonce of another log-in")
	case c.Party != "" && c.Party != p.o.Client || len(token.Audience) > 1 && c.Party == "":
		return fmt.Errorf("the token was made for client %.200q", c.Party)
	case token.Subject == "" || len(token.Subject) > 255:
		return errors.New("the token has no subject of at most 255 characters")
	case token.IssuedAt.After(now.Add(skew)) || token.IssuedAt.Before(a.At.Add(-skew)):
		return fmt.Errorf("the token was made at %s, and the log-in began at %s: are the clocks right?", token.IssuedAt.UTC().Format(time.RFC3339), a.At.UTC().Format(time.RFC3339))
	}
	return nil
}

// inTime checks when somebody showed who they are. Nobody who did not say so did so in time.
func inTime(shown time.Time, a access.Asked, now time.Time) error {
	age := loginAge + skew
	if a.StepUp {
		age = stepUpAge
	}
	switch {
	case shown.IsZero() && !a.StepUp: // lets in; a decision then wants a step-up
		return nil
	case shown.IsZero():
		return no("The provider does not say when you showed who you are, which a step-up wants", errors.New("no auth_time in the token"))
	case shown.After(now.Add(skew)):
		return no("The clock of the provider is ahead", fmt.Errorf("auth_time %s", shown.Format(time.RFC3339)))
	case now.Sub(shown) >= age || a.StepUp && shown.Before(a.At.Add(-skew)):
		return no("The provider did not ask you anew who you are", fmt.Errorf("auth_time %s", shown.Format(time.RFC3339)))
	}
	return nil
}

// identity gives the claim that names the person, of the token or, where that has none, of the userinfo endpoint (OpenID
// Connect Core, 5.4).
func (p *Provider) identity(ctx context.Context, f *found, token *oidc.IDToken, tokens *oauth2.Token) (string, error) {
	var all map[string]json.RawMessage
	if err := token.Claims(&all); err != nil {
		return "", no("What the provider says of you cannot be read", err)
	}
	if all[p.o.Claim] == nil && f.UserInfoEndpoint() != "" {
		if token.AccessTokenHash != "" {
			if err := token.VerifyAccessToken(tokens.AccessToken); err != nil {
				return "", no("What the provider says of you does not hold", err)
			}
		}
		info, err := f.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
		if err != nil {
			return "", no("The provider did not say who you are", fmt.Errorf("ask %s: %w", f.UserInfoEndpoint(), err))
		}
		if info.Subject != token.Subject { // OpenID Connect Core, 5.3.2
			return "", no("What the provider says of you does not hold", fmt.Errorf("userinfo is of %.200q, the token of %.200q", info.Subject, token.Subject))
		}
		all = nil
		if err := info.Claims(&all); err != nil {
			return "", no("What the provider says of you cannot be read", err)
		}
	}
	var identity string
	if err := json.Unmarshal(all[p.o.Claim], &identity); err != nil || identity == "" || len(identity) > 320 {
		return "", no("The provider does not say who you are", fmt.Errorf("no claim %q with a text", p.o.Claim))
	}
	if p.o.Claim == "email" && !yes(all["email_verified"]) {
		return "", no("The provider did not verify your e-mail address", errors.New("email_verified is not true"))
	}
	return identity, nil
}

// yes tells whether a claim is true. Some providers write it as a text.
func yes(claim json.RawMessage) bool { return string(claim) == "true" || string(claim) == `"true"` }
