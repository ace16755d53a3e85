package app

import (
	"crypto/tls"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestObservatory: the site behind an endpoint is scored beside it, seen now and as recorded; an endpoint without a
// site is not.
func TestObservatory(t *testing.T) {
	named(t, "127.0.0.1")
	port := serves(t, "127.0.0.1", "0", &tls.Config{})
	o := Options{Targets: []string{"https://shop.test:" + port}, State: t.TempDir()}
	a, err := Assess(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Endpoints) != 1 || a.Endpoints[0].Observatory == nil {
		t.Fatalf("%+v", a.Endpoints)
	}
	score := a.Endpoints[0].Observatory
	outcomes := map[string]string{}
	for _, x := range score.Tests {
		outcomes[x.Name] = x.Outcome
	}
	// The certificate is signed by itself, and a port besides 443 has no port for plain HTTP.
	if score.Score == nil || outcomes["strict-transport-security"] != "hsts-invalid-cert" || !cmp.Equal(score.Unseen, []string{"redirection"}) {
		t.Errorf("%+v", score)
	}
	o.From = "last"
	again, err := Assess(t.Context(), o)
	if err != nil || len(again.Endpoints) != 1 {
		t.Fatal(err, again)
	}
	if d := cmp.Diff(score, again.Endpoints[0].Observatory); d != "" {
		t.Errorf("as recorded (-now +recorded):\n%s", d)
	}
	bare, err := Assess(t.Context(), Options{Targets: []string{"tls://shop.test:" + port}, State: t.TempDir()})
	if err != nil || bare.Endpoints[0].Observatory != nil {
		t.Errorf("%v %+v", err, bare)
	}
}
