package website

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestObservatoryAsOriginal: testdata/observatory.json holds sites with what the tests of
// @mdn/mdn-http-observatory 1.4.8 said of them, run under Node with an empty preload list. The sites were drawn at
// random from headers that are sent in the field, misspelt ones among them, and are followed by clean ones that lack
// one header each.
func TestObservatoryAsOriginal(t *testing.T) {
	data, err := os.ReadFile("testdata/observatory.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Headers  [][2]string
		Meta     [][2]string
		Plain    *Plain
		CORS     map[string]string
		Cert     Certificate
		Source   []Resource `json:"resources"`
		Outcomes []string
		Score    int
		Grade    string
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all) < 160 {
		t.Fatal(err, len(all))
	}
	seen := map[string]int{}
	for i, c := range all {
		f := Fact{URL: "https://shop.example.com/", Status: 200, Plain: c.Plain, Resources: c.Source}
		for _, h := range c.Headers {
			f.Headers = append(f.Headers, Header{h[0], h[1]})
		}
		for _, h := range c.Meta {
			f.Meta = append(f.Meta, Header{h[0], h[1]})
		}
		if c.Plain == nil {
			f.Plain = &Plain{Closed: true}
		}
		f.Origins = []Origin{{Asked: "https://holdfast-probe.example", Allowed: c.CORS["access-control-allow-origin"], Credentials: c.CORS["access-control-allow-credentials"] == "true"}}
		o := Observe(f, c.Cert)
		for j, x := range o.Tests {
			seen[x.Outcome]++
			if x.Outcome != alike(c.Outcomes[j]) {
				t.Errorf("site %d, %s: %s, want %s\n%v %v %+v", i, x.Name, x.Outcome, c.Outcomes[j], c.Headers, c.Meta, c.Plain)
			}
		}
		if (o.Score != c.Score || o.Grade != c.Grade) && !t.Failed() {
			t.Errorf("site %d: %d %s, want %d %s", i, o.Score, o.Grade, c.Score, c.Grade)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d outcomes came up: %v", len(seen), seen)
	}
}

// alike puts outcomes together that weigh the same and that we do not tell apart.
func alike(outcome string) string {
	switch outcome {
	case "sri-not-implemented-but-no-scripts-loaded": // scripts in the page are not in the fact
		return "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"
	}
	return outcome
}

// TestObservatoryScore: scores by the table of modifiers, reckoned by hand.
func TestObservatoryScore(t *testing.T) {
	closed := func(f Fact, origin ...Origin) Fact {
		f.Plain, f.Origins = &Plain{Closed: true}, append(origin, Origin{Asked: "https://holdfast-probe.example"})
		return f
	}
	for _, c := range []struct {
		name  string
		fact  Fact
		score int
		grade string
	}{
		// -25 no policy, -20 no HSTS, -5 no nosniff, -20 no X-Frame-Options
		{"nothing", closed(html()), 30, "D"},
		// all headers: +5 policy, +5 referrer, +5 frame-ancestors, +10 CORP, counted since nothing is lost
		{"all", closed(html("content-security-policy", "default-src 'self'; object-src 'none'; frame-ancestors 'none'", "strict-transport-security", hstsGood,
			"referrer-policy", "same-origin", "x-content-type-options", "nosniff", "cross-origin-resource-policy", "same-origin")), 125, "A+"},
		// -25 no policy: 75 is below 90, so that +5 referrer and +10 CORP do not count
		{"no bonus", closed(html("strict-transport-security", hstsGood, "referrer-policy", "same-origin", "x-content-type-options", "nosniff", "x-frame-options", "DENY",
			"cross-origin-resource-policy", "same-origin")), 75, "B"},
		// -10 a short HSTS leaves 90: +10 default-src 'none'
		{"just a bonus", closed(html("content-security-policy", "default-src 'none'", "strict-transport-security", "max-age=86400", "x-content-type-options", "nosniff", "x-frame-options", "DENY")), 100, "A+"},
		// -25 -20 -5 -20, -50 any origin with cookies: below 0
		{"below nothing", closed(html(), Origin{Asked: "https://holdfast-probe.example", Allowed: "https://holdfast-probe.example", Credentials: true}), 0, "F"},
	} {
		if o := Observe(c.fact, CertificateValid); o.Score != c.score || o.Grade != c.grade || len(o.Missing()) > 0 {
			t.Errorf("%s: %d %s %v, want %d %s\n%+v", c.name, o.Score, o.Grade, o.Missing(), c.score, c.grade, o.Tests)
		}
	}
	for score, grade := range map[int]string{135: "A+", 100: "A+", 99: "A", 90: "A", 89: "A-", 85: "A-", 84: "B+", 80: "B+", 79: "B", 70: "B", 69: "B-", 65: "B-", 64: "C+", 60: "C+",
		59: "C", 50: "C", 49: "C-", 45: "C-", 44: "D+", 40: "D+", 39: "D", 30: "D", 29: "D-", 25: "D-", 24: "F", 0: "F"} {
		if got := observatoryGrade(score); got != grade {
			t.Errorf("%d: %s, want %s", score, got, grade)
		}
	}
}

// TestObservatoryUnseen: what was not seen is named, and no score is made of a page that is none.
func TestObservatoryUnseen(t *testing.T) {
	if o := Observe(html(), CertificateUnseen); !slices.Equal(o.Missing(), []string{"cross-origin-resource-sharing", "redirection", "strict-transport-security"}) {
		t.Errorf("%v", o.Missing())
	}
	insecure := html("set-cookie", "a=...")
	if o := Observe(insecure, CertificateUnseen); !slices.Contains(o.Missing(), "cookies") {
		t.Errorf("without HSTS the cookie cannot be told: %v", o.Missing())
	}
	for status, says := range map[int]string{0: "no page", 302: "leads elsewhere", 404: "answered with 404", 503: "answered with 503"} {
		f := html()
		f.Status = status
		if o := Observe(f, CertificateValid); !strings.Contains(o.Reason, says) || o.Grade != "" || len(o.Tests) > 0 {
			t.Errorf("%d: %+v", status, o)
		}
	}
	for _, status := range []int{200, 401, 403} {
		f := html()
		f.Status = status
		if o := Observe(f, CertificateValid); o.Reason != "" || o.Grade == "" {
			t.Errorf("%d: %+v", status, o)
		}
	}
}
