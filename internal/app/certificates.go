package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/subject/tlsserver"
	"holdfast.example/holdfast/internal/web"
)

// CertificateQuery says which certificates to list.
type CertificateQuery struct {
	State, DB  string
	Estate     string // file or folder; empty: owners are not known
	Apps, Envs []string
	Within     scalar.Duration // only those that end within it, or have ended; zero: all
	Now        time.Time       // judges, and what was seen after it is left out

	known *estate.Estate           // is read already; nil: Estate is read
	sees  func(v estate.View) bool // nil: all
}

// Certificate is the certificate of an endpoint, with where it was last seen in use.
type Certificate = web.Certificate

// Use is an endpoint that showed a certificate, and whose it is.
type Use = web.Use

// Certificates lists the certificates that endpoints showed when they were last seen, the first to end first.
func Certificates(ctx context.Context, q CertificateQuery) ([]Certificate, error) {
	e := q.known
	if e == nil && q.Estate != "" {
		var err error
		if e, err = soundEstate(q.Estate); err != nil {
			return nil, err
		}
	}
	state, err := StateDir(q.State)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, state, q.DB)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	obs, err := store.Latest(ctx, tlsserver.Probe.Kind.String(), q.Now, (&world{}).decode)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	out := []Certificate{}
	for _, o := range obs {
		f, ok := o.Fact.(tlsserver.Fact)
		if !ok {
			continue // recorded by a version that this one cannot read
		}
		view := e.View(o.Subject)
		use := useOf(o.Subject, f.Address, o.ObservedAt, view)
		if !q.asks(use) || q.sees != nil && !q.sees(view) {
			continue
		}
		for _, chain := range append([][]tlsserver.Certificate{f.Chain}, f.Others...) {
			if len(chain) == 0 {
				continue
			}
			i, known := at[chain[0].Fingerprint]
			if !known {
				i = len(out)
				at[chain[0].Fingerprint] = i
				out = append(out, inventoried(chain[0], q.Now, e.Limits().CertWarn))
			}
			out[i].UsedAt = append(out[i].UsedAt, use)
		}
	}
	if !q.Within.IsZero() {
		last := q.Within.From(q.Now)
		out = slices.DeleteFunc(out, func(c Certificate) bool { return c.NotAfter.After(last) })
	}
	slices.SortStableFunc(out, func(a, b Certificate) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return out, nil
}

func inventoried(c tlsserver.Certificate, now time.Time, window scalar.Duration) Certificate {
	out := Certificate{Subject: c.Subject, Issuer: c.Issuer, Serial: c.Serial, Names: slices.Concat([]string{}, c.Names, c.Addresses),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Key: strings.TrimSpace(c.Key + " " + size(c.KeyBits)), Signature: c.Signature,
		Fingerprint: c.Fingerprint, PublicKey: c.Public, Status: "valid"}
	if window.IsZero() {
		window = scalar.Duration{Days: 30}
	}
	left := c.NotAfter.Sub(now)
	out.DaysLeft = int(left / (24 * time.Hour))
	switch {
	case left < 0:
		out.DaysLeft, out.Status = min(out.DaysLeft, -1), "ended"
	case now.Before(c.NotBefore):
		out.Status = "future"
	case c.NotAfter.Before(window.From(now)):
		out.Status = "ending"
	}
	return out
}

func useOf(endpoint, address string, seen time.Time, v estate.View) Use {
	u := Use{Endpoint: endpoint, Address: address, SeenAt: seen, System: v.Subject()}
	if env := v.Environment(); env != nil {
		u.Environment = env.Name
	}
	for _, a := range v.Applications() {
		u.Applications = append(u.Applications, a.Name)
		if a.Team != "" && !slices.Contains(u.Teams, a.Team) {
			u.Teams = append(u.Teams, a.Team)
		}
	}
	return u
}

func (q CertificateQuery) asks(u Use) bool {
	return (len(q.Envs) == 0 || slices.Contains(q.Envs, u.Environment)) &&
		(len(q.Apps) == 0 || slices.ContainsFunc(u.Applications, func(a string) bool { return slices.Contains(q.Apps, a) }))
}
