package website

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Policy is a Content-Security-Policy: directives by their lower-case names. Of a directive that stands twice the
// first counts (CSP Level 3 section 2.2.1).
type Policy map[string][]string

// ParseCSP reads the value of one header, which may hold several policies (CSP Level 3 section 2.2.2).
func ParseCSP(value string) (out []Policy) {
	for text := range strings.SplitSeq(value, ",") {
		p := Policy{}
		for d := range strings.SplitSeq(text, ";") {
			words := strings.Fields(d)
			if len(words) == 0 {
				continue
			}
			if name := strings.ToLower(words[0]); p[name] == nil {
				p[name] = append([]string{}, words[1:]...)
			}
		}
		if len(p) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// sources gives the list that counts for a directive, by its fallbacks, and whether there is one.
func (p Policy) sources(names ...string) ([]string, bool) {
	for _, n := range names {
		if list, ok := p[n]; ok {
			return list, true
		}
	}
	return nil, false
}

func is(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}

// none tells a list that lets nothing in: empty, or 'none' alone.
func none(list []string) bool { return len(list) == 0 || len(list) == 1 && is(list, "'none'") }

// bypasses are hosts that serve scripts for everyone, or answer with a script of the asker's choice (JSONP), so that
// who may load from them may run anything.
var bypasses = []string{"ajax.googleapis.com", "www.google.com", "accounts.google.com", "www.gstatic.com", "www.googletagmanager.com",
	"cdnjs.cloudflare.com", "cdn.jsdelivr.net", "unpkg.com", "esm.sh", "code.angularjs.org", "yandex.st", "yastatic.net", "raw.githubusercontent.com",
	"gist.githubusercontent.com", "storage.googleapis.com", "firebasestorage.googleapis.com", "s3.amazonaws.com", "cloudfront.net",
	"herokuapp.com", "appspot.com", "azurewebsites.net", "blob.core.windows.net", "github.io", "pages.dev", "web.app", "netlify.app", "vercel.app"}

// bypass gives the host of the list above that a source lets in; empty without one.
func bypass(source string) string {
	s := strings.ToLower(source)
	if strings.HasPrefix(s, "'") {
		return ""
	}
	_, rest, ok := strings.Cut(s, "://")
	if !ok {
		rest = s
	}
	host, path, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	if host == "" || path != "" && !strings.HasSuffix(path, "/") {
		return "" // one file
	}
	for _, b := range bypasses {
		own := strings.TrimPrefix(host, "*.")
		if own == b || strings.HasSuffix(own, "."+b) && strings.Count(b, ".") < 2 || host != own && strings.HasSuffix(b, "."+own) {
			return b
		}
	}
	return ""
}

// faults are what lets scripts of others run under the policy, by the keys of violations.
func (p Policy) faults() map[string]string {
	out := map[string]string{}
	scripts, ok := p.sources("script-src-elem", "script-src", "default-src")
	if !ok {
		out["csp:script-src"] = "neither script-src nor default-src limits scripts"
	}
	inline := map[string]bool{}
	for _, directive := range [][]string{{"script-src-elem", "script-src", "default-src"}, {"script-src-attr", "script-src", "default-src"}, {"script-src", "default-src"}} {
		list, _ := p.sources(directive...)
		proven := slices.ContainsFunc(list, func(s string) bool { return proof(s) })
		strict := is(list, "'strict-dynamic'")
		if is(list, "'unsafe-inline'") && !proven && !strict {
			inline[directive[0]] = true
		}
	}
	if len(inline) > 0 {
		out["csp:unsafe-inline"] = "scripts in the page run ('unsafe-inline')"
	}
	all, _ := p.sources("script-src", "default-src")
	if is(all, "'unsafe-eval'") {
		out["csp:unsafe-eval"] = "text is run as script ('unsafe-eval')"
	}
	if !is(scripts, "'strict-dynamic'") { // with it hosts and schemes do not count
		for _, s := range scripts {
			switch l := strings.ToLower(s); {
			case l == "*" || strings.HasSuffix(l, ":") || strings.HasSuffix(l, "://*"):
				out["csp:wide"] = "scripts may come from " + s
			case bypass(s) != "":
				out["csp:bypass"] = s + " serves scripts for everyone"
			}
		}
	}
	if list, ok := p.sources("object-src", "default-src"); !ok || !none(list) {
		out["csp:object-src"] = "object-src is not 'none'"
	}
	if list, ok := p["base-uri"]; !ok || !none(list) {
		out["csp:base-uri"] = "base-uri is not 'none'"
	}
	return out
}

// proof tells a nonce or a hash: CSP Level 3 section 2.3.1.
func proof(source string) bool {
	s := strings.ToLower(source)
	return strings.HasPrefix(s, "'nonce-") && len(s) > len("'nonce-'") || strings.HasPrefix(s, "'sha256-") || strings.HasPrefix(s, "'sha384-") || strings.HasPrefix(s, "'sha512-")
}

// policies are those of all headers that are enforced.
func (f Fact) policies() (out []Policy) {
	for _, v := range f.values("content-security-policy") {
		out = append(out, ParseCSP(v)...)
	}
	return out
}

// ContentPolicy keeps scripts of others out of the page.
var ContentPolicy = &check.Check{
	ID:    "website-csp",
	Title: "Only the site's own scripts run in its pages",
	Doc:   "One place that forgets to escape a text gives an attacker everything that the visitor may do. A Content-Security-Policy runs only scripts that the site has marked.",
	Remedy: "Content-Security-Policy: default-src 'self'; script-src 'nonce-RANDOM' 'strict-dynamic'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'\n" +
		"with a new RANDOM in each answer and on each <script nonce=RANDOM>; try it as Content-Security-Policy-Report-Only first\n" +
		"a site without scripts. nginx: add_header Content-Security-Policy \"default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'\" always;",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"CSP Level 3"},
	Needs:        []string{partPage},
	Rule: onPage(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if kind, how := f.kind(declared); kind != estate.WebUI {
			return check.Inapplicable("it is no web UI, " + how)
		}
		all := f.policies()
		if len(all) == 0 {
			if len(f.values("content-security-policy-report-only")) > 0 {
				return fault("csp:missing", "the Content-Security-Policy only reports")
			}
			return fault("csp:missing", "Content-Security-Policy is not sent")
		}
		// What one policy forbids is forbidden: a fault is one of all.
		faults := all[0].faults()
		for _, p := range all[1:] {
			other := p.faults()
			for k := range faults {
				if _, ok := other[k]; !ok {
					delete(faults, k)
				}
			}
		}
		var vs []check.Violation
		for k, text := range faults {
			vs = append(vs, check.Violation{Key: k, Detail: text, At: "/headers"})
		}
		return check.Failed(fmt.Sprintf("%d policies, none of them loose", len(all)), vs)
	}),
	Examples: []check.Example{
		check.Passes("nonce", html("content-security-policy", "default-src 'self'; script-src 'nonce-r4nd0m' 'strict-dynamic' https: 'unsafe-inline'; object-src 'none'; base-uri 'none'")),
		check.Passes("nothing at all", html("content-security-policy", "default-src 'none'; base-uri 'none'")),
		check.Passes("two policies together", html("content-security-policy", "default-src 'self' 'unsafe-inline'", "content-security-policy", "script-src 'self'; object-src 'none'; base-uri 'none'")),
		check.Fails("not sent", html(), "csp:missing"),
		check.Fails("reports only", html("content-security-policy-report-only", "default-src 'none'; base-uri 'none'"), "csp:missing"),
		check.Fails("inline and eval", html("content-security-policy", "script-src 'self' 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'none'"), "csp:unsafe-inline", "csp:unsafe-eval"),
		check.Fails("of event handlers", html("content-security-policy", "script-src 'nonce-abc'; script-src-attr 'unsafe-inline'; object-src 'none'; base-uri 'none'"), "csp:unsafe-inline"),
		check.Fails("wide, by the fallback", html("content-security-policy", "default-src https:"), "csp:wide", "csp:object-src", "csp:base-uri"),
		check.Fails("a host for everyone", html("content-security-policy", "script-src 'self' https://cdn.jsdelivr.net; object-src 'none'; base-uri 'none'"), "csp:bypass"),
		check.Fails("styles alone", html("content-security-policy", "style-src 'self'; object-src 'none'; base-uri 'none'"), "csp:script-src"),
		check.Fails("the first of two counts", html("content-security-policy", "script-src *; script-src 'self'; object-src 'none'; base-uri 'none'"), "csp:wide"),
		check.Skips("an answer of an API", sample("content-type", "application/json")),
	},
}
