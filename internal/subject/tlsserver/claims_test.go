package tlsserver

import (
	"slices"
	"testing"

	"holdfast.example/holdfast/internal/fact"
)

// Each key that an endpoint shows is claimed once, that of a second chain too, and that of a CA not.
func TestClaims(t *testing.T) {
	f := sampleWith(func(f *Fact) {
		f.Chain[0].Public, f.Chain[1].Public = "a", "ca"
		f.Others = [][]Certificate{{{Subject: "CN=shop.example", Public: "b"}}, {{Subject: "CN=shop.example", Public: "a"}}, {{Subject: "CN=old"}}}
	})
	claim := func(key string) fact.Claim {
		return fact.Claim{Kind: "certificate_key", Fingerprint: key, Label: "CN=shop.example", At: "192.0.2.1:443"}
	}
	if got := Probe.Claims(f); !slices.Equal(got, []fact.Claim{claim("a"), claim("b")}) {
		t.Errorf("%+v", got)
	}
	if got := Probe.Claims(unseenChain()); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}
