package tlsserver

import (
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func all() []*check.Check {
	return []*check.Check{OldProtocols, WeakSuites, Dates, Expiring, Name, Wildcard, Trust, Key, Signature, MinGrade,
		KnownAttacks, Oracles, Renegotiation, Downgrade, Parameters, Compression, Revocation, ChainOrder}
}

func TestChecks(t *testing.T) {
	checktest.Run(t, Probe, all())
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
		Parameters.ID: {Params: map[string]any{"bits": 2048}},
		Key.ID:        {Params: map[string]any{"rsa_bits": 3072, "ecdsa_bits": 256}}}
	for _, c := range all() {
		if err := check.Leaves("blind", f).Verify(c, params); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
	}
}

// What to do is said for whatever speaks TLS here.
func TestRemedies(t *testing.T) {
	for _, c := range all() {
		for _, servers := range []string{"nginx", "Apache", "HAProxy", "Caddy", "Envoy", "Java|Tomcat", "Go:|Go |Go,|Go."} {
			if !slices.ContainsFunc(strings.Split(servers, "|"), func(s string) bool { return strings.Contains(c.Remedy+" ", s) }) {
				t.Errorf("%s: the remedy says nothing of %s", c.ID, servers)
			}
		}
	}
}
