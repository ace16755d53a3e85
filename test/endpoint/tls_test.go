package endpoint

import (
	"context"
	"crypto/tls"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/test/targets"
)

// look assesses one target.
func look(t *testing.T, target string) *report.Assessment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := app.Assess(ctx, app.Options{Targets: []string{target}, State: t.TempDir(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// good are the headers of a site without a fault, but for its charset and its version.
var good = [][2]string{
	{"Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"}, {"X-Frame-Options", "DENY"}, {"Referrer-Policy", "no-referrer"},
	{"Content-Security-Policy", "default-src 'none'; base-uri 'none'"}, {"X-Content-Type-Options", "nosniff"},
}

// set says the good headers in the words of a server, with the rest of them but those that are left out.
func set(before, between, after string, without ...string) string {
	var b strings.Builder
	for _, h := range good {
		if !slices.Contains(without, h[0]) {
			fmt.Fprintf(&b, "%s%s%s\"%s\"%s\n", before, h[0], between, h[1], after)
		}
	}
	return b.String()
}

func forNginx(without ...string) string {
	return set("add_header ", " ", " always;", without...) + "charset utf-8; server_tokens off;\n"
}

// Apache says charset and product in its own way, and takes TRACE unless told otherwise.
func forApache(without ...string) string {
	return set("Header always set ", " ", "", without...) + "AddDefaultCharset utf-8\nServerTokens Prod\nTraceEnable off\n"
}

func forHAProxy(without ...string) string {
	return set("\thttp-after-response set-header ", " ", "", without...)
}

func fromGo(without ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, h := range good {
			if !slices.Contains(without, h[0]) {
				w.Header().Set(h[0], h[1])
			}
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/" || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, "hello")
	}
}

// What the servers are told in each case, beside the headers.
const (
	nginxGood  = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n"
	apacheGood = "SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20\n"
	proxyGood  = "ssl-min-ver TLSv1.2 ciphers ECDHE+AESGCM:ECDHE+CHACHA20"
)

// modp1024 is the second group of RFC 2409 section 6.2, which too many servers had.
func modp1024(t *testing.T) string {
	t.Helper()
	p, ok := new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)
	if !ok {
		t.Fatal("the prime cannot be read")
	}
	der, err := asn1.Marshal(struct{ P, G *big.Int }{p, big.NewInt(2)})
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "DH PARAMETERS", Bytes: der}))
}

// stapled starts nginx with a stapled response of this status.
func stapled(t *testing.T, status int) int {
	t.Helper()
	c := authority.Issue(t, targets.Leaf{})
	der, err := ocsp.CreateResponse(authority.Cert, authority.Cert, ocsp.Response{Status: status, SerialNumber: c.Leaf.SerialNumber,
		ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour), RevokedAt: time.Now().Add(-time.Hour)}, authority.Key)
	if err != nil {
		t.Fatal(err)
	}
	return targets.Nginx(t, c, forNginx()+nginxGood+"ssl_stapling on; ssl_stapling_file "+targets.Write(t, c.Dir, "staple", string(der))+";")
}

// The violations that follow from others.
const (
	lowGrade = "tlsserver-grade endpoint:grade"
	noHSTS   = "website-hsts hsts:missing"
)

