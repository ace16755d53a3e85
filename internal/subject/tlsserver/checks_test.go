package tlsserver

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Probe, []*check.Check{OldProtocols, WeakSuites, Dates, Expiring, Name, Wildcard, Trust, Key, Signature, MinGrade})
}

// Nothing passes on a fact of which nothing was seen.
func TestBlind(t *testing.T) {
	f := Fact{Name: "shop.example"}
	for _, v := range Versions {
		f.Note(v, unread)
	}
	f.Note(PartChain, unread)
	f.Note(PartHTTP, unread)
	params := check.Catalogue{Expiring.ID: {Params: map[string]any{"days": 30}}, MinGrade.ID: {Params: map[string]any{"least": "A"}},
		Key.ID: {Params: map[string]any{"rsa_bits": 3072, "ecdsa_bits": 256}}}
	for _, c := range []*check.Check{OldProtocols, WeakSuites, Dates, Expiring, Name, Wildcard, Trust, Key, Signature, MinGrade} {
		if err := check.Leaves("blind", f).Verify(c, params); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
	}
}
