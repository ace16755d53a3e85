package tlsserver

import (
	"slices"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// TestRate: letters and scores are worked out by hand from the guide: 0.30 protocol + 0.30 key exchange +
// 0.40 cipher, rounded down once. P, K and C are the three parts.
func TestRate(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	protocol := func(name string, suites ...string) Protocol {
		p := Protocol{Name: name}
		for _, s := range suites {
			p.Suites = append(p.Suites, Suite{Name: s})
		}
		return p
	}
	const aead, cbc = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
	base := func() Fact {
		return Fact{Name: "shop.example", Address: "192.0.2.1:443", Trust: "trusted", SecureReneg: true, HTTP: true,
			HSTS: []string{"max-age=63072000; includeSubDomains"},
			Chain: []Certificate{{Names: []string{"shop.example"}, NotBefore: now.AddDate(0, 0, -30), NotAfter: now.AddDate(0, 0, 60),
				Key: "ECDSA", KeyBits: 256, Signature: "ECDSA-SHA256"}},
			Protocols: []Protocol{protocol("TLS 1.3", "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"), protocol("TLS 1.2", aead)}}
	}
	for _, c := range []struct {
		name   string
		change func(f *Fact)
		letter string
		score  int
		rule   string // of the worst reason; empty without any
	}{
		{"clean: P 100, K 100, C (80+100)/2 = 90: 96", func(f *Fact) {}, "A+", 96, ""},
		{"TLS 1.3 alone", func(f *Fact) { f.Protocols = f.Protocols[:1]; f.SecureReneg = false }, "A+", 96, ""},
		{"no HSTS", func(f *Fact) { f.HSTS = nil }, "A-", 96, "hsts"},
		{"HSTS of a month", func(f *Fact) { f.HSTS = []string{"max-age=2592000"} }, "A", 96, "hsts"},
		{"HSTS switched off", func(f *Fact) { f.HSTS = []string{"max-age=0"} }, "A-", 96, "hsts"},
		{"no HTTP", func(f *Fact) { f.HTTP, f.HSTS = false, nil }, "A", 96, "hsts"},
		{"a certificate of the client is wanted", func(f *Fact) { f.HTTP, f.HSTS, f.AsksClient, f.ClientRequired = false, nil, true, true }, "A", 96, "hsts"},
		{"no TLS 1.3: C 80: 30+30+32", func(f *Fact) { f.Protocols = f.Protocols[1:] }, "A-", 92, "no-tls13"},
		{"TLS 1.0: P (100+90)/2 = 95: 28.5+30+36 = 94.5", func(f *Fact) { f.Protocols = append(f.Protocols, protocol("TLS 1.0", cbc)) }, "B", 94, "tls10"},
		{"TLS 1.1: P (100+95)/2 = 97.5: 29.25+30+36 = 95.25", func(f *Fact) { f.Protocols = append(f.Protocols, protocol("TLS 1.1", cbc)) }, "B", 95, "tls11"},
		{"SSL 3.0: P (100+80)/2 = 90: 27+30+36; CBC is POODLE", func(f *Fact) { f.Protocols = append(f.Protocols, protocol("SSL 3.0", "TLS_RSA_WITH_AES_128_CBC_SHA")) }, "C", 93, ""},
		{"SSL 2.0: P (100+0)/2 = 50: 15+30+36", func(f *Fact) { f.Protocols = append(f.Protocols, Protocol{Name: "SSL 2.0"}) }, "F", 81, "ssl2"},
		{"RSA 2048: K 90: 30+27+36", func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits = "RSA", 2048 }, "A+", 93, ""},
		{"RSA 4096: K 100", func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits = "RSA", 4096 }, "A+", 96, ""},
		{"RSA 1024: K 80: 30+24+36", func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits = "RSA", 1024 }, "B", 90, "key"},
		{"RSA 768: K 40: 30+12+36", func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits = "RSA", 768 }, "F", 78, "key"},
		{"DH 1024: K 80", func(f *Fact) {
			f.Protocols[1].Suites = append(f.Protocols[1].Suites, Suite{Name: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHBits: 1024})
		}, "B", 90, "dh"},
		{"DH 768: K 40", func(f *Fact) {
			f.Protocols[1].Suites = append(f.Protocols[1].Suites, Suite{Name: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHBits: 768})
		}, "F", 78, "dh"},
		{"anonymous: K 0, all 0", func(f *Fact) { f.Protocols[1] = protocol("TLS 1.2", aead, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA") }, "F", 0, ""},
		{"NULL: C (0+100)/2 = 50: 30+30+20", func(f *Fact) { f.Protocols[1] = protocol("TLS 1.2", aead, "TLS_RSA_WITH_NULL_SHA256") }, "F", 80, ""},
		{"export: K 40, C (20+100)/2 = 60: 30+12+24", func(f *Fact) { f.Protocols[1] = protocol("TLS 1.2", aead, "TLS_RSA_EXPORT_WITH_RC4_40_MD5") }, "F", 66, ""},
		{"RC4 that a modern client does not choose", func(f *Fact) { f.Protocols[1] = protocol("TLS 1.2", aead, "TLS_RSA_WITH_RC4_128_SHA") }, "B", 96, "rc4"},
		{"RC4 first in the server's order", func(f *Fact) {
			f.Protocols[1] = protocol("TLS 1.2", "TLS_RSA_WITH_RC4_128_SHA", aead)
			f.Protocols[1].Order = "server"
		}, "C", 96, ""},
		{"compression", func(f *Fact) { f.Compression = true }, "C", 96, "crime"},
		{"no secure renegotiation", func(f *Fact) { f.SecureReneg = false }, "A-", 96, "renegotiation"},
		{"self-signed ends the scoring", func(f *Fact) { f.Trust = "self-signed" }, "T", 0, "trust"},
		{"incomplete chain", func(f *Fact) { f.Trust = "incomplete" }, "B", 96, "chain"},
		{"a root sent along is a note", func(f *Fact) {
			f.Chain = append(f.Chain, Certificate{Subject: "CN=Root", Issuer: "CN=Root"})
			f.Chain[0].Issuer = "CN=Root"
		}, "A+", 96, "chain-root"},
		{"a certificate too many is a note", func(f *Fact) { f.Chain = append(f.Chain, Certificate{Subject: "CN=Other", Issuer: "CN=Root"}) }, "A+", 96, "chain-extra"},
		{"expired, and nobody can tell whether it was trusted", func(f *Fact) { f.Trust = ""; f.Chain[0].NotAfter = now.Add(-time.Second) }, "T", 0, "expired"},
		{"whether it is trusted cannot be told", func(f *Fact) { f.Trust = ""; f.Note(PartTrust, &fact.Problem{Cause: fact.NotParsable}) }, "", 0, "chain"},
		{"Ed448 is worth no less than Ed25519", func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits = "Ed448", 456 }, "A+", 96, ""},
		{"expired", func(f *Fact) { f.Chain[0].NotAfter = now.Add(-time.Second) }, "T", 0, "expired"},
		{"not yet valid", func(f *Fact) { f.Chain[0].NotBefore = now.Add(time.Second) }, "T", 0, "not-yet-valid"},
		{"wrong name", func(f *Fact) { f.Name = "www.shop.example" }, "M", 0, "name"},
		{"SHA-1", func(f *Fact) { f.Chain[0].Signature = "SHA1-RSA" }, "T", 0, "sha1"},
		{"MD5", func(f *Fact) { f.Chain[0].Signature = "MD5-RSA" }, "F", 0, "md5"},
		{"Heartbleed", func(f *Fact) { f.Probes = []Probed{{Heartbleed, Vulnerable, ""}} }, "F", 96, "heartbleed"},
		{"insecure renegotiation", func(f *Fact) { f.Probes = []Probed{{LegacyReneg, Vulnerable, ""}} }, "F", 96, "legacy-reneg"},
		{"client renegotiation is not graded", func(f *Fact) { f.Probes = []Probed{{ClientReneg, Vulnerable, ""}} }, "A+", 96, ""},
		{"an odd answer is no find", func(f *Fact) { f.Probes = []Probed{{Robot, Inconclusive, ""}} }, "A+", 96, ""},
		{"ROBOT", func(f *Fact) { f.Probes = []Probed{{Robot, Vulnerable, ""}} }, "F", 96, "robot"},
		{"revoked", func(f *Fact) { f.Staple = &Staple{Status: "revoked"} }, "T", 0, "revoked"},
		{"exponent 1", func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits, f.Chain[0].Exponent = "RSA", 4096, 1 }, "F", 96, "exponent"},
		{"a version could not be probed", func(f *Fact) { f.Note("TLS 1.0", &fact.Problem{Cause: fact.TimedOut}) }, "", 0, "protocols"},
	} {
		f := base()
		c.change(&f)
		g := Rate(f, now)
		if g.Letter != c.letter || g.Score != c.score || c.rule != "" && (len(g.Reasons) == 0 || g.Reasons[0].Rule != c.rule) {
			t.Errorf("%s: got %s %d %q, want %s %d by %s", c.name, g.Letter, g.Score, g.Reasons, c.letter, c.score, c.rule)
		}
		slices.Reverse(f.Protocols)
		if again := Rate(f, now); again.Letter != g.Letter || again.Score != g.Score {
			t.Errorf("%s: in another order %s %d", c.name, again.Letter, again.Score)
		}
	}
}

func BenchmarkRate(b *testing.B) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f := Fact{Name: "shop.example", Trust: "trusted", HTTP: true, Chain: []Certificate{{Names: []string{"shop.example"}, NotAfter: now.AddDate(1, 0, 0), Key: "RSA", KeyBits: 2048}}}
	for _, v := range Versions[:4] {
		p := Protocol{Name: v}
		for range 12 {
			p.Suites = append(p.Suites, Suite{Name: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Group: "x25519"})
		}
		f.Protocols = append(f.Protocols, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		Rate(f, now)
	}
}

// An incomplete chain says what is known of what it lacks.
func TestIncompleteText(t *testing.T) {
	f := sampleWith(func(f *Fact) { f.Trust, f.TrustText = incomplete, "could not be fetched:\nrefused" })
	g := Rate(f, f.Chain[0].NotBefore)
	if len(g.Reasons) != 1 || g.Reasons[0].Text != "the chain lacks an intermediate certificate: could not be fetched: refused" || g.Letter != "B" {
		t.Errorf("%s %q", g.Letter, g.Reasons)
	}
}
