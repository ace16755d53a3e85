// Package oidctest is an OpenID provider for tests: it has users, a log-in page and sessions of its own, and can be told to lie.
// Nothing but tests imports it.
package oidctest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// User is somebody whom the provider knows.
type User struct {
	Name, Subject, Email string
	Verified             bool // the e-mail address
	ACR                  string
	AMR                  []string
}

// Lies is how a provider deviates. The zero Lies tells the truth.
type Lies struct {
	Claims    func(map[string]any) // changes those of the token
	Key       *ecdsa.PrivateKey    // signs the token; nil: the provider's
	Ahead     time.Duration        // of its clock
	Discovery func(map[string]any) // changes what it says of itself
	Size      int                  // bytes that come before each answer; 0: none
	Away      bool                 // it answers nothing
	UserInfo  func(map[string]any) // changes what the userinfo endpoint says
}

// Provider is one that runs in the process of a test.
type Provider struct {
	Issuer string
	op     http.Handler

	mu      sync.Mutex
	lies    Lies
	client  client
	secret  string // empty: a public client
	users   map[string]User
	asked   map[string]*request
	codes   map[string]string // of requests
	tokens  map[string]string // subjects by access token
	in      map[string]signedIn
	key     *ecdsa.PrivateKey
	keyID   string
	keys    []key
	screens int // log-in pages that were shown
}

type signedIn struct {
	user string
	at   time.Time
}

// Client is who may send people here.
type Client struct {
	ID, Secret, Redirect string
	InToken              bool // claims are in the token, and not at the userinfo endpoint alone
}

// New runs a provider until the end of a test.
func New(t testing.TB, c Client, users ...User) *Provider {
	t.Helper()
	p := &Provider{secret: c.Secret, client: client{c}, users: map[string]User{}, asked: map[string]*request{}, codes: map[string]string{}, tokens: map[string]string{}, in: map[string]signedIn{}}
	for _, u := range users {
		p.users[u.Name] = u
	}
	p.Rotate()
	ts := httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.Issuer = "http://" + ts.Listener.Addr().String()
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	rand.Read(config.CryptoKey[:])
	x, err := op.NewProvider(config, p, op.StaticIssuer(p.Issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	p.op = x
	ts.Start()
	t.Cleanup(ts.Close)
	return p
}

// NewKey makes one that signs by ES256.
func NewKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// Rotate signs by a new key from now on, and forgets the old one.
func (p *Provider) Rotate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.keyID = NewKey(), rand.Text()
	p.keys = []key{{p.keyID, &p.key.PublicKey}}
}

// Register names the client, whose address is often known late.
func (p *Provider) Register(c Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client, p.secret = client{c}, c.Secret
}

// Lie has the provider deviate from now on.
func (p *Provider) Lie(l Lies) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lies = l
}

// Screens counts the log-in pages that were shown.
func (p *Provider) Screens() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screens
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	l := p.lies
	p.mu.Unlock()
	switch {
	case l.Away:
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c.Close()
		}
	case r.URL.Path == "/login":
		p.login(w, r)
	case l.Size > 0:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, io.LimitReader(spaces{}, int64(l.Size)))
		p.op.ServeHTTP(body{w}, r)
	case r.URL.Path == "/oauth/token" && (l.Claims != nil || l.Key != nil || l.Ahead != 0):
		p.changed(w, r, func(all map[string]any) { all["id_token"] = p.forged(all["id_token"], l) })
	case strings.HasPrefix(r.URL.Path, "/.well-known/") && l.Discovery != nil:
		p.changed(w, r, l.Discovery)
	case r.URL.Path == "/userinfo" && l.UserInfo != nil:
		p.changed(w, r, l.UserInfo)
	default:
		p.op.ServeHTTP(w, r)
	}
}

// body writes no head: that is out already.
type body struct{ http.ResponseWriter }

func (body) WriteHeader(int) {}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// changed answers as the provider does, with a change.
func (p *Provider) changed(w http.ResponseWriter, r *http.Request, change func(map[string]any)) {
	rec := httptest.NewRecorder()
	p.op.ServeHTTP(rec, r)
	var all map[string]any
	if rec.Code != http.StatusOK || json.Unmarshal(rec.Body.Bytes(), &all) != nil {
		w.WriteHeader(rec.Code)
		_, _ = rec.Body.WriteTo(w)
		return
	}
	change(all)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all)
}

