package website

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// sixMonths is what counts as such: 180 days.
const sixMonths = 15552000

func (f Fact) observedHSTS(certificate Certificate) string {
	switch certificate {
	case CertificateBad:
		return "hsts-invalid-cert"
	case CertificateUnseen:
		return Unseen
	}
	value, sent := f.joined("strict-transport-security")
	switch {
	case !sent:
		return "hsts-not-implemented"
	case strings.Contains(value, ","):
		return "hsts-header-invalid"
	}
	age, said := "", false
	for part := range strings.SplitSeq(strings.ToLower(value), ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			age, said = v, true
		}
	}
	n, err := strconv.ParseInt(strings.TrimRight(age, " "), 10, 64)
	switch {
	case !said:
		return "hsts-header-invalid"
	case err == nil && n < sixMonths:
		return "hsts-implemented-max-age-less-than-six-months"
	}
	return "hsts-implemented-max-age-at-least-six-months" // so is, with it, what is no number
}

func (f Fact) observedCookies(hsts string) string {
	order := []string{"", "cookies-without-secure-flag-but-protected-by-hsts", "cookies-without-secure-flag", "cookies-session-without-secure-flag-but-protected-by-hsts",
		"cookies-samesite-flag-invalid", "cookies-anticsrf-without-samesite-flag", "cookies-session-without-httponly-flag", "cookies-session-without-secure-flag"}
	outcome, bare := "", false
	add := func(o string) { outcome = worst(outcome, o, order) }
	jar := map[string]Cookie{} // a later cookie takes the place of an earlier one
	for _, v := range f.values("set-cookie") {
		c := ParseCookie(v)
		if says(v, "samesite") && !slices.Contains(sameSites, c.SameSite) {
			add("cookies-samesite-flag-invalid")
		}
		broken := strings.HasPrefix(c.Name, "__Secure-") && !c.Secure || strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || c.Domain != "" || cmp.Or(c.Path, "/") != "/")
		if c.Name != "" && c.Name != "heroku-session-affinity" && !broken { // browsers do not take a broken promise
			jar[c.Name+" "+cmp.Or(c.Path, "/")+" "+c.Domain] = c
		}
	}
	for _, c := range jar {
		name := strings.ToLower(c.Name)
		session, token := strings.Contains(name, "login") || strings.Contains(name, "sess"), strings.Contains(name, "csrf")
		known := slices.Contains(sameSites, c.SameSite)
		if c.SameSite == "none" && !c.Secure {
			add("cookies-samesite-flag-invalid")
		}
		if !c.Secure {
			switch hsts {
			case Unseen:
				return Unseen
			case "hsts-implemented-max-age-at-least-six-months":
				add("cookies-without-secure-flag-but-protected-by-hsts")
				if session {
					add("cookies-session-without-secure-flag-but-protected-by-hsts")
				}
			default:
				add("cookies-without-secure-flag")
				if session {
					add("cookies-session-without-secure-flag")
				}
			}
		}
		if token && !known {
			add("cookies-anticsrf-without-samesite-flag")
		}
		if session && !c.HTTPOnly {
			add("cookies-session-without-httponly-flag")
		}
		bare = bare || !known
	}
	switch {
	case len(jar) == 0:
		return "cookies-not-found"
	case outcome != "":
		return outcome
	case bare:
		return "cookies-secure-with-httponly-sessions"
	}
	return "cookies-secure-with-httponly-sessions-and-samesite"
}

// sameSites are the values of SameSite.
var sameSites = []string{"lax", "strict", "none"}

// says tells whether a cookie has an attribute, whatever its value.
func says(cookie, attribute string) bool {
	_, rest, _ := strings.Cut(cookie, ";")
	for a := range strings.SplitSeq(rest, ";") {
		if name, _, _ := strings.Cut(a, "="); strings.EqualFold(strings.TrimSpace(name), attribute) {
			return true
		}
	}
	return false
}

func (f Fact) observedCORS() string {
	if len(f.Origins) == 0 {
		return Unseen
	}
	switch o := f.Origins[0]; { // the original asks once, as a page of a site of its own
	case o.Allowed == "":
		return "cross-origin-resource-sharing-not-implemented"
	case strings.TrimSpace(o.Allowed) == "*":
		return "cross-origin-resource-sharing-implemented-with-public-access"
	case o.Allowed == o.Asked && o.Credentials:
		return "cross-origin-resource-sharing-implemented-with-universal-access"
	}
	return "cross-origin-resource-sharing-implemented-with-restricted-access"
}

