// Package starttls assesses real servers of protocols that begin in the clear and go on in TLS.
package starttls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/test/targets"
)

// authority is the CA that the tests trust, for the whole process.
var authority *targets.Authority

// TestMain makes the CA before anything reads the system's.
func TestMain(m *testing.M) {
	a, done, err := targets.Trusting("Test CA")
	if err != nil {
		panic(err)
	}
	authority = a
	code := m.Run()
	done()
	os.Exit(code)
}

func look(t *testing.T, target string) *report.Assessment {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a, err := app.Assess(ctx, app.Options{Targets: []string{target}, State: t.TempDir(), Version: "test"})
	if err != nil && !errors.Is(err, app.ErrNoTarget) {
		t.Fatal(err)
	}
	return a
}

const (
	postfixTLS = "smtpd_tls_security_level = may\nsmtpd_tls_protocols = >=TLSv1.2\nsmtpd_tls_ciphers = high\nsmtpd_tls_exclude_ciphers = aNULL, kRSA, kDHE, SHA1, SHA256, SHA384, ARIA, CAMELLIA, AESCCM\n"
	dovecotTLS = "ssl = yes\nssl_min_protocol = TLSv1.2\nssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20\n"
)

// servers by protocol, each with TLS in order and without TLS. All take TLS 1.2 and 1.3 (30), suites of 128 and 256
// bits (36) and a key by ECDSA. OpenSSL and GnuTLS also take ffdhe2048 where nobody chose the groups: 27. Postfix,
// Prosody, vsftpd and PostgreSQL choose curves alone, as openssl s_client -groups ffdhe2048 confirms: 30. HSTS, which would lift
// an A to A+, none of them has.
var servers = []struct {
	name, protocol string
	on, off        func(t *testing.T, c targets.Issued) int
	score          int
	want           string // check and key of what is found all the same
}{
	{"Postfix", "smtp",
		func(t *testing.T, c targets.Issued) int { return targets.Postfix(t, c, postfixTLS) },
		func(t *testing.T, c targets.Issued) int {
			return targets.Postfix(t, c, "smtpd_tls_security_level = none\n")
		}, 96, ""},
	{"Dovecot", "imap",
		func(t *testing.T, c targets.Issued) int { return targets.Dovecot(t, c, "imap", dovecotTLS) },
		func(t *testing.T, c targets.Issued) int { return targets.Dovecot(t, c, "imap", "ssl = no\n") }, 93, ""},
	{"Dovecot", "pop3",
		func(t *testing.T, c targets.Issued) int { return targets.Dovecot(t, c, "pop3", dovecotTLS) },
		func(t *testing.T, c targets.Issued) int { return targets.Dovecot(t, c, "pop3", "ssl = no\n") }, 93, ""},
	{"Dovecot", "sieve",
		func(t *testing.T, c targets.Issued) int { return targets.Dovecot(t, c, "sieve", dovecotTLS) },
		func(t *testing.T, c targets.Issued) int { return targets.Dovecot(t, c, "sieve", "ssl = no\n") }, 93, ""},
	// Its GnuTLS renegotiates when the client wants it; with TLS 1.3 alone there is nothing to renegotiate.
	{"OpenLDAP", "ldap",
		func(t *testing.T, c targets.Issued) int {
			return targets.Slapd(t, c, targets.SlapdTLS(c)+"TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:-AES-256-CBC\n")
		},
		func(t *testing.T, c targets.Issued) int { return targets.Slapd(t, c, "") }, 93, "tlsserver-renegotiation probe:client-reneg"},
	{"OpenLDAP with TLS 1.3 alone", "ldap",
		func(t *testing.T, c targets.Issued) int {
			return targets.Slapd(t, c, targets.SlapdTLS(c)+"TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.3\n")
		}, nil, 93, ""},
	{"Prosody", "xmpp",
		func(t *testing.T, c targets.Issued) int { return targets.Prosody(t, c, "") },
		func(t *testing.T, c targets.Issued) int {
			return targets.Prosody(t, c, "modules_disabled = { \"s2s\", \"tls\" }\n")
		}, 96, ""},
	{"Prosody that takes log-ins in the clear", "xmpp",
		func(t *testing.T, c targets.Issued) int {
			return targets.Prosody(t, c, "c2s_require_encryption = false\n")
		},
		func(t *testing.T, c targets.Issued) int {
			return targets.Prosody(t, c, "c2s_require_encryption = false\nmodules_disabled = { \"s2s\", \"tls\" }\n")
		}, 96, ""},
	{"MariaDB", "mysql",
		func(t *testing.T, c targets.Issued) int {
			return targets.MariaDB(t, c, "--ssl-cert="+c.Chain, "--ssl-key="+c.Key, "--tls-version=TLSv1.2,TLSv1.3", "--ssl-cipher=ECDHE+AESGCM:ECDHE+CHACHA20")
		},
		func(t *testing.T, c targets.Issued) int { return targets.MariaDB(t, c, "--skip-ssl") }, 93, ""},
	{"vsftpd", "ftp",
		func(t *testing.T, c targets.Issued) int {
			return targets.Vsftpd(t, c, "ssl_enable=YES\nssl_ciphers=ECDHE+AESGCM:ECDHE+CHACHA20\n")
		},
		func(t *testing.T, c targets.Issued) int { return targets.Vsftpd(t, c, "") }, 96, ""},
	{"PostgreSQL", "postgres",
		func(t *testing.T, c targets.Issued) int {
			return targets.Postgres(t, c, "ssl=on", "ssl_min_protocol_version=TLSv1.2", "ssl_ciphers=ECDHE+AESGCM:ECDHE+CHACHA20")
		},
		func(t *testing.T, c targets.Issued) int { return targets.Postgres(t, c, "ssl=off") }, 96, ""},
}

