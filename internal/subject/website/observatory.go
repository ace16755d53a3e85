package website

import (
	"slices"
	"strings"
)

// Observatory is how MDN HTTP Observatory 1.4.8 (algorithm 4) would score the site. It stands beside our own verdicts
// and decides none of them.
//
// It differs from the original in what is not looked at: redirects are not followed, so that a first page that leads
// elsewhere has no score, of plain HTTP the first hop alone counts, and the preload list of browsers is not asked, so
// that nothing is "preloaded".
type Observatory struct {
	Score  int               // 0 and up; without meaning when Reason is given
	Grade  string            // A+ to F
	Reason string            // why there is no score
	Tests  []ObservatoryTest // in the order of the original
}

// ObservatoryTest is the outcome of one test.
type ObservatoryTest struct {
	Name     string // as the original calls it
	Outcome  string // as the original calls it; Unseen when the evidence is missing
	Modifier int    // of the score
}

// Unseen is the outcome of a test whose evidence is missing. It takes and gives nothing, and the score is of the
// others.
const Unseen = "unknown"

// Certificate is what the subject tlsserver says of the certificate.
type Certificate string

// What a Certificate may be.
const (
	CertificateUnseen Certificate = ""
	CertificateValid  Certificate = "valid"
	CertificateBad    Certificate = "bad"
)

// Observe scores a site.
func Observe(f Fact, certificate Certificate) Observatory {
	switch {
	case f.Status == 0:
		return Observatory{Reason: "no page was had"}
	case f.Status >= 300 && f.Status < 400:
		return Observatory{Reason: "the first page leads elsewhere, and redirects are not followed"}
	case f.Status >= 400 && f.Status != 401 && f.Status != 403:
		return Observatory{Reason: f.answer()}
	}
	hsts := f.observedHSTS(certificate)
	o := Observatory{Tests: []ObservatoryTest{
		{Name: "content-security-policy", Outcome: f.observedCSP()},
		{Name: "cookies", Outcome: f.observedCookies(hsts)},
		{Name: "cross-origin-resource-sharing", Outcome: f.observedCORS()},
		{Name: "redirection", Outcome: f.observedRedirection(certificate)},
		{Name: "referrer-policy", Outcome: f.observedReferrer()},
		{Name: "strict-transport-security", Outcome: hsts},
		{Name: "subresource-integrity", Outcome: f.observedScripts()},
		{Name: "x-content-type-options", Outcome: f.observedSniffing()},
		{Name: "x-frame-options", Outcome: f.observedFraming()},
		{Name: "cross-origin-resource-policy", Outcome: f.observedCORP()},
	}}
	lost, won := 0, 0
	for i := range o.Tests {
		m := modifier(o.Tests[i].Outcome)
		o.Tests[i].Modifier = m
		lost, won = lost+min(m, 0), won+max(m, 0)
	}
	if o.Score = 100 + lost; o.Score >= 90 { // who loses more gets no bonus
		o.Score += won
	}
	o.Score = max(o.Score, 0)
	o.Grade = observatoryGrade(o.Score)
	return o
}

// Missing are the tests whose evidence is missing.
func (o Observatory) Missing() (out []string) {
	for _, t := range o.Tests {
		if t.Outcome == Unseen {
			out = append(out, t.Name)
		}
	}
	return out
}

// observatoryGrade is the grade of a score, rounded down to a multiple of 5.
func observatoryGrade(score int) string {
	for _, g := range []struct {
		least int
		grade string
	}{{100, "A+"}, {90, "A"}, {85, "A-"}, {80, "B+"}, {70, "B"}, {65, "B-"}, {60, "C+"}, {50, "C"}, {45, "C-"}, {40, "D+"}, {30, "D"}, {25, "D-"}} {
		if score >= g.least {
			return g.grade
		}
	}
	return "F"
}

// modifier is what an outcome takes from the score or adds to it.
func modifier(outcome string) int {
	switch outcome {
	case "csp-implemented-with-no-unsafe-default-src-none", "corp-implemented-with-same-origin", "corp-implemented-with-same-site":
		return 10
	case "csp-implemented-with-no-unsafe", "cookies-secure-with-httponly-sessions-and-samesite", "referrer-policy-private",
		"sri-implemented-and-all-scripts-loaded-securely", "sri-implemented-and-external-scripts-loaded-securely", "x-frame-options-implemented-via-csp":
		return 5
	case "cookies-without-secure-flag-but-protected-by-hsts", "redirection-off-host-from-http", "referrer-policy-unsafe", "referrer-policy-header-invalid",
		"sri-not-implemented-but-external-scripts-loaded-securely", "x-content-type-options-not-implemented", "x-content-type-options-header-invalid",
		"corp-header-invalid":
		return -5
	case "csp-implemented-with-insecure-scheme-in-passive-content-only", "csp-implemented-with-unsafe-eval", "cookies-session-without-secure-flag-but-protected-by-hsts",
		"redirection-not-to-https-on-initial-redirection", "hsts-implemented-max-age-less-than-six-months":
		return -10
	case "csp-implemented-with-unsafe-inline", "csp-implemented-with-insecure-scheme", "cookies-without-secure-flag", "cookies-samesite-flag-invalid",
		"cookies-anticsrf-without-samesite-flag", "redirection-missing", "redirection-not-to-https", "redirection-invalid-cert", "hsts-not-implemented", "hsts-header-invalid",
		"hsts-invalid-cert", "sri-implemented-but-external-scripts-not-loaded-securely", "x-frame-options-not-implemented", "x-frame-options-header-invalid":
		return -20
	case "csp-not-implemented", "csp-header-invalid", "csp-not-implemented-but-reporting-enabled":
		return -25
	case "cookies-session-without-httponly-flag":
		return -30
	case "cookies-session-without-secure-flag":
		return -40
	case "cross-origin-resource-sharing-implemented-with-universal-access", "sri-not-implemented-and-external-scripts-not-loaded-securely":
		return -50
	}
	return 0
}

// joined is a header as the original sees it: repeated ones are one value.
func (f Fact) joined(name string) (string, bool) {
	values := f.values(name)
	return strings.TrimSpace(strings.Join(values, ", ")), len(values) > 0
}

// meta gives the values of <meta http-equiv> elements of the first page.
func (f Fact) meta(name string) (out []string) {
	for _, m := range f.Meta {
		if m.Name == name {
			out = append(out, strings.TrimSpace(m.Value))
		}
	}
	return out
}

// worst gives the later one of an order from good to bad; "" is the best.
func worst(a, b string, order []string) string {
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}
