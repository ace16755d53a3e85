package tlsserver

import (
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
)

// sample is an endpoint of grade A+ for the examples of checks.
func sample() Fact {
	return Fact{
		Name: "shop.example", Address: "192.0.2.1:443",
		Protocols: []Protocol{
			{Name: "TLS 1.3", Order: "server", Groups: []string{"X25519MLKEM768", "x25519", "secp256r1"}, Suites: suites("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")},
			{Name: "TLS 1.2", Order: "server", Suites: suites("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")},
		},
		Chain: []Certificate{
			{Subject: "CN=shop.example", Issuer: "CN=CA 1", Serial: "1a", Names: []string{"shop.example"},
				NotBefore: check.ExampleNow.AddDate(0, -1, 0), NotAfter: check.ExampleNow.AddDate(0, 2, 0), Key: "ECDSA", KeyBits: 256, Signature: "ECDSA-SHA256"},
			{Subject: "CN=CA 1", Issuer: "CN=Root", Serial: "2b",
				NotBefore: check.ExampleNow.AddDate(-3, 0, 0), NotAfter: check.ExampleNow.AddDate(3, 0, 0), Key: "RSA", KeyBits: 4096, Signature: "SHA256-RSA"},
		},
		Trust:       trusted,
		SecureReneg: true,
		Probes:      probedSafe(),
		HTTP:        true, HSTS: []string{"max-age=63072000; includeSubDomains"},
	}
}

func sampleWith(change func(*Fact)) Fact {
	f := sample()
	change(&f)
	return f
}

func suites(names ...string) (out []Suite) {
	for _, n := range names {
		out = append(out, Suite{Name: n})
	}
	return out
}

// offer adds suites at the end of a version, and the version where it is not offered yet.
func (f *Fact) offer(version string, names ...string) {
	for i := range f.Protocols {
		if f.Protocols[i].Name == version {
			f.Protocols[i].Suites = append(f.Protocols[i].Suites, suites(names...)...)
			return
		}
	}
	f.Protocols = append(f.Protocols, Protocol{Name: version, Order: "server", Suites: suites(names...)})
}

func keyed(key string, bits int) func(*Fact) {
	return func(f *Fact) { f.Chain[0].Key, f.Chain[0].KeyBits = key, bits }
}

var unread = &fact.Problem{Cause: fact.Failed, Source: "192.0.2.1:443", Text: "connection reset"}

func unseenChain() Fact {
	return sampleWith(func(f *Fact) { f.Chain, f.Trust = nil, ""; f.Note(PartChain, unread) })
}

// probedSafe are all probes, none with a find.
func probedSafe() (out []Probed) {
	for _, n := range probeNames {
		out = append(out, Probed{Name: n.name, State: Safe})
	}
	return out
}

// probed gives a fact whose probe of this name came out so.
func probed(name, state string) Fact {
	return sampleWith(func(f *Fact) {
		for i := range f.Probes {
			if f.Probes[i].Name == name {
				f.Probes[i].State = state
			}
		}
	})
}
