package website

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/fact"
)

func all() []*check.Check {
	return []*check.Check{StrictTransport, Framing, ReferrerPolicy, NoSniff, Charset, Disclosure,
		ContentPolicy, Cookies, Caching, Redirect, CrossOrigin, Methods, ErrorPages, Resources, Exposed, Handlers, Downloads}
}

func TestChecks(t *testing.T) { checktest.Run(t, Probe, all()) }

func TestParseHSTS(t *testing.T) {
	for value, want := range map[string]HSTS{
		"max-age=1":                          {MaxAge: 1},
		` max-age = "7" ; x=1;; preload`:     {MaxAge: 7, Preload: true},
		"includesubdomains;MAX-AGE=31536000": {MaxAge: 31536000, Subdomains: true},
	} {
		if got, err := ParseHSTS(value); err != nil || got != want {
			t.Errorf("%q: %+v %v", value, got, err)
		}
	}
	for _, value := range []string{"", "preload", "max-age", "max-age=", "max-age=-1", "max-age=+1", "max-age=1; max-age=2", "max-age=1e3", `max-age="`, "max-age=99999999999999999999"} {
		if got, err := ParseHSTS(value); err == nil {
			t.Errorf("%q: %+v", value, got)
		}
	}
}

// FuzzHeaders judges any headers by all checks: none may break.
func FuzzHeaders(f *testing.F) {
	f.Add("strict-transport-security", hstsGood, 200)
	f.Add("content-security-policy", "default-src 'none'; frame-ancestors *", 200)
	f.Add("via", "1.1 cache (squid/5.7), 2", 302)
	f.Add("content-type", "text/html;charset", 200)
	cat := check.Catalogue{}
	for _, c := range all() {
		cat[c.ID] = check.Settings{Params: map[string]any{"min_age": 10886400, "bypasses": []string{"cdn.jsdelivr.net/npm/a.js"}, "bypasses_by_eval": []string{}}}
	}
	f.Fuzz(func(t *testing.T, name, value string, status int) {
		page := Fact{Status: status, Headers: []Header{{name, value}}}
		for _, c := range all() {
			for _, o := range check.Judge(c, cat, []fact.Observation{{Subject: "https://a", Kind: page.Kind(), Fact: page, ObservedAt: check.ExampleNow}}, nil, check.ExampleNow) {
				if o.Verdict == check.Error {
					t.Errorf("%s: %s", c.ID, o.Detail)
				}
			}
		}
	})
}
