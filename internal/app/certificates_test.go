package app

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/estate/scalar"
)

// TestCertificates: each certificate stands once, with every endpoint that showed it and whose it is; what an
// endpoint showed before does not count any more.
func TestCertificates(t *testing.T) {
	named(t, "127.0.0.1")
	// serves gives each server a certificate of its own, for an hour.
	one, two := serves(t, "127.0.0.1", "0", &tls.Config{MinVersion: tls.VersionTLS12}), serves(t, "127.0.0.1", "0", &tls.Config{MinVersion: tls.VersionTLS12})
	state, file := t.TempDir(), filepath.Join(t.TempDir(), "estate.yaml")
	yaml := fmt.Sprintf(`organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
teams: [{name: checkout, lead: erika, members: [erika], contact: checkout@northwind.example}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: high, exposure: internet, environments: [prod]}]
systems:
  - {name: web-1, application: shop, environment: prod, services: [{port: %[1]s, protocol: https, audience: internet, kind: web-ui, url: "https://shop.test:%[1]s"}]}
`, one)
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, target := range []string{"tls://shop.test:" + one, "tls://other.test:" + one, "tls://shop.test:" + two} {
			if _, err := Assess(t.Context(), Options{Targets: []string{target}, State: state}); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(q CertificateQuery) []Certificate {
		q.State, q.Estate = state, file
		if q.Now.IsZero() {
			q.Now = time.Now()
		}
		out, err := Certificates(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := list(CertificateQuery{})
	if len(all) != 2 || len(all[0].UsedAt)+len(all[1].UsedAt) != 3 {
		t.Fatalf("%+v", all)
	}
	own := list(CertificateQuery{Apps: []string{"shop"}})
	if len(own) != 1 || len(own[0].UsedAt) != 1 || own[0].Status != "ending" {
		t.Fatalf("%+v", own)
	}
	if u := own[0].UsedAt[0]; u.System != "prod/web-1" || u.Teams[0] != "checkout" || u.Endpoint != "shop.test:"+one {
		t.Errorf("%+v", u)
	}
	if got := list(CertificateQuery{Envs: []string{"test"}}); len(got) != 0 {
		t.Errorf("of another environment: %+v", got)
	}
	if got := list(CertificateQuery{Within: scalar.Duration{Clock: time.Minute}}); len(got) != 0 {
		t.Errorf("within a minute: %+v", got)
	}
	if got := list(CertificateQuery{Now: time.Now().AddDate(0, 0, 3)}); len(got) != 2 || got[0].Status != "ended" || got[0].DaysLeft != -2 {
		t.Errorf("in three days: %+v", got)
	}
	if got := list(CertificateQuery{Now: time.Now().AddDate(0, 0, -1)}); len(got) != 0 {
		t.Errorf("before anything was seen: %+v", got)
	}
}