// zoo are servers with a fault each, or none, what they are worth by the rules of the guide and why, and what must
// be found on them. The score is 0.30 protocol + 0.30 key exchange + 0.40 cipher, rounded down once, and 0 where the
// certificate ends the scoring.
//
// Protocol: half of the sum of the best and the worst; TLS 1.0 is 90, 1.2 and 1.3 are 100.
// Key exchange: the weakest; P-256 and all curves of today are 100, RSA and DH of 2048 to 4095 bits are 90, of 1024
// are 80. OpenSSL takes ffdhe2048 in TLS 1.3 where nobody chose the groups: 90 for nginx, Apache and HAProxy, as
// openssl s_client -groups ffdhe2048 confirms. stunnel chooses curves alone, as Go does: 100.
// Cipher: half of the sum of the strongest and the weakest; 256 bits are 100, 128 are 80. TLS 1.3 brings both: 90.
var zoo = []struct {
	name   string
	scheme string
	start  func(t *testing.T) int
	grade  string
	score  int
	why    []string // how the reasons begin, in any order
	want   []string // check and key of the violations
}{
	// 30 + 27 + 36
	{"nginx", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{}, "") }, "A+", 93, nil, nil},
	{"Apache", "https", func(t *testing.T) int { return apacheWith(t, targets.Leaf{}, "") }, "A+", 93, nil, nil},
	{"HAProxy", "https", func(t *testing.T) int {
		return targets.HAProxy(t, authority.Issue(t, targets.Leaf{}), proxyGood, forHAProxy())
	}, "A+", 93, nil, nil},
	// 30 + 30 + 36
	{"HAProxy: curves alone", "https", func(t *testing.T) int {
		return targets.HAProxy(t, authority.Issue(t, targets.Leaf{}), proxyGood+" curves X25519:P-256", forHAProxy())
	}, "A+", 96, nil, nil},
	{"Go", "https", func(t *testing.T) int {
		return targets.Go(t, authority.Issue(t, targets.Leaf{}), &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, fromGo())
	}, "A+", 96, nil, nil},
	{"stunnel, where HSTS neither lowers nor lifts", "tls", func(t *testing.T) int {
		return targets.Stunnel(t, authority.Issue(t, targets.Leaf{}), "sslVersionMin = TLSv1.2\nciphers = ECDHE+AESGCM:ECDHE+CHACHA20")
	}, "A", 96, []string{"no A+: no HTTP answers"}, nil},

	// The certificate. An intermediate authority that is sent is no fault.
	{"nginx: RSA 3072", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{RSA: 3072}, "") }, "A+", 93, nil, nil},
	{"nginx: intermediate", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{Intermediate: true}, "") }, "A+", 93, nil, nil},
	{"nginx: RSA 2048", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{RSA: 2048}, "") }, "A+", 93, nil, []string{"tlsserver-certificate-key certificate:leaf"}},
	{"nginx: expired", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{Expired: true}, "") }, "T", 0, []string{"T: the certificate expired on"}, []string{"tlsserver-certificate-dates certificate:leaf", lowGrade}},
	{"Apache: expired", "https", func(t *testing.T) int { return apacheWith(t, targets.Leaf{Expired: true}, "") }, "T", 0, []string{"T: the certificate expired on"}, []string{"tlsserver-certificate-dates certificate:leaf", lowGrade}},
	{"nginx: wrong name", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{Names: []string{"shop.example"}}, "") }, "M", 0, []string{"M: the certificate is not for localhost"}, []string{"tlsserver-certificate-name name:localhost", lowGrade}},
	{"nginx: self-signed", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{SelfSigned: true}, "") }, "T", 0, []string{"T: the certificate is not trusted"}, []string{"tlsserver-certificate-trust trust:self-signed", lowGrade}},
	{"Apache: incomplete chain", "https", func(t *testing.T) int { return apacheWith(t, targets.Leaf{Incomplete: true}, "") }, "B", 93, []string{"cap B: the chain lacks an intermediate"}, []string{"tlsserver-certificate-trust trust:incomplete", lowGrade}},
	{"nginx: wildcard", "https", func(t *testing.T) int {
		return nginxWith(t, targets.Leaf{Names: []string{"localhost", "*.shop.example"}}, "")
	}, "A+", 93, nil, []string{"tlsserver-certificate-wildcard name:*.shop.example"}},
	{"nginx: a good response is stapled", "https", func(t *testing.T) int { return stapled(t, ocsp.Good) }, "A+", 93, nil, nil},
	{"nginx: a revoked one is stapled", "https", func(t *testing.T) int { return stapled(t, ocsp.Revoked) }, "T", 0, []string{"T: the certificate is revoked"}, []string{"tlsserver-certificate-revocation certificate:leaf", lowGrade}},

	{"nginx: a second certificate, for clients that know RSA alone, self-signed", "https", func(t *testing.T) int {
		own, other := authority.Issue(t, targets.Leaf{}), authority.Issue(t, targets.Leaf{RSA: 3072, SelfSigned: true})
		return targets.Nginx(t, own, forNginx()+nginxGood+fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s; ssl_certificate %s; ssl_certificate_key %s;", own.Chain, own.Key, other.Chain, other.Key))
	}, "T", 0, []string{"T: the certificate is not trusted"}, []string{"tlsserver-certificate-trust trust:self-signed", lowGrade}},
	{"nginx: a second certificate, in order", "https", func(t *testing.T) int {
		own, other := authority.Issue(t, targets.Leaf{}), authority.Issue(t, targets.Leaf{RSA: 3072})
		return targets.Nginx(t, own, forNginx()+nginxGood+fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s; ssl_certificate %s; ssl_certificate_key %s;", own.Chain, own.Key, other.Chain, other.Key))
	}, "A+", 93, nil, nil},

	// A client without a certificate gets an error page over good TLS; Apache ends the connection of TLS 1.3 only after
	// the handshake, so that no page is had, and whether HSTS would lift the grade is not known.
	{"nginx: wants a certificate of the client", "https", func(t *testing.T) int {
		c := authority.Issue(t, targets.Leaf{})
		return targets.Nginx(t, c, forNginx()+nginxGood+"ssl_verify_client on; ssl_client_certificate "+targets.Write(t, c.Dir, "ca.pem", string(authority.PEM()))+";")
	}, "A+", 93, nil, nil},
	{"Apache: requires a certificate of the client", "https", func(t *testing.T) int {
		c := authority.Issue(t, targets.Leaf{})
		return targets.Apache(t, c, forApache()+apacheGood+"SSLVerifyClient require\nSSLCACertificateFile "+targets.Write(t, c.Dir, "ca.pem", string(authority.PEM())))
	}, "A", 93, []string{"no A+: no HTTP answers without a certificate of the client, so that HSTS neither lowers nor lifts the grade",
		"note: the root is sent along, which clients have or do not believe: CN=Test CA"}, nil}, // it takes SSLCACertificateFile for the chain too
	{"nginx: tickets off", "https", func(t *testing.T) int { return nginxWith(t, targets.Leaf{}, "ssl_session_tickets off;") }, "A+", 93, nil, nil},

	// HSTS is a warning: A-.
	{"Apache: no HSTS", "https", func(t *testing.T) int {
		return targets.Apache(t, authority.Issue(t, targets.Leaf{}), forApache("Strict-Transport-Security")+apacheGood)
	}, "A-", 93, []string{"A-: no Strict-Transport-Security header is sent"}, []string{lowGrade, noHSTS}},
	{"HAProxy: no HSTS", "https", func(t *testing.T) int {
		return targets.HAProxy(t, authority.Issue(t, targets.Leaf{}), proxyGood, forHAProxy("Strict-Transport-Security"))
	}, "A-", 93, []string{"A-: no Strict-Transport-Security header is sent"}, []string{lowGrade, noHSTS}},
	{"Go: no HSTS", "https", func(t *testing.T) int {
		return targets.Go(t, authority.Issue(t, targets.Leaf{}), &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, fromGo("Strict-Transport-Security"))
	}, "A-", 96, []string{"A-: no Strict-Transport-Security header is sent"}, []string{lowGrade, noHSTS}},

	// No TLS 1.3 is a warning too. Without it there is no ffdhe2048, and one suite of 128 bits: 30 + 30 + 32.
	{"nginx: no TLS 1.3", "https", func(t *testing.T) int {
		return targets.Nginx(t, authority.Issue(t, targets.Leaf{}), forNginx()+"ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;")
	}, "A-", 92, []string{"A-: TLS 1.3 is not offered"}, []string{lowGrade}},
	{"stunnel: no TLS 1.3", "tls", func(t *testing.T) int {
		return targets.Stunnel(t, authority.Issue(t, targets.Leaf{}), "sslVersion = TLSv1.2\nciphers = ECDHE-ECDSA-AES128-GCM-SHA256")
	}, "A-", 92, []string{"A-: TLS 1.3 is not offered", "no A+: no HTTP answers"}, []string{lowGrade}},

	// TLS 1.0 and 1.1 cap at B; protocol (100+90)/2 = 95: 28.5 + 27 + 36 = 91.5.
	{"Apache: old protocols", "https", func(t *testing.T) int {
		return targets.Apache(t, authority.Issue(t, targets.Leaf{}), forApache()+"SSLProtocol all +TLSv1 +TLSv1.1\nSSLCipherSuite ECDHE+AESGCM:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0\n")
	}, "B", 91, []string{"cap B: TLS 1.0 is offered", "cap B: TLS 1.1 is offered"}, []string{lowGrade, "tlsserver-old-protocols protocol:TLS 1.0", "tlsserver-old-protocols protocol:TLS 1.1"}},
	{"HAProxy: old protocols", "https", func(t *testing.T) int {
		return targets.HAProxy(t, authority.Issue(t, targets.Leaf{}), "ssl-min-ver TLSv1.0 ciphers ECDHE+AESGCM:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0", forHAProxy())
	}, "B", 91, []string{"cap B: TLS 1.0 is offered", "cap B: TLS 1.1 is offered"}, []string{lowGrade, "tlsserver-old-protocols protocol:TLS 1.0", "tlsserver-old-protocols protocol:TLS 1.1"}},
	// 28.5 + 30 + 36 = 94.5
	{"stunnel: old protocols", "tls", func(t *testing.T) int {
		return targets.Stunnel(t, authority.Issue(t, targets.Leaf{}), "sslVersionMin = TLSv1\nciphers = ECDHE+AESGCM:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0\nsecurityLevel = 0")
	}, "B", 94, []string{"cap B: TLS 1.0 is offered", "cap B: TLS 1.1 is offered", "no A+: no HTTP answers"}, []string{lowGrade, "tlsserver-old-protocols protocol:TLS 1.0", "tlsserver-old-protocols protocol:TLS 1.1"}},
	{"Go: old protocols", "https", func(t *testing.T) int {
		return targets.Go(t, authority.Issue(t, targets.Leaf{}), &tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}}, fromGo())
	}, "B", 94, []string{"cap B: TLS 1.0 is offered", "cap B: TLS 1.1 is offered"}, []string{lowGrade, "tlsserver-old-protocols protocol:TLS 1.0", "tlsserver-old-protocols protocol:TLS 1.1"}},

	// DH of 1024 bits caps at B and makes the key exchange 80; ciphers of 256 and, by TLS 1.3, 128: 30 + 24 + 36.
	{"nginx: DH of 1024 bits", "https", func(t *testing.T) int {
		c := authority.Issue(t, targets.Leaf{RSA: 3072})
		return targets.Nginx(t, c, forNginx()+"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0; ssl_dhparam "+targets.Write(t, c.Dir, "dh.pem", modp1024(t))+";")
	}, "B", 90, []string{"cap B: worth less than 2048 bits of RSA: Diffie-Hellman parameters of 1024 bits"}, []string{"tlsserver-dh-parameters dh:parameters", lowGrade}},
	// RSA alone and CBC alone: neither forward secrecy nor AEAD, B each; no TLS 1.3: 30 + 27 + 32.
	{"nginx: RSA and CBC alone", "https", func(t *testing.T) int {
		return targets.Nginx(t, authority.Issue(t, targets.Leaf{RSA: 3072}), forNginx()+"ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA;")
	}, "B", 89, []string{"cap B: modern clients get no AEAD", "cap B: modern clients get no forward secrecy", "A-: TLS 1.3 is not offered"}, []string{lowGrade}},
	// NULL fails. Its 0 is averaged with the 256 bits of TLS 1.3: 30 + 27 + 20, which is B by itself.
	{"nginx: a suite without encryption", "https", func(t *testing.T) int {
		return targets.Nginx(t, authority.Issue(t, targets.Leaf{}), forNginx()+"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0;")
	}, "F", 77, []string{"F: suites without encryption are offered", "cap B: the score is 77"}, []string{lowGrade, "tlsserver-weak-suites suite:TLS_ECDHE_ECDSA_WITH_NULL_SHA"}},
	// An anonymous suite fails, and its key exchange of 0 makes all 0.
	{"nginx: a suite without authentication", "https", func(t *testing.T) int {
		return targets.Nginx(t, authority.Issue(t, targets.Leaf{}), forNginx()+"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:AECDH-AES256-SHA:@SECLEVEL=0;")
	}, "F", 0, []string{"F: suites without authentication are offered", "F: the score is 0"}, []string{lowGrade, "tlsserver-weak-suites suite:TLS_ECDH_anon_WITH_AES_256_CBC_SHA"}},
	// Apache leaves such suites out, whatever it is told.
	{"Apache: the same is asked for", "https", func(t *testing.T) int {
		return targets.Apache(t, authority.Issue(t, targets.Leaf{}), forApache()+"SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256:AECDH-AES256-SHA:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0\n")
	}, "A+", 93, nil, nil},
	// 3DES as the only suite of TLS 1.2 is chosen by everyone: C. 168 bits are 80, RSA is 90: 30 + 27 + 32.
	{"Go: 3DES alone", "https", func(t *testing.T) int {
		return targets.Go(t, authority.Issue(t, targets.Leaf{RSA: 3072}), &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}}, fromGo())
	}, "C", 89, []string{"cap C: 64-bit block ciphers are chosen", "cap B: modern clients get no AEAD", "cap B: modern clients get no forward secrecy", "A-: TLS 1.3 is not offered"}, []string{lowGrade, "tlsserver-weak-suites suite:TLS_RSA_WITH_3DES_EDE_CBC_SHA"}},
	// RC4 last in order, beside TLS 1.3: B for being offered. 30 + 27 (RSA) + 36.
	{"Go: RC4 too", "https", func(t *testing.T) int {
		return targets.Go(t, authority.Issue(t, targets.Leaf{RSA: 3072}), &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}, fromGo())
	}, "B", 93, []string{"cap B: RC4 is offered"}, []string{lowGrade, "tlsserver-weak-suites suite:TLS_ECDHE_RSA_WITH_RC4_128_SHA"}},
	// RC4 alone fails. 30 + 27 + 32.
	{"Go: RC4 alone", "https", func(t *testing.T) int {
		return targets.Go(t, authority.Issue(t, targets.Leaf{RSA: 3072}), &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA}}, fromGo())
	}, "F", 89, []string{"F: only RC4 is offered", "cap C: RC4 is chosen", "cap B: RC4 is offered", "cap B: modern clients get no AEAD", "cap B: modern clients get no forward secrecy", "A-: TLS 1.3 is not offered"}, []string{lowGrade, "tlsserver-weak-suites suite:TLS_ECDHE_RSA_WITH_RC4_128_SHA"}},
}

