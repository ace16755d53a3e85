package website

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
)

// seeds are the values of a header in testdata/headers.txt.
func seeds(t testing.TB, names ...string) (out [][2]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/headers.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		for _, n := range names {
			if n == name {
				out = append(out, [2]string{name, value})
			}
		}
		if len(names) == 0 {
			out = append(out, [2]string{name, value})
		}
	}
	if len(out) == 0 {
		t.Fatalf("no seed of %v", names)
	}
	return out
}

func printed(all []Policy) string {
	var out []string
	for _, p := range all {
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}

// FuzzCSP: what is written back reads the same; and a further policy never lets in more.
func FuzzCSP(f *testing.F) {
	for _, s := range seeds(f, "content-security-policy") {
		f.Add(s[1], "default-src 'self'")
	}
	params := check.NewParams(check.ExampleNow, map[string]any{"bypasses": []string{"cdn.jsdelivr.net/npm/a.js"}, "bypasses_by_eval": []string{"www.googletagmanager.com/gtm.js"}})
	f.Fuzz(func(t *testing.T, value, more string) {
		all := ParseCSP(value)
		if d := cmp.Diff(all, ParseCSP(printed(all))); d != "" {
			t.Errorf("%q: %s", value, d)
		}
		one := faultsOf(all, params)
		for k := range faultsOf(append(ParseCSP(more), all...), params) {
			if _, ok := one[k]; !ok && len(all) > 0 {
				t.Errorf("%q lets in %s only with %q beside it", value, k, more)
			}
		}
	})
}

// FuzzCookie: what is written back reads the same.
func FuzzCookie(f *testing.F) {
	for _, s := range seeds(f, "set-cookie") {
		f.Add(s[1])
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := ParseCookie(value)
		text := fmt.Sprintf("%s=...; Path=%s; Domain=%s; SameSite=%s", c.Name, c.Path, c.Domain, c.SameSite)
		if c.Secure {
			text += "; Secure"
		}
		if c.HTTPOnly {
			text += "; HttpOnly"
		}
		if again := ParseCookie(text); again != c {
			t.Errorf("%q: %+v, written as %q: %+v", value, c, text, again)
		}
	})
}

// FuzzHSTS: an error comes with nothing, and what is written back reads the same.
func FuzzHSTS(f *testing.F) {
	for _, s := range seeds(f, "strict-transport-security") {
		f.Add(s[1])
	}
	f.Fuzz(func(t *testing.T, value string) {
		h, err := ParseHSTS(value)
		if err != nil {
			if h != (HSTS{}) {
				t.Errorf("%q: %+v beside %v", value, h, err)
			}
			return
		}
		text := fmt.Sprintf("max-age=%d", h.MaxAge)
		if h.Subdomains {
			text += "; includeSubDomains"
		}
		if h.Preload {
			text += "; preload"
		}
		if again, err := ParseHSTS(text); err != nil || again != h || h.MaxAge < 0 {
			t.Errorf("%q: %+v, again %+v %v", value, h, again, err)
		}
	})
}

// FuzzObservatory: any headers give a score from 0 with a grade, or a reason.
func FuzzObservatory(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s[0], s[1], "content-type", "text/html")
	}
	f.Fuzz(func(t *testing.T, name, value, name2, value2 string) {
		page := sample(name, value, name2, value2)
		page.Meta = []Header{{name, value2}}
		o := Observe(page, CertificateValid)
		if o.Score < 0 || o.Grade == "" || len(o.Tests) != 10 {
			t.Errorf("%+v", o)
		}
		for _, x := range o.Tests {
			if x.Outcome == "" {
				t.Errorf("%s has no outcome", x.Name)
			}
		}
	})
}

// TestSeeds: what is known of the sites is read from their headers.
func TestSeeds(t *testing.T) {
	all := seeds(t, "content-security-policy")
	for i, want := range [][]string{
		{"csp:base-uri"}, // github.com: base-uri 'self'
		{"csp:script-src", "csp:object-src", "csp:base-uri"}, // the first of Google limits no sources
		{"csp:base-uri"},
		{"csp:base-uri", "csp:unsafe-eval"},
		{"csp:unsafe-inline", "csp:wide", "csp:object-src", "csp:base-uri"}, // facebook.com
		{"csp:unsafe-inline", "csp:unsafe-eval", "csp:bypass", "csp:object-src", "csp:base-uri"},
	} {
		got := faultsOf(ParseCSP(all[i][1]), check.NewParams(check.ExampleNow, map[string]any{"bypasses": []string{}, "bypasses_by_eval": []string{"www.googletagmanager.com/gtm.js"}}))
		if len(got) != len(want) {
			t.Errorf("%d: %v, want %v", i, got, want)
		}
		for _, k := range want {
			if got[k] == "" {
				t.Errorf("%d: %s is missing in %v", i, k, got)
			}
		}
	}
}
