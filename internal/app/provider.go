package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/oidc"
	"holdfast.example/holdfast/internal/web"
)

// ProviderOptions say where people log in elsewhere. The zero ProviderOptions is nowhere.
type ProviderOptions struct {
	Issuer     string   // https, or an address of this machine
	Client     string   // client_id
	SecretFile string   // of the client; empty: a public one
	Claim      string   // which names the person: email, sub or one that is an id of the estate; empty: email
	ACR, AMR   []string // what counts as two factors; both empty: access.DefaultAMR
	Name       string   // what the button says; empty: the host of the issuer
}

// given tells whether anything was said of a provider.
func (o ProviderOptions) given() bool {
	return o.Issuer != "" || o.Client != "" || o.SecretFile != "" || o.Claim != "" || len(o.ACR) > 0 || len(o.AMR) > 0 || o.Name != ""
}

// provider is where people of the estate log in elsewhere.
type provider struct {
	*oidc.Provider
	name, client string
	people       *pages
}

// openProvider prepares a provider without asking it: one that is away keeps nobody from starting. Nil: there is none.
func openProvider(o ProviderOptions, origin string, people *pages) (*provider, error) {
	if !o.given() {
		return nil, nil
	}
	if o.Issuer == "" || o.Client == "" {
		return nil, &UsageError{"log-in by OpenID Connect wants both --oidc-issuer and --oidc-client"}
	}
	secret, err := clientSecret(o.SecretFile)
	if err != nil {
		return nil, err
	}
	x, err := oidc.New(oidc.Options{Issuer: o.Issuer, Client: o.Client, Secret: secret, Claim: o.Claim, Methods: access.Methods{ACR: o.ACR, AMR: o.AMR}, Redirect: origin + web.ProviderBack, Now: time.Now})
	if err != nil {
		return nil, &UsageError{"log-in by OpenID Connect (--oidc-…): " + err.Error()}
	}
	if o.Name == "" {
		at, err := url.Parse(o.Issuer)
		if err != nil {
			return nil, &UsageError{fmt.Sprintf("--oidc-issuer %q: %v", o.Issuer, err)}
		}
		o.Name = at.Hostname()
	}
	return &provider{x, o.Name, o.Client, people}, nil
}

// clientSecret reads the secret of a client from a file that others can neither read nor change; its group may read it.
func clientSecret(path string) (oidc.Secret, error) {
	if path == "" {
		return "", nil
	}
	data, err := secretFile("--oidc-secret-file", path)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(data))
	if text == "" {
		return "", &UsageError{fmt.Sprintf("--oidc-secret-file %s: it is empty; a public client wants no file", path)}
	}
	return oidc.Secret(text), nil
}

// maxSecret is how many bytes of a file of secrets are read.
const maxSecret = 4 << 10

// secretFile reads a file that others can neither read nor change; its group may read it.
func secretFile(flag, path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", flag, err)
	case !st.Mode().IsRegular() || st.Size() > maxSecret:
		return nil, &UsageError{fmt.Sprintf("%s %s: want a file of at most %d KiB", flag, path, maxSecret>>10)}
	case st.Mode().Perm()&0o037 != 0:
		return nil, &UsageError{fmt.Sprintf("%s %s: others can read or change it (mode %04o); chmod 600 %s", flag, path, st.Mode().Perm(), path)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return data, nil
}

// Name is what people call it.
func (p *provider) Name() string { return p.name }

// Begin says in the log why it could not.
func (p *provider) Begin(ctx context.Context, stepUp bool) (string, access.Asked, error) {
	address, a, err := p.Provider.Begin(ctx, stepUp)
	if err != nil && ctx.Err() == nil {
		p.people.o.Log("nobody can log in by %s: %v", p.name, err)
	}
	return address, a, err
}

// Finish tells who of the estate it was. Why somebody was not let in stands in the log.
func (p *provider) Finish(ctx context.Context, a access.Asked, b access.Brought) (access.Arrived, error) {
	v, err := p.Provider.Finish(ctx, a, b)
	if err != nil {
		if ctx.Err() == nil {
			p.people.o.Log("a log-in by %s was refused: %v", p.name, err)
		}
		return access.Arrived{}, err
	}
	people, err := p.people.People(ctx)
	if err != nil {
		return access.Arrived{}, err
	}
	person, err := vouchedFor(v, p.people.known(), people)
	if err != nil {
		p.people.o.Log("a log-in by %s was refused: %s %q is nobody of the estate today: %v", p.name, v.Claim, v.Identity, err)
		return access.Arrived{}, web.ErrNone
	}
	return access.Arrived{Person: person, Shown: v.Shown, At: access.Elsewhere{Subject: v.Subject, Session: v.Session}}, nil
}

// Ended says in the log why a word of the provider was not believed.
func (p *provider) Ended(ctx context.Context, token string) (access.Elsewhere, error) {
	e, err := p.Provider.Ended(ctx, token)
	if err != nil && ctx.Err() == nil {
		p.people.o.Log("what claims to be a word of %s that a session ended was refused: %v", p.name, err)
	}
	return e, err
}

// vouchedFor finds whom a provider vouches for, among those who work here today. An e-mail address and a subject are those of
// the estate; any other claim is an id of it. Whom the estate knows by a subject of this provider comes in under no other, so
// that an address that was given to somebody else opens nothing.
func vouchedFor(v access.Vouched, e *estate.Estate, today []web.Person) (string, error) {
	var found []string
	for _, p := range today {
		x := e.Person(p.ID) // nil without an estate
		switch {
		case v.Identity == "":
		case v.Claim == "sub":
			if x == nil || x.Subject.Sub != v.Subject || string(x.Subject.Issuer) != v.Issuer {
				continue
			}
			found = append(found, p.ID)
		case v.Claim == "email":
			if x != nil && x.Email != "" && strings.EqualFold(string(x.Email), v.Identity) {
				found = append(found, p.ID)
			}
		case p.ID == v.Identity:
			found = append(found, p.ID)
		}
	}
	switch {
	case len(found) == 0:
		return "", errors.New("no person is called so")
	case len(found) > 1:
		return "", fmt.Errorf("%s are all called so", strings.Join(found, ", "))
	}
	if x := e.Person(found[0]); x != nil && string(x.Subject.Issuer) == v.Issuer && x.Subject.Sub != v.Subject {
		return "", fmt.Errorf("%s has another subject there, by the estate", found[0])
	}
	return found[0], nil
}
