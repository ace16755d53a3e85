package tlsdial

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// speaks is a server of the standard library.
func speaks(t testing.TB, conf *tls.Config) Endpoint {
	t.Helper()
	return serve(t, func(c net.Conn) {
		s := tls.Server(c, conf)
		if s.Handshake() == nil {
			_, _ = s.Read(make([]byte, 1)) // a client that refuses is seen here only
		}
	})
}

func protocolOf(f tlsserver.Fact, name string) tlsserver.Protocol {
	for _, p := range f.Protocols {
		if p.Name == name {
			return p
		}
	}
	return tlsserver.Protocol{}
}

func sorted(list []string) string { return fmt.Sprint(slices.Sorted(slices.Values(list))) }

// TestMeet: each suite and each group of TLS 1.3 leads to the certificate.
func TestMeet(t *testing.T) {
	cert := selfSigned(t, true)
	for _, g := range []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521, tls.X25519MLKEM768} {
		e := speaks(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{g}})
		for _, suite := range spokenModern {
			a, err := e.whole(t.Context(), hello{version: tls13, suites: []uint16{suite}})
			if err != nil || a.suite != suite || a.group != uint16(g) || len(a.chain) != 1 || a.signature != 0x0403 {
				t.Errorf("%s, %s: %v %+v", g, suiteName(suite), err, a)
			}
		}
	}
	if _, err := speaks(t, &tls.Config{Certificates: []tls.Certificate{cert}}).whole(t.Context(), hello{version: tls13, suites: []uint16{0x1304}}); err == nil {
		t.Error("CCM is not spoken here, and said to be")
	}
}

// TestTwoChains: a server with two keys shows both chains, also where all of it is encrypted.
func TestTwoChains(t *testing.T) {
	ec, rsa := selfSigned(t, true), selfSigned(t, false)
	for name, c := range map[string]struct {
		certs   []tls.Certificate
		version uint16
		keys    string
		schemes string
	}{
		"both, TLS 1.3":  {[]tls.Certificate{ec, rsa}, tls.VersionTLS13, "[ECDSA RSA]", "[ecdsa_secp256r1_sha256 rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512]"},
		"RSA, TLS 1.3":   {[]tls.Certificate{rsa}, tls.VersionTLS13, "[RSA]", "[rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512]"},
		"ECDSA, TLS 1.3": {[]tls.Certificate{ec}, tls.VersionTLS13, "[ECDSA]", "[ecdsa_secp256r1_sha256]"},
		"both, TLS 1.2": {[]tls.Certificate{ec, rsa}, tls.VersionTLS12, "[ECDSA RSA]", "[ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_secp521r1_sha512 " +
			"rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512 rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512]"},
		"RSA, TLS 1.2": {[]tls.Certificate{rsa}, tls.VersionTLS12, "[RSA]", "[rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512 " +
			"rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512]"},
		"ECDSA, TLS 1.2": {[]tls.Certificate{ec}, tls.VersionTLS12, "[ECDSA]", "[ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_secp521r1_sha512]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := Probe(t.Context(), speaks(t, &tls.Config{Certificates: c.certs, MinVersion: c.version, MaxVersion: c.version}))
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, chain := range append([][]tlsserver.Certificate{f.Chain}, f.Others...) {
				keys = append(keys, chain[0].Key)
			}
			if got := sorted(keys); got != c.keys || len(f.Gaps) > 0 {
				t.Errorf("chains of %s, want %s; %v", got, c.keys, f.Gaps)
			}
			if got := sorted(f.Protocols[0].Signatures); got != c.schemes {
				t.Errorf("signs by %s, want %s", got, c.schemes)
			}
		})
	}
}

// TestPlainKeyExchange: a server that would rather sign nothing shows all the same how it signs.
func TestPlainKeyExchange(t *testing.T) {
	f, err := Probe(t.Context(), openssl(t, "-tls1_2", "-cipher", "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256", "-serverpref"))
	if want := "[rsa_pkcs1_sha224 rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512 rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512]"; err != nil ||
		f.Protocols[0].Suites[0].Name != "TLS_RSA_WITH_AES_128_CBC_SHA" || sorted(f.Protocols[0].Signatures) != want || len(f.Protocols[0].Groups) < 3 {
		t.Errorf("%v %+v", err, f.Protocols)
	}
}

// TestGroups: of each version exactly those that the server takes.
func TestGroups(t *testing.T) {
	conf := &tls.Config{Certificates: []tls.Certificate{selfSigned(t, true)}, CurvePreferences: []tls.CurveID{tls.CurveP384, tls.CurveP256}}
	f, err := Probe(t.Context(), speaks(t, conf))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"TLS 1.3", "TLS 1.2"} {
		if got := sorted(protocolOf(f, v).Groups); got != "[secp256r1 secp384r1]" {
			t.Errorf("%s: %s", v, got)
		}
	}
	conf.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768}
	if f, err = Probe(t.Context(), speaks(t, conf)); err != nil || sorted(protocolOf(f, "TLS 1.3").Groups) != "[X25519MLKEM768]" || len(f.Chain) != 1 {
		t.Errorf("%v %+v", err, f)
	}
}

// TestClientCertificate: an endpoint that wants a certificate of the client is seen and graded as one that does not,
// and who is refused is told from who is only asked.
func TestClientCertificate(t *testing.T) {
	cert := selfSigned(t, true)
	for version, v := range map[string]uint16{"TLS 1.3": tls.VersionTLS13, "TLS 1.2": tls.VersionTLS12} {
		var plain tlsserver.Fact
		quiet := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: v, MaxVersion: v, ClientAuth: tls.RequestClientCert, SessionTicketsDisabled: true}
		if f, err := Probe(t.Context(), speaks(t, quiet)); err != nil || !f.AsksClient || f.ClientRequired {
			t.Errorf("%s: one that asks and then waits: %v %+v", version, err, f)
		}
		for _, c := range []struct {
			auth           tls.ClientAuthType
			asks, required bool
		}{{tls.NoClientCert, false, false}, {tls.RequestClientCert, true, false}, {tls.VerifyClientCertIfGiven, true, false},
			{tls.RequireAnyClientCert, true, true}, {tls.RequireAndVerifyClientCert, true, true}} {
			f, err := Probe(t.Context(), speaks(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: v, MaxVersion: v, ClientAuth: c.auth}))
			if err != nil || len(f.Gaps) > 0 {
				t.Fatalf("%s, %s: %v %v", version, c.auth, err, f.Gaps)
			}
			if f.AsksClient != c.asks || f.ClientRequired != c.required {
				t.Errorf("%s, %s: asks %t, required %t", version, c.auth, f.AsksClient, f.ClientRequired)
			}
			if c.auth == tls.NoClientCert {
				plain = f
			}
			got, want := tlsserver.Rate(f, time.Now()), tlsserver.Rate(plain, time.Now())
			if got.Letter != want.Letter || got.Score != want.Score || len(f.Chain) != 1 || sorted(names(f, version)) != sorted(names(plain, version)) ||
				sorted(f.Protocols[0].Groups) != sorted(plain.Protocols[0].Groups) || sorted(f.Protocols[0].Signatures) != sorted(plain.Protocols[0].Signatures) {
				t.Errorf("%s, %s: %+v\nwithout %+v", version, c.auth, f, plain)
			}
		}
	}
}