func (f Fact) observedRedirection(certificate Certificate) string {
	site, err := url.Parse(f.URL)
	switch p := f.Plain; {
	case p == nil || err != nil:
		return Unseen
	case p.Closed:
		return "redirection-not-needed-no-http"
	case certificate == CertificateBad:
		return "redirection-invalid-cert"
	case certificate == CertificateUnseen:
		return Unseen
	case p.Status < 300 || p.Status > 399 || p.Location == "":
		return "redirection-missing"
	default:
		to, err := (&url.URL{Scheme: "http", Host: site.Hostname(), Path: "/"}).Parse(p.Location)
		switch {
		case err != nil:
			return "redirection-missing"
		case to.Scheme != "https":
			return "redirection-not-to-https-on-initial-redirection"
		case !strings.EqualFold(to.Hostname(), site.Hostname()):
			return "redirection-off-host-from-http"
		}
		return "redirection-to-https"
	}
}

func (f Fact) observedReferrer() string {
	all := append(f.values("referrer-policy"), f.meta("referrer-policy")...)
	if len(all) == 0 {
		return "referrer-policy-not-implemented"
	}
	outcome := "referrer-policy-header-invalid"
	for word := range strings.SplitSeq(strings.Join(all, ","), ",") { // the last that is known counts
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin":
			outcome = "referrer-policy-private"
		case "origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade":
			outcome = "referrer-policy-unsafe"
		}
	}
	return outcome
}

// observedScripts is the test of Subresource Integrity. By the order of the original a script of others without
// integrity hides one with it in the clear.
func (f Fact) observedScripts() string {
	order := []string{"", "sri-implemented-and-all-scripts-loaded-securely", "sri-implemented-but-external-scripts-not-loaded-securely",
		"sri-not-implemented-but-external-scripts-loaded-securely", "sri-not-implemented-and-external-scripts-not-loaded-securely"}
	kind, _ := f.joined("content-type")
	if kind, _, _ = strings.Cut(kind, ";"); kind != "text/html" && kind != "application/xhtml+xml" {
		return "sri-not-implemented-response-not-html"
	}
	site, err := url.Parse(f.URL)
	if err != nil {
		return Unseen
	}
	outcome, others := "", false
	for _, r := range f.Resources {
		u, err := url.Parse(r.URL)
		if r.Sort != "script" || err != nil {
			continue
		}
		secure := u.Scheme == "https" && !r.Bare // the original knows no scheme of //host/path
		switch {
		case !r.Bare && domain(u.Hostname()) == domain(site.Hostname()):
			if r.Integrity && secure && outcome == "" {
				outcome = "sri-implemented-and-all-scripts-loaded-securely"
			}
			continue
		case r.Integrity && !secure:
			outcome = worst(outcome, "sri-implemented-but-external-scripts-not-loaded-securely", order)
		case !r.Integrity && secure:
			outcome = worst(outcome, "sri-not-implemented-but-external-scripts-loaded-securely", order)
		case !r.Integrity:
			outcome = worst(outcome, "sri-not-implemented-and-external-scripts-not-loaded-securely", order)
		}
		others = true
	}
	switch {
	case outcome != "":
		return outcome
	case others:
		return "sri-implemented-and-external-scripts-loaded-securely"
	}
	return "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"
}

// domain is the part of a name that somebody registered; the name itself where there is none.
func domain(host string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return strings.ToLower(host)
	}
	return d
}

func (f Fact) observedSniffing() string {
	v, sent := f.joined("x-content-type-options")
	switch {
	case !sent || v == "":
		return "x-content-type-options-not-implemented"
	case strings.EqualFold(v, "nosniff"):
		return "x-content-type-options-nosniff"
	}
	return "x-content-type-options-header-invalid"
}

func (f Fact) observedFraming() string {
	if p, _, lacking := f.observedPolicies(); lacking == "" && p["frame-ancestors"] != nil {
		return "x-frame-options-implemented-via-csp"
	}
	v, sent := f.joined("x-frame-options")
	switch v = strings.ToLower(v); {
	case !sent || v == "":
		return "x-frame-options-not-implemented"
	case v == "deny" || v == "sameorigin":
		return "x-frame-options-sameorigin-or-deny"
	case strings.HasPrefix(v, "allow-from"):
		return "x-frame-options-allow-from-origin"
	}
	return "x-frame-options-header-invalid"
}

func (f Fact) observedCORP() string {
	v, _ := f.joined("cross-origin-resource-policy")
	if all := f.meta("cross-origin-resource-policy"); v == "" && len(all) > 0 {
		v = all[len(all)-1]
	}
	switch strings.ToLower(v) {
	case "":
		return "corp-not-implemented"
	case "same-origin", "same-site", "cross-origin":
		return "corp-implemented-with-" + strings.ToLower(v)
	}
	return "corp-header-invalid"
}
