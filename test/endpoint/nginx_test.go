// Package endpoint assesses real web servers on loopback through the public surface.
package endpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/app"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/test/targets"
)

// nginx starts a server with these lines in its server block and gives its port. Its certificate is
// issued by a CA that the test trusts.
func nginx(t *testing.T, lines string) int {
	t.Helper()
	return targets.Nginx(t, authority.Issue(t, targets.Leaf{}), lines)
}

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

func assess(t *testing.T, port int) *report.Assessment {
	t.Helper()
	a, err := app.Assess(t.Context(), app.Options{Targets: []string{fmt.Sprint("https://localhost:", port)}, State: t.TempDir(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// failing gives check and key of all violations, sorted.
func failing(a *report.Assessment) (out []string) {
	for _, r := range a.Results {
		for _, v := range r.Violations {
			out = append(out, r.Check+" "+v.Key)
		}
	}
	slices.Sort(out)
	return out
}

const headers = `add_header Strict-Transport-Security "max-age=63072000; includeSubDomains; preload" always;
add_header X-Frame-Options DENY always; add_header Referrer-Policy no-referrer always;
add_header Content-Security-Policy "default-src 'none'; base-uri 'none'" always;
add_header X-Content-Type-Options nosniff always; charset utf-8; server_tokens off;
`

func TestClean(t *testing.T) {
	a := assess(t, nginx(t, headers+"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305;"))
	if got := failing(a); len(got) > 0 {
		t.Errorf("violations on a clean server: %q", got)
	}
	if len(a.Endpoints) != 1 || a.Endpoints[0].Grade != "A+" {
		t.Fatalf("%+v", a.Endpoints)
	}
	for _, r := range a.Results {
		if r.Verdict != check.Pass && r.Verdict != check.NotApplicable && !(r.Check == "drift-unapproved" && r.Verdict == check.Unknown) { // nobody approved a baseline here
			t.Errorf("%s is %s: %s", r.Check, r.Verdict, r.Detail)
		}
	}
}

// TestDirty: each fault is found, and nothing else. Grades by the spec's arithmetic: protocols 1.0 to
// 1.3 (90+100)/2 = 95, key exchange 90 (OpenSSL takes ffdhe2048 in TLS 1.3), cipher (128 to 256)
// (80+100)/2 = 90: 28.5 + 27 + 36 = 91.5; capped by the old protocols.
func TestDirty(t *testing.T) {
	a := assess(t, nginx(t, "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0;"))
	want := []string{"tlsserver-grade endpoint:grade", "tlsserver-old-protocols protocol:TLS 1.0", "tlsserver-old-protocols protocol:TLS 1.1",
		"website-charset charset:missing", "website-csp csp:missing", "website-disclosure header:server", "website-error-pages page:malformed", "website-error-pages page:method", "website-framing framing:missing", "website-hsts hsts:missing",
		"website-nosniff nosniff:missing", "website-referrer-policy referrer:missing"}
	if got := failing(a); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), strings.Join(want, "; "))
	}
	if e := a.Endpoints[0]; e.Grade != "B" || e.Score != 91 {
		t.Errorf("grade %s, score %d: %q", e.Grade, e.Score, e.Reasons)
	}
}

// TestExposed: what lies about on a site is found, and told by the check that concerns it, and nothing else is. A location
// with headers of its own inherits none.
func TestExposed(t *testing.T) {
	a := assess(t, nginx(t, headers+`
		ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;
		location = / { `+headers+` add_header Access-Control-Allow-Origin $http_origin always; add_header Access-Control-Allow-Credentials true always;
			add_header Set-Cookie "session=secret; Path=/; HttpOnly";
			return 200 "<h1>Welcome to nginx!</h1><script src=http://cdn.example/a.js></script><script src=https://cdn.example/b.js></script>"; }
		location = /.git/HEAD { return 200 "ref: refs/heads/main"; }
		location = /.env { return 200 "DB_PASSWORD=x"; }
		location /uploads/ { alias /etc/nginx/; autoindex on; }
		location ~ [.]php$ { return 404 "File not found."; }`))
	want := []string{"website-cookies cookie:session", "website-cors origin:any", "website-cors origin:null",
		"website-exposed find:env", "website-exposed find:git-head", "website-exposed find:listing-uploads", "website-exposed find:nginx-default",
		"website-handlers find:handler-php", "website-resources integrity:https://cdn.example/b.js", "website-resources mixed:http://cdn.example/a.js"}
	if got := failing(a); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), strings.Join(want, "; "))
	}
}

// TestEstate: a service of the estate is looked at by its URL, graded with the organisation's CA, and belongs to
// its application.
func TestEstate(t *testing.T) {
	own, err := targets.NewAuthority("Northwind CA")
	if err != nil {
		t.Fatal(err)
	}
	port := targets.Nginx(t, own.Issue(t, targets.Leaf{}), headers+"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;")
	if a := assess(t, port); a.Endpoints[0].Grade != "T" {
		t.Errorf("without the CA the grade is %s", a.Endpoints[0].Grade)
	}
	dir := t.TempDir()
	yaml := fmt.Sprintf(`organization: Northwind
people: [{id: erika, name: Erika Muster, email: erika@northwind.example}]
teams: [{name: checkout, lead: erika, members: [erika], contact: checkout@northwind.example}]
environments: [{name: prod, stage: production}]
applications: [{name: shop, team: checkout, management: erika, criticality: high, exposure: internet, confidential: true, environments: [prod]}]
systems:
  - {name: web-1, application: shop, environment: prod, services: [{port: %[1]d, protocol: https, audience: internet, kind: web-ui, url: "https://localhost:%[1]d"}]}
  - {name: web-2, application: shop, environment: prod, services: [{port: %[1]d, protocol: https, audience: internet, kind: web-ui, url: "https://localhost:%[1]d"}]}
policy: {trusted_cas: ["file:ca.pem"]}
`, port)
	for name, data := range map[string][]byte{"estate.yaml": []byte(yaml), "ca.pem": own.PEM()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := app.Options{Estate: filepath.Join(dir, "estate.yaml"), State: t.TempDir(), Version: "test"}
	a, err := app.Assess(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Endpoints) != 1 || a.Endpoints[0].Grade != "A+" {
		t.Errorf("%+v", a.Endpoints)
	}
	for _, r := range a.Results {
		if r.Application == nil || *r.Application != "shop" {
			t.Errorf("%s belongs to %v", r.Check, r.Application)
		}
	}
	// The application is confidential, and nothing keeps its pages from caches.
	if got := failing(a); len(got) == 0 || !strings.HasPrefix(got[0], "website-caching") {
		t.Errorf("%q", got)
	}
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Assess(t.Context(), o); err == nil || !strings.Contains(err.Error(), "policy.trusted_cas") {
		t.Errorf("without the file: %v", err)
	}
}
