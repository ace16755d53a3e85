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
)

// CertificateQuery says which certificates to list.
type CertificateQuery struct {
	State, DB  string
	Estate     string // file or folder; empty: owners are not known
	Apps, Envs []string
	Within     scalar.Duration // only those that end within it, or have ended; zero: all
	Now        time.Time       // judges, and what was seen after it is left out
}

// Certificate is the certificate of an endpoint, with where it was last seen in use.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"` // hex
	Names       []string  `json:"names"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	DaysLeft    int       `json:"days_left"` // whole days; below 0 when it has ended
	Status      string    `json:"status"`    // ended, ending (within the window of the estate, else 30 days), valid, future
	Key         string    `json:"key"`       // ECDSA 256
	Signature   string    `json:"signature"`
	Fingerprint string    `json:"fingerprint"` // SHA-256 of the certificate, hex
	PublicKey   string    `json:"public_key"`  // SHA-256 of the public key (RFC 7469 section 2.4), hex
	UsedAt      []Use     `json:"used_at"`
}

// Use is an endpoint that showed a certificate, and whose it is.
type Use struct {
	Endpoint     string    `json:"endpoint"` // shop.example:443
	Address      string    `json:"address"`  // 192.0.2.1:443
	System       string    `json:"system,omitempty"`
	Environment  string    `json:"environment,omitempty"`
	Applications []string  `json:"applications,omitempty"`
	Teams        []string  `json:"teams,omitempty"`
	SeenAt       time.Time `json:"seen_at"`
}

// Certificates lists the certificates that endpoints showed when they were last seen, the first to end first.
func Certificates(ctx context.Context, q CertificateQuery) ([]Certificate, error) {
	var e *estate.Estate
	if q.Estate != "" {
		loaded, problems, err := LoadEstate(q.Estate)
		if err != nil {
			return nil, err
		}
		if loaded == nil {
			return nil, &EstateError{problems}
		}
		e = loaded
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
		use := useOf(o.Subject, f.Address, o.ObservedAt, e.View(o.Subject))
		if !use.asked(q) {
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

func (u Use) asked(q CertificateQuery) bool {
	return (len(q.Envs) == 0 || slices.Contains(q.Envs, u.Environment)) &&
		(len(q.Apps) == 0 || slices.ContainsFunc(u.Applications, func(a string) bool { return slices.Contains(q.Apps, a) }))
}