func nginxWith(t *testing.T, l targets.Leaf, lines string) int {
	t.Helper()
	return targets.Nginx(t, authority.Issue(t, l), forNginx()+nginxGood+lines)
}

func apacheWith(t *testing.T, l targets.Leaf, lines string) int {
	t.Helper()
	return targets.Apache(t, authority.Issue(t, l), forApache()+apacheGood+lines)
}

// TestZoo: each server gets the grade and the score of the rules, and the violations that were planted and no other.
func TestZoo(t *testing.T) {
	for _, z := range zoo {
		t.Run(z.name, func(t *testing.T) {
			t.Parallel()
			a := look(t, fmt.Sprintf("%s://localhost:%d", z.scheme, z.start(t)))
			slices.Sort(z.want)
			if got := failing(a); !slices.Equal(got, z.want) {
				t.Errorf("violations\ngot  %s\nwant %s", strings.Join(got, "; "), strings.Join(z.want, "; "))
			}
			if z.grade == "A+" && len(z.want) == 0 {
				for _, r := range a.Results {
					if r.Verdict != check.Pass && r.Verdict != check.NotApplicable && !(r.Check == "drift-unapproved" && r.Verdict == check.Unknown) { // nobody approved a baseline here
						t.Errorf("%s is %s: %s", r.Check, r.Verdict, r.Detail)
					}
				}
			}
			e := a.Endpoints[0]
			if e.Grade != z.grade || e.Score != z.score {
				t.Errorf("grade %s, score %d; want %s, %d\n%s", e.Grade, e.Score, z.grade, z.score, strings.Join(e.Reasons, "\n"))
			}
			for _, w := range z.why {
				if !slices.ContainsFunc(e.Reasons, func(r string) bool { return strings.HasPrefix(r, w) }) {
					t.Errorf("no reason is %q: %q", w, e.Reasons)
				}
			}
			if len(e.Reasons) != len(z.why) {
				t.Errorf("%d reasons, want %d: %q", len(e.Reasons), len(z.why), e.Reasons)
			}
		})
	}
}