// TestOn: each server goes on in TLS, shows the certificate that it was given, and is graded.
func TestOn(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name+" "+s.protocol, func(t *testing.T) {
			t.Parallel()
			c := authority.Issue(t, targets.Leaf{})
			a := look(t, fmt.Sprintf("starttls+%s://localhost:%d", s.protocol, s.on(t, c)))
			if len(a.Endpoints) != 1 {
				t.Fatalf("%d endpoints: %+v", len(a.Endpoints), a.Results)
			}
			e := a.Endpoints[0]
			if e.Grade != "A" || e.Score != s.score {
				t.Errorf("grade %s, score %d; want A, %d: %q\n%+v", e.Grade, e.Score, s.score, e.Reasons, e.Suites)
			}
			if e.Certificate == nil || e.Certificate.Fingerprint != c.Fingerprint {
				t.Errorf("certificate %+v, want %s", e.Certificate, c.Fingerprint)
			}
			var got []string
			for _, r := range a.Results {
				for _, v := range r.Violations {
					got = append(got, r.Check+" "+v.Key)
				}
			}
			if strings.Join(got, "; ") != s.want {
				t.Errorf("violations %q, want %q", got, s.want)
			}
		})
	}
}

// TestOff: of a server that does not go on in TLS nothing is known, and each check says why.
func TestOff(t *testing.T) {
	for _, s := range servers {
		if s.off == nil {
			continue
		}
		t.Run(s.name+" "+s.protocol, func(t *testing.T) {
			t.Parallel()
			a := look(t, fmt.Sprintf("starttls+%s://localhost:%d", s.protocol, s.off(t, authority.Issue(t, targets.Leaf{}))))
			if len(a.Endpoints) != 0 || len(a.Results) == 0 {
				t.Errorf("%d results, endpoints %+v", len(a.Results), a.Endpoints)
			}
			for _, r := range a.Results {
				if r.Verdict != "unknown" || !strings.Contains(r.Detail, "does not offer TLS") {
					t.Errorf("%s is %s: %s", r.Check, r.Verdict, r.Detail)
				}
			}
		})
	}
}

// TestPostfixAsInstalled: with a certificate and nothing else said, Postfix takes anonymous suites, which smtpd has for
// senders that do not look at the certificate, and TLS 1.0 and 1.1. OpenSSL 3 has twelve anonymous suites that encrypt
// (openssl ciphers -v aNULL:@SECLEVEL=0), and gives those of 128 bits a prime of 1024: ssl/t1_lib.c, ssl_get_auto_dh.
// An anonymous key exchange is 0, which makes the score 0.
func TestPostfixAsInstalled(t *testing.T) {
	port := targets.Postfix(t, authority.Issue(t, targets.Leaf{}), "smtpd_tls_security_level = may\n")
	a := look(t, fmt.Sprint("starttls+smtp://localhost:", port))
	if e := a.Endpoints[0]; e.Grade != "F" || e.Score != 0 {
		t.Errorf("grade %s, score %d: %q", e.Grade, e.Score, e.Reasons)
	}
	var got []string
	anonymous := 0
	for _, r := range a.Results {
		for _, v := range r.Violations {
			if r.Check == "tlsserver-weak-suites" && strings.Contains(v.Key, "_anon_WITH_") {
				anonymous++
				continue
			}
			got = append(got, r.Check+" "+v.Key)
		}
	}
	slices.Sort(got)
	want := []string{"tlsserver-dh-parameters dh:parameters", "tlsserver-grade endpoint:grade", "tlsserver-old-protocols protocol:TLS 1.0", "tlsserver-old-protocols protocol:TLS 1.1"}
	if !slices.Equal(got, want) || anonymous != 12 {
		t.Errorf("violations %q, want %q; %d anonymous suites, want 12", got, want, anonymous)
	}
}