// forged gives a token with other claims, signed by another key or the same.
func (p *Provider) forged(token any, l Lies) string {
	text, _ := token.(string)
	was, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return text
	}
	var all map[string]any
	from := json.NewDecoder(bytes.NewReader(was.UnsafePayloadWithoutVerification()))
	from.UseNumber()
	if err := from.Decode(&all); err != nil {
		return text
	}
	for _, name := range []string{"iat", "exp", "auth_time"} {
		if n, ok := all[name].(json.Number); ok {
			at, _ := n.Int64()
			all[name] = at + int64(l.Ahead.Seconds())
		}
	}
	if l.Claims != nil {
		l.Claims(all)
	}
	return p.signed(all, l.Key)
}

// Ended is the provider's word that the sessions of a user, or one of them, ended there, with a change.
func (p *Provider) Ended(subject, session string, change func(map[string]any)) string {
	p.mu.Lock()
	all := map[string]any{"iss": p.Issuer, "aud": p.client.ID, "iat": time.Now().Unix(), "exp": time.Now().Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
	p.mu.Unlock()
	if subject != "" {
		all["sub"] = subject
	}
	if session != "" {
		all["sid"] = session
	}
	if change != nil {
		change(all)
	}
	return p.signed(all, nil)
}

// signed signs claims by a key; nil: the provider's.
func (p *Provider) signed(all map[string]any, by *ecdsa.PrivateKey) string {
	p.mu.Lock()
	k, id := p.key, p.keyID
	p.mu.Unlock()
	if by != nil {
		k = by
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: &jose.JSONWebKey{Key: k, KeyID: id}}, nil)
	if err != nil {
		return ""
	}
	data, _ := json.Marshal(all)
	signed, err := signer.Sign(data)
	if err != nil {
		return ""
	}
	out, _ := signed.CompactSerialize()
	return out
}

// login is the page where a user tells the name, and what follows; who did so before is let through unless it is to be asked.
func (p *Provider) login(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := r.FormValue("id")
	q := p.asked[id]
	if q == nil {
		http.Error(w, "no such request", http.StatusNotFound)
		return
	}
	u, known := p.users[r.PostFormValue("user")]
	in := signedIn{u.Name, time.Now()}
	if k, err := r.Cookie("op"); !known && err == nil && !slices.Contains(q.Prompt, oidc.PromptLogin) {
		if in, known = p.in[k.Value]; known && (q.MaxAge == nil || time.Since(in.at) < time.Duration(*q.MaxAge)*time.Second) {
			u = p.users[in.user]
		} else {
			known = false
		}
	}
	if !known {
		p.screens++
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Provider</title><h1>Provider</h1><form method="post" action="/login"><input type="hidden" name="id" value="%s"><label>Name <input name="user"></label><button>Come in</button></form>`, html.EscapeString(id))
		return
	}
	q.user, q.at, q.done = u, in.at, true
	session := rand.Text()
	p.in[session] = in
	http.SetCookie(w, &http.Cookie{Name: "op", Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, p.Issuer+"/authorize/callback?id="+url.QueryEscape(id), http.StatusFound)
}

// Visit goes to the provider as a browser does, logs in under a name where it asks for one, and gives where it is sent back to.
// The client follows no redirects by itself.
func (p *Provider) Visit(ctx context.Context, c *http.Client, address, user string) (*url.URL, error) {
	var form url.Values
	for range 10 {
		method, text := http.MethodGet, ""
		if form != nil {
			method, text = http.MethodPost, form.Encode()
		}
		r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := c.Do(r)
		if err != nil {
			return nil, err
		}
		page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return nil, err
		}
		next, err := resp.Location()
		switch {
		case err == nil && !strings.HasPrefix(next.String(), p.Issuer+"/"):
			return next, nil
		case err == nil:
			address, form = next.String(), nil
		case resp.StatusCode == http.StatusOK && form == nil:
			_, rest, _ := strings.Cut(string(page), `name="id" value="`)
			id, _, _ := strings.Cut(rest, `"`)
			address, form = p.Issuer+"/login", url.Values{"id": {id}, "user": {user}}
		default:
			return nil, fmt.Errorf("%s answered %s: %.300s", address, resp.Status, page)
		}
	}
	return nil, errors.New("the provider sends from page to page")
}
