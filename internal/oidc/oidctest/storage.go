package oidctest

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var errNone = errors.New("there is no such thing")

// request is a log-in under way.
type request struct {
	*oidc.AuthRequest
	id   string
	user User
	at   time.Time
	done bool
}

func (r *request) GetID() string                      { return r.id }
func (r *request) GetACR() string                     { return r.user.ACR }
func (r *request) GetAMR() []string                   { return r.user.AMR }
func (r *request) GetAudience() []string              { return []string{r.ClientID} }
func (r *request) GetAuthTime() time.Time             { return r.at }
func (r *request) GetClientID() string                { return r.ClientID }
func (r *request) GetNonce() string                   { return r.Nonce }
func (r *request) GetRedirectURI() string             { return r.RedirectURI }
func (r *request) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r *request) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }
func (r *request) GetScopes() []string                { return r.Scopes }
func (r *request) GetState() string                   { return r.State }
func (r *request) GetSubject() string                 { return r.user.Subject }
func (r *request) Done() bool                         { return r.done }
func (r *request) GetCodeChallenge() *oidc.CodeChallenge {
	if r.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

// client is who sends people here.
type client struct{ Client }

func (c client) GetID() string                       { return c.ID }
func (c client) RedirectURIs() []string              { return []string{c.Redirect} }
func (c client) PostLogoutRedirectURIs() []string    { return nil }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod {
	if c.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) GrantTypes() []oidc.GrantType        { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c client) LoginURL(id string) string           { return "/login?id=" + id }
func (c client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration      { return 5 * time.Minute }
func (c client) DevMode() bool                       { return true }
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}

func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (c client) IsScopeAllowed(string) bool           { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return c.InToken }
func (c client) ClockSkew() time.Duration             { return 0 }

// key is a public key.
type key struct {
	id string
	of any
}

func (k key) ID() string                         { return k.id }
func (k key) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k key) Use() string                        { return "sig" }
func (k key) Key() any                           { return k.of }

// signing is a private one.
type signing struct{ key }

func (s signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }

// CreateAuthRequest keeps what a browser came with.
func (p *Provider) CreateAuthRequest(_ context.Context, a *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &request{AuthRequest: a, id: rand.Text()}
	p.asked[r.id] = r
	return r, nil
}

// AuthRequestByID gives a log-in under way.
func (p *Provider) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.asked[id]; r != nil {
		return r, nil
	}
	return nil, errNone
}

// AuthRequestByCode gives the log-in of a code.
func (p *Provider) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	p.mu.Lock()
	id, ok := p.codes[code]
	p.mu.Unlock()
	if !ok {
		return nil, errNone
	}
	return p.AuthRequestByID(ctx, id)
}

// SaveAuthCode keeps a code.
func (p *Provider) SaveAuthCode(_ context.Context, id, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = id
	return nil
}

// DeleteAuthRequest ends a log-in: its code is used up.
func (p *Provider) DeleteAuthRequest(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.asked, id)
	return nil
}

// CreateAccessToken makes one for the userinfo endpoint.
func (p *Provider) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := rand.Text()
	p.tokens[id] = r.GetSubject()
	return id, time.Now().Add(5 * time.Minute), nil
}

// SigningKey gives the key that signs.
func (p *Provider) SigningKey(context.Context) (op.SigningKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return signing{key{p.keyID, p.key}}, nil
}

// SignatureAlgorithms gives the only one.
func (p *Provider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet gives the public keys.
func (p *Provider) KeySet(context.Context) (out []op.Key, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.keys {
		out = append(out, k)
	}
	return out, nil
}

// GetClientByClientID gives the only client.
func (p *Provider) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id != p.client.ID {
		return nil, errNone
	}
	return p.client, nil
}

// AuthorizeClientIDSecret checks the client's secret.
func (p *Provider) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id != p.client.ID || subtle.ConstantTimeCompare([]byte(secret), []byte(p.secret)) != 1 {
		return errNone
	}
	return nil
}

func (p *Provider) tell(i *oidc.UserInfo, subject string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.users {
		if u.Subject == subject {
			i.Subject, i.PreferredUsername, i.Email, i.EmailVerified = u.Subject, u.Name, u.Email, oidc.Bool(u.Verified)
			return nil
		}
	}
	return errNone
}

// SetUserinfoFromScopes is called for what a token holds.
func (p *Provider) SetUserinfoFromScopes(_ context.Context, i *oidc.UserInfo, subject, _ string, _ []string) error {
	p.mu.Lock()
	tells := p.client.InToken
	p.mu.Unlock()
	if tells {
		return p.tell(i, subject)
	}
	i.Subject = subject
	return nil
}

// SetUserinfoFromToken is called for the userinfo endpoint.
func (p *Provider) SetUserinfoFromToken(_ context.Context, i *oidc.UserInfo, token, _, _ string) error {
	p.mu.Lock()
	subject, ok := p.tokens[token]
	p.mu.Unlock()
	if !ok {
		return errNone
	}
	return p.tell(i, subject)
}

// The rest of what a provider can do is not done here.

// CreateAccessAndRefreshTokens is for clients that stay.
func (p *Provider) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNone
}

// TokenRequestByRefreshToken is for clients that stay.
func (p *Provider) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNone
}

// TerminateSession ends nothing.
func (p *Provider) TerminateSession(context.Context, string, string) error { return nil }

// RevokeToken revokes nothing.
func (p *Provider) RevokeToken(context.Context, string, string, string) *oidc.Error { return nil }

// GetRefreshTokenInfo knows none.
func (p *Provider) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// SetIntrospectionFromToken says nothing.
func (p *Provider) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNone
}

// GetPrivateClaimsFromScopes has none.
func (p *Provider) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// GetKeyByIDAndClientID knows none.
func (p *Provider) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNone
}

// ValidateJWTProfileScopes takes none.
func (p *Provider) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNone
}

// Health is good.
func (p *Provider) Health(context.Context) error { return nil }
