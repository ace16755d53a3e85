package website

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

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

// String writes the policy as a header has it, directives by their names.
func (p Policy) String() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		out = append(out, strings.Join(append([]string{name}, p[name]...), " "))
	}
	return strings.Join(out, "; ")
}

// bypass gives the entry of a list that a source lets in; empty without one. Entries are host/path of a script, or
// of an answer with a script of the asker's choice. CSP Level 3 section 6.7.2.8: a path that ends in / lets in what
// stands below it, another one that file alone.
func bypass(source string, list []string) string {
	s := strings.ToLower(source)
	if strings.HasPrefix(s, "'") || strings.HasSuffix(s, ":") {
		return ""
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	host, path, _ := strings.Cut(s, "/")
	host, _, _ = strings.Cut(host, ":")
	for _, entry := range list {
		at, file, _ := strings.Cut(entry, "/")
		base, wild := strings.CutPrefix(host, "*.")
		if host != at && !(wild && strings.HasSuffix(at, "."+base)) {
			continue
		}
		if path == "" || path == file || strings.HasSuffix(path, "/") && strings.HasPrefix(file, path) {
			return strings.TrimSuffix(entry, "any")
		}
	}
	return ""
}

// open tells a source of which everyone can have a part: any host, a scheme, or all names below a suffix under which
// anyone registers, such as *.com and *.github.io. blob: is none: it takes a script to make one.
func open(source string) bool {
	s := strings.ToLower(source)
	if s == "*" || strings.HasSuffix(s, "://*") || strings.HasSuffix(s, ":") && s != "blob:" && !strings.Contains(s, "/") {
		return true
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	host, _, _ := strings.Cut(s, "/")
	host, _, _ = strings.Cut(host, ":")
	base, wild := strings.CutPrefix(host, "*.")
	if !wild {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(base)
	return suffix == base && (icann || strings.Contains(suffix, ".")) // the others are names of an intranet
}

// faults are what lets scripts of others run under the policy, by the keys of violations.
func (p Policy) faults(params check.Params) map[string]string {
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
			with := bypass(s, params.Strings("bypasses"))
			if with == "" && is(all, "'unsafe-eval'") {
				with = bypass(s, params.Strings("bypasses_by_eval"))
			}
			switch {
			case open(s):
				out["csp:wide"] = "scripts may come from " + s
			case with != "":
				out["csp:bypass"] = s + " lets in scripts of everyone's choice, such as " + with
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

// faultsOf are the faults of all policies together: what one forbids is forbidden.
func faultsOf(all []Policy, params check.Params) map[string]string {
	out := map[string]string{}
	for i, p := range all {
		faults := p.faults(params)
		if i == 0 {
			out = faults
		}
		maps.DeleteFunc(out, func(k, _ string) bool { return faults[k] == "" })
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

// inPage are the policies that the page gives itself: without what counts in a header only (CSP Level 3 section 3.3).
func (f Fact) inPage() (out []Policy) {
	for _, v := range f.meta("content-security-policy") {
		for _, p := range ParseCSP(v) {
			for _, d := range []string{"frame-ancestors", "report-uri", "sandbox"} {
				delete(p, d)
			}
			if len(p) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// Nonces are those that the values of Content-Security-Policy headers name.
func Nonces(values []string) map[string]bool {
	out := map[string]bool{}
	for _, v := range values {
		for _, p := range ParseCSP(v) {
			for _, list := range p {
				for _, s := range list {
					if proof(s) && strings.HasPrefix(strings.ToLower(s), "'nonce-") {
						out[s] = true
					}
				}
			}
		}
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
		"a site without scripts. nginx: add_header Content-Security-Policy \"default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'\" always;\n" +
		"Spring:  http.headers(h -> h.contentSecurityPolicy(c -> c.policyDirectives(\"...\")))   Go: w.Header().Set(\"Content-Security-Policy\", ...) with a nonce of crypto/rand.Text() for each answer\n" +
		"Caddy:   header Content-Security-Policy \"...\" for a site without scripts; with nonces the application has to send it",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"CSP Level 3"},
	Needs:        []string{partPage},
	Rule: onPage(func(f Fact, declared estate.View, params check.Params) check.Result {
		if kind, how := f.kind(declared); kind != estate.WebUI {
			return check.Inapplicable("it is no web UI, " + how)
		}
		all := append(f.policies(), f.inPage()...)
		if len(all) == 0 {
			if len(f.values("content-security-policy-report-only")) > 0 {
				return fault("csp:missing", "the Content-Security-Policy only reports")
			}
			return fault("csp:missing", "Content-Security-Policy is not sent")
		}
		faults := faultsOf(all, params)
		if f.SameNonce {
			faults["csp:nonce"] = "the nonce is the same in each answer, so that whoever has seen one page can mark scripts"
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
		check.Fails("data:", html("content-security-policy", "script-src 'self' data:; object-src 'none'; base-uri 'none'"), "csp:wide"),
		check.Fails("all names of everyone", html("content-security-policy", "script-src https://*.github.io; object-src 'none'; base-uri 'none'"), "csp:wide"),
		check.Passes("all names of one", html("content-security-policy", "script-src *.northwind.example *.intern blob:; object-src 'none'; base-uri 'none'")),
		check.Passes("one file and one folder of a host for everyone", html("content-security-policy", "script-src https://cdn.jsdelivr.net/npm/vue@3/dist/vue.js https://www.google.com/recaptcha/; object-src 'none'; base-uri 'none'")),
		check.Fails("the folder that matters", html("content-security-policy", "script-src https://cdn.jsdelivr.net/npm/; object-src 'none'; base-uri 'none'"), "csp:bypass"),
		check.Fails("a host for everyone among all names", html("content-security-policy", "script-src https://*.jsdelivr.net; object-src 'none'; base-uri 'none'"), "csp:bypass"),
		check.Passes("hosts do not count beside 'strict-dynamic'", html("content-security-policy", "script-src 'nonce-r4nd0m' 'strict-dynamic' https://cdn.jsdelivr.net *; object-src 'none'; base-uri 'none'")),
		check.Passes("a tag manager without eval", html("content-security-policy", "script-src https://www.googletagmanager.com; object-src 'none'; base-uri 'none'")),
		check.Fails("a tag manager with eval", html("content-security-policy", "script-src https://www.googletagmanager.com 'unsafe-eval'; object-src 'none'; base-uri 'none'"), "csp:bypass", "csp:unsafe-eval"),
		check.Passes("handlers by their hashes, WebAssembly", html("content-security-policy", "script-src 'self' 'unsafe-hashes' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'")),
		check.Passes("script-src-elem goes first for elements", html("content-security-policy", "default-src 'none'; script-src 'self'; script-src-elem 'nonce-r4nd0m'; base-uri 'none'")),
		check.Fails("script-src-elem is the loose one", html("content-security-policy", "default-src 'none'; script-src 'none'; script-src-elem https:; base-uri 'none'"), "csp:wide"),
		check.Fails("a hash of no kind that is known proves nothing", html("content-security-policy", "script-src 'unsafe-inline' 'sha1-abc'; object-src 'none'; base-uri 'none'"), "csp:unsafe-inline"),
		check.Passes("two policies in one header", html("content-security-policy", "script-src *, script-src 'self'; object-src 'none'; base-uri 'none'")),
		check.Fails("what each of two lets in", html("content-security-policy", "script-src https:; object-src 'none', script-src 'unsafe-inline' *; base-uri 'none'"), "csp:wide"),
		check.Passes("in the page", inPage("default-src 'self'; object-src 'none'; base-uri 'none'")),
		check.Fails("in the page, where it says nothing", inPage("frame-ancestors 'none'"), "csp:missing"),
		check.Fails("one nonce for all", sameNonce(), "csp:nonce"),
		check.Skips("an answer of an API", sample("content-type", "application/json")),
	},
}

func inPage(policy string) Fact {
	f := html()
	f.Meta = []Header{{"content-security-policy", policy}}
	return f
}

func sameNonce() Fact {
	f := html("content-security-policy", "script-src 'nonce-r4nd0m'; object-src 'none'; base-uri 'none'")
	f.SameNonce = true
	return f
}
