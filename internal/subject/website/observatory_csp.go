package website

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// broad are the sources that let in everyone.
var broad = []string{"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}

// observedCSP is the test of the Content-Security-Policy: src/analyzer/tests/csp.js of the original.
func (f Fact) observedCSP() string {
	csp, double, lacking := f.observedPolicies()
	if lacking != "" {
		return lacking
	}
	outcome := csp.observed()
	switch outcome {
	case "csp-implemented-with-no-unsafe", "csp-implemented-with-no-unsafe-default-src-none", "csp-implemented-with-unsafe-inline-in-style-src-only", "csp-implemented-with-insecure-scheme-in-passive-content-only":
		if double {
			return "csp-implemented-but-duplicate-directives"
		}
	}
	return outcome
}

// observedPolicies puts the header and what the page says itself together, or gives the outcome of having none.
func (f Fact) observedPolicies() (all Policy, double bool, lacking string) {
	var header []string
	if v, sent := f.joined("content-security-policy"); sent {
		header = []string{v}
	}
	all, double, err := observedPolicy(slices.Concat(header, f.meta("content-security-policy")))
	if err != nil {
		return nil, false, "csp-header-invalid"
	}
	own, _, _ := observedPolicy(header)
	inPage, _, _ := observedPolicy(f.meta("content-security-policy"))
	for _, d := range []string{"frame-ancestors", "report-uri", "sandbox"} {
		delete(inPage, d)
	}
	if len(own)+len(inPage) > 0 {
		return all, double, ""
	}
	if v, _ := f.joined("content-security-policy-report-only"); v != "" {
		return nil, false, "csp-not-implemented-but-reporting-enabled"
	}
	return nil, false, "csp-not-implemented"
}

// sourcesOf gives the sources of the first directive that stands, or of everyone.
func (p Policy) sourcesOf(names ...string) []string {
	if list, ok := p.sources(names...); ok {
		return slices.Clone(list)
	}
	return []string{"*"}
}

func anyOf(list, bad []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return slices.Contains(bad, s) })
}

func insecure(s string) bool { return strings.HasPrefix(s, "http:") || strings.HasPrefix(s, "ftp:") }

// observed is the first outcome that applies, the worst first. It changes the policy.
func (p Policy) observed() string {
	// What a nonce or 'strict-dynamic' takes away is gone for all directives that fall back to the same list.
	drop := func(directive string, gone func(string) bool) {
		for _, name := range []string{directive, "default-src"} {
			if list, ok := p[name]; ok {
				p[name] = slices.DeleteFunc(slices.Clone(list), gone)
				return
			}
		}
	}
	proven := func(list []string) bool {
		return slices.ContainsFunc(list, func(s string) bool {
			return strings.HasPrefix(s, "'nonce-") || strings.HasPrefix(s, "'sha256-") || strings.HasPrefix(s, "'sha384-") || strings.HasPrefix(s, "'sha512-")
		})
	}
	for _, d := range []string{"script-src", "style-src"} {
		if proven(p.sourcesOf(d, "default-src")) {
			drop(d, func(s string) bool { return s == "'unsafe-inline'" })
		}
	}
	if list := p.sourcesOf("script-src", "default-src"); slices.Contains(list, "'strict-dynamic'") {
		if !proven(list) {
			return "csp-header-invalid"
		}
		drop("script-src", func(s string) bool {
			return s == "'self'" || slices.ContainsFunc(broad, func(b string) bool { return strings.HasPrefix(s, b) })
		})
	}
	objects, scripts, styles := p.sourcesOf("object-src", "default-src"), p.sourcesOf("script-src", "default-src"), p.sourcesOf("style-src", "default-src")
	active := scripts
	var passive []string
	for name, list := range p {
		if name != "img-src" && name != "media-src" && name != "script-src" {
			active = append(active, list...)
		}
	}
	for _, name := range []string{"img-src", "media-src"} {
		list, _ := p.sources(name, "default-src")
		passive = append(passive, list...)
	}
	unsafe := append([]string{"'unsafe-inline'", "data:"}, broad...)
	switch none := p["default-src"]; {
	case anyOf(scripts, unsafe) || anyOf(objects, broad):
		return "csp-implemented-with-unsafe-inline"
	case slices.ContainsFunc(active, insecure):
		return "csp-implemented-with-insecure-scheme"
	case slices.Contains(scripts, "'unsafe-eval'") || slices.Contains(styles, "'unsafe-eval'"):
		return "csp-implemented-with-unsafe-eval"
	case slices.ContainsFunc(passive, insecure):
		return "csp-implemented-with-insecure-scheme-in-passive-content-only"
	case anyOf(styles, unsafe):
		return "csp-implemented-with-unsafe-inline-in-style-src-only"
	case len(none) == 1 && none[0] == "'none'":
		return "csp-implemented-with-no-unsafe-default-src-none"
	}
	return "csp-implemented-with-no-unsafe"
}

// observedPolicy reads policies as the original does: one for each header or element, lower case, a source counts when
// all policies that have the directive name it, and a directive that stands twice makes all invalid, but for those of
// reporting.
func observedPolicy(all []string) (Policy, bool, error) {
	double, out := false, Policy{}
	for i, text := range all {
		text = strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(text))
		if len(text) < len("img-src")-1 {
			return nil, false, errors.New("too short")
		}
		seen := Policy{}
		for d := range strings.SplitSeq(text, ";") {
			words := strings.Fields(strings.ToLower(d))
			if len(words) == 0 {
				continue
			}
			name, list := words[0], words[1:]
			if _, twice := seen[name]; twice {
				if name != "report-uri" && name != "report-to" {
					return nil, false, errors.New("stands twice: " + name)
				}
				double = true
			}
			if len(list) == 0 && strings.HasSuffix(name, "-src") {
				list = []string{"'none'"}
			}
			seen[name] = list
		}
		for name, list := range seen {
			kept, err := common(out[name], list, i == 0)
			if err != nil {
				return nil, false, err
			}
			out[name] = kept
		}
	}
	for name, list := range out {
		if len(list) == 0 {
			out[name] = []string{"'none'"}
		}
	}
	return out, double, nil
}

// common are the sources of a policy that an earlier one names too, or all of the first. Of those that begin alike the
// shortest stays.
func common(before, list []string, first bool) (out []string, err error) {
	sorted := slices.Sorted(slices.Values(list))
	for i, s := range sorted {
		if first && i > 0 && strings.HasPrefix(s, sorted[i-1]) {
			continue
		}
		keep := first
		for _, b := range before {
			ok, err := covers(b, s)
			if err != nil {
				return nil, err
			}
			keep = keep || ok
		}
		if keep {
			out = append(out, s)
		}
	}
	return out, nil
}

// covers tells whether the path of a source is that of the other, or above it.
func covers(a, b string) (bool, error) {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	exact := !strings.HasSuffix(a, "/")
	if len(as) > len(bs) || exact && len(as) != len(bs) {
		return false, nil
	}
	if !exact {
		as = as[:len(as)-1]
	}
	for i := range as {
		x, err := url.PathUnescape(as[i])
		y, err2 := url.PathUnescape(bs[i])
		if err = errors.Join(err, err2); err != nil {
			return false, err
		}
		if x != y {
			return false, nil
		}
	}
	return true, nil
}
