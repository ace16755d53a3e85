package website

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Redirect leads who comes in the clear to TLS for good.
var Redirect = &check.Check{
	ID:    "website-redirect",
	Title: "Plain HTTP leads to HTTPS of the same name, for good",
	Doc:   "People type names without https. What answers in the clear decides where they end up; a redirect that is not permanent is asked for again each time, and one to another name first sets no HSTS for this one.",
	Remedy: "nginx:   server { listen 80; server_name shop.example; return 301 https://$host$request_uri; }\n" +
		"Apache:  Redirect permanent / https://shop.example/\n" +
		"HAProxy: http-request redirect scheme https code 301 unless { ssl_fc }",
	Requirements: []string{"A.5.2.3", "A.5.5.2"},
	References:   []string{"RFC 9110 section 15.4"},
	Needs:        []string{PartPlain},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		p := f.Plain
		switch {
		case p == nil:
			return check.Inapplicable("the site is not on port 443, and nobody guesses its port for plain HTTP")
		case p.Closed:
			return check.Passed("nothing listens on port 80")
		}
		bad := func(key, text string) check.Result {
			return check.Failed("", []check.Violation{{Key: "redirect:" + key, Detail: text, At: "/plain", Source: "http on port 80"}})
		}
		site, err := url.Parse(f.URL)
		if err != nil {
			return check.Unseen("the address of the site cannot be read")
		}
		to, err := site.Parse(p.Location)
		switch {
		case p.Status < 300 || p.Status > 399:
			if p.Status >= 400 {
				return check.Passed(fmt.Sprintf("port 80 refuses with %d", p.Status))
			}
			return bad("missing", fmt.Sprintf("port 80 answers %d in the clear", p.Status))
		case err != nil || p.Location == "":
			return bad("invalid", "the redirect of port 80 leads nowhere")
		case !strings.HasPrefix(strings.ToLower(p.Location), "https://"):
			return bad("plain", "port 80 leads to "+p.Location+" first, which is in the clear")
		case !strings.EqualFold(to.Hostname(), site.Hostname()):
			return bad("elsewhere", "port 80 leads to another name first: "+to.Hostname())
		case p.Status != 301 && p.Status != 308:
			return bad("temporary", fmt.Sprintf("the redirect of port 80 is not permanent (%d, wanted 301 or 308)", p.Status))
		}
		return check.Passed(fmt.Sprintf("port 80 answers %d to %s", p.Status, p.Location))
	}),
	Examples: []check.Example{
		check.Passes("permanent", plain(301, "https://shop.example/")),
		check.Passes("308", plain(308, "https://SHOP.example/a")),
		check.Passes("closed", sampleWith(func(f *Fact) { f.Plain = &Plain{Closed: true} })),
		check.Passes("refused", plain(403, "")),
		check.Fails("answers", plain(200, ""), "redirect:missing"),
		check.Fails("for now", plain(302, "https://shop.example/"), "redirect:temporary"),
		check.Fails("over another name", plain(301, "https://www.shop.example/"), "redirect:elsewhere"),
		check.Fails("in the clear first", plain(301, "http://www.shop.example/"), "redirect:plain"),
		check.Fails("relative", plain(301, "/index"), "redirect:plain"),
		check.Fails("nowhere", plain(301, ""), "redirect:invalid"),
		check.Skips("on another port", sample()),
	},
}

func plain(status int, location string) Fact {
	return sampleWith(func(f *Fact) { f.Plain = &Plain{Status: status, Location: location} })
}

// CrossOrigin keeps pages of others from reading what the visitor may.
var CrossOrigin = &check.Check{
	ID:    "website-cors",
	Title: "Pages of other sites cannot read answers with the visitor's cookies",
	Doc:   "A site that sends back whatever Origin it is asked for, and allows credentials, lets any page in the visitor's browser read and do what the visitor may.",
	Remedy: "compare Origin with a fixed list, and answer only with a member of it; never null\n" +
		"nginx: map $http_origin $cors { default \"\"; \"https://shop.example\" $http_origin; } and add_header Access-Control-Allow-Origin $cors always;\n" +
		"Spring: allowedOrigins, not allowedOriginPatterns(\"*\")   Express cors: origin: [\"https://shop.example\"]",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"Fetch Standard, CORS protocol"},
	Needs:        []string{PartOrigins},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Origins) == 0 {
			return check.Unseen("it was not asked as a page of another site")
		}
		var vs []check.Violation
		for i, o := range f.Origins {
			if o.Allowed == o.Asked && o.Credentials {
				vs = append(vs, check.Violation{Key: "origin:" + originSort(o.Asked), Detail: "pages of " + o.Asked + " may read answers with the visitor's cookies", At: fmt.Sprintf("/origins/%d", i)})
			}
		}
		return check.Failed("no page of another site may read with cookies", vs)
	}),
	Examples: []check.Example{
		check.Passes("refused", origins(Origin{Asked: "https://holdfast-probe.example"})),
		check.Passes("public", origins(Origin{Asked: "https://holdfast-probe.example", Allowed: "*", Credentials: true})),
		check.Passes("without cookies", origins(Origin{Asked: "https://holdfast-probe.example", Allowed: "https://holdfast-probe.example"})),
		check.Fails("any", origins(Origin{Asked: "https://holdfast-probe.example", Allowed: "https://holdfast-probe.example", Credentials: true}), "origin:any"),
		check.Fails("null", origins(Origin{Asked: "null", Allowed: "null", Credentials: true}), "origin:null"),
		check.Fails("by its beginning", origins(Origin{Asked: "https://shop.example.holdfast-probe.example", Allowed: "https://shop.example.holdfast-probe.example", Credentials: true}), "origin:any"),
		check.Leaves("not asked", sample()),
	},
}

func originSort(asked string) string {
	if asked == "null" {
		return "null"
	}
	return "any"
}

func origins(all ...Origin) Fact { return sampleWith(func(f *Fact) { f.Origins = all }) }

// readers are the methods that need no declaration.
var readers = []string{"GET", "HEAD", "POST", "OPTIONS"}

// Methods keeps methods off that nobody needs.
var Methods = &check.Check{
	ID:    "website-methods",
	Title: "HTTP methods that nobody declared are off",
	Doc:   "TRACE sends back what it was sent, cookies that scripts cannot read among them. PUT, DELETE and the WebDAV methods change files where an application does not expect it.",
	Remedy: "nginx: limit_except GET POST { deny all; }   (it refuses TRACE by itself)\n" +
		"Apache: TraceEnable off, and <LimitExcept GET POST> Require all denied </LimitExcept>\n" +
		"what an API needs: methods: [GET, HEAD, PUT] of its service in the estate",
	Requirements: []string{"A.5.2.10"},
	References:   []string{"RFC 9110 section 9.3.8", "CVE-2004-2320"},
	Needs:        []string{PartMethods},
	Rule: check.On(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if len(f.Methods) == 0 {
			return check.Unseen("no method was tried")
		}
		var vs []check.Violation
		for i, m := range f.Methods {
			if m.Echo {
				vs = append(vs, check.Violation{Key: "method:" + m.Name, Detail: m.Name + " sends back what it was sent", At: fmt.Sprintf("/methods/%d", i)})
			}
		}
		allowed := readers
		if s := declared.Served; s != nil && len(s.Methods) > 0 {
			allowed = append([]string{"OPTIONS"}, s.Methods...)
		}
		for _, m := range f.Allow {
			// mod_dav names TRACE where TraceEnable is off: what was tried, and refused, is off.
			if slices.ContainsFunc(f.Methods, func(t Method) bool { return t.Name == m && t.Status >= 400 && !t.Echo }) {
				continue
			}
			if !slices.Contains(allowed, m) && !slices.ContainsFunc(vs, func(v check.Violation) bool { return v.Key == "method:"+m }) {
				vs = append(vs, check.Violation{Key: "method:" + m, Detail: "it says that it takes " + m + ", which nobody declared", At: "/allow"})
			}
		}
		seen := "TRACE and TRACK are refused"
		if len(f.Allow) > 0 {
			seen += "; it says that it takes " + strings.Join(f.Allow, ", ")
		}
		return check.Failed(seen, vs)
	}),
	Examples: []check.Example{
		check.Passes("refused", tried(nil, Method{Name: "TRACE", Status: 405}, Method{Name: "TRACK", Status: 405})),
		check.Passes("a page for everything is no echo", tried(nil, Method{Name: "TRACE", Status: 200})),
		check.Fails("TRACE", tried(nil, Method{Name: "TRACE", Status: 200, Echo: true}), "method:TRACE"),
		check.Fails("WebDAV", tried([]string{"GET", "PUT", "PROPFIND"}, Method{Name: "TRACE", Status: 405}), "method:PUT", "method:PROPFIND"),
		check.Passes("named, but refused", tried([]string{"GET", "TRACE"}, Method{Name: "TRACE", Status: 405})),
		check.Fails("named, and answered", tried([]string{"GET", "TRACE"}, Method{Name: "TRACE", Status: 200}), "method:TRACE"),
		served(check.Passes("declared", tried([]string{"GET", "PUT"}, Method{Name: "TRACE", Status: 405}))),
		served(check.Fails("not declared", tried([]string{"GET", "PUT", "DELETE"}, Method{Name: "TRACE", Status: 405}), "method:DELETE")),
		check.Leaves("not tried", sample()),
	},
}

func tried(allow []string, all ...Method) Fact {
	return sampleWith(func(f *Fact) { f.Methods, f.Allow = all, allow })
}

// ErrorPages keeps versions out of error pages.
var ErrorPages = &check.Check{
	ID:           "website-error-pages",
	Title:        "Error pages do not tell products and versions",
	Doc:          "What the headers keep to themselves the error page tells, often of the application server behind.",
	Remedy:       "nginx: server_tokens off;\nApache: ServerTokens Prod and ServerSignature Off\nTomcat: <Valve className=\"org.apache.catalina.valves.ErrorReportValve\" showReport=\"false\" showServerInfo=\"false\"/>\nASP.NET: <customErrors mode=\"On\"/>   Django: DEBUG = False   Spring: server.error.include-stacktrace=never",
	Requirements: []string{"A.5.2.11"},
	Needs:        []string{PartErrors},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Errors) == 0 {
			return check.Unseen("no error page was had")
		}
		var vs []check.Violation
		for i, e := range f.Errors {
			if e.Tells != "" {
				vs = append(vs, check.Violation{Key: "page:" + e.Cause, Detail: fmt.Sprintf("the page of %s (%d) tells %s", e.Cause, e.Status, e.Tells), At: fmt.Sprintf("/errors/%d", i)})
			}
		}
		return check.Failed(fmt.Sprintf("%d error pages tell nothing", len(f.Errors)), vs)
	}),
	Examples: []check.Example{
		check.Passes("silent", sampleWith(func(f *Fact) { f.Errors = []ErrorPage{{Cause: "not-found", Status: 404}} })),
		check.Fails("nginx", sampleWith(func(f *Fact) {
			f.Errors = []ErrorPage{{Cause: "not-found", Status: 404, Tells: "nginx/1.22.1"}, {Cause: "malformed", Status: 400}}
		}), "page:not-found"),
		check.Leaves("none had", sample()),
	},
}

// Resources keeps the page to itself: what it loads from others is checked, and comes over TLS.
var Resources = &check.Check{
	ID:           "website-resources",
	Title:        "What the page loads comes over TLS, and scripts of others are pinned",
	Doc:          "One script in the clear, or from a host that is taken over, is the whole page in somebody else's hand.",
	Remedy:       "write https:// or // free addresses, and for scripts of other hosts: <script src=... integrity=\"sha384-...\" crossorigin=\"anonymous\">\nopenssl dgst -sha384 -binary FILE | base64   gives the value; better: serve the file yourself",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"W3C Mixed Content", "W3C Subresource Integrity"},
	Needs:        []string{partPage},
	Rule: onPage(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if f.kind(declared) != estate.WebUI {
			return check.Inapplicable("it is no web UI")
		}
		site, err := url.Parse(f.URL)
		if err != nil {
			return check.Unseen("the address of the site cannot be read")
		}
		var vs []check.Violation
		for i, r := range f.Resources {
			u, err := url.Parse(r.URL)
			if err != nil {
				continue
			}
			at := fmt.Sprintf("/resources/%d", i)
			switch {
			case u.Scheme == "http":
				vs = append(vs, check.Violation{Key: "mixed:" + r.URL, Detail: r.Sort + " in the clear: " + r.URL, At: at})
			case (r.Sort == "script" || r.Sort == "style") && !r.Integrity && u.Scheme == "https" && !sameSite(u.Hostname(), site.Hostname()):
				vs = append(vs, check.Violation{Key: "integrity:" + r.URL, Detail: r.Sort + " of another site without integrity: " + r.URL, At: at})
			}
		}
		return check.Failed(fmt.Sprintf("%d resources", len(f.Resources)), vs)
	}),
	Examples: []check.Example{
		check.Passes("none", html()),
		check.Passes("own and pinned", loads(Resource{"script", "https://static.shop.example/a.js", false}, Resource{"script", "https://cdn.example/a.js", true}, Resource{"image", "https://cdn.example/a.png", false})),
		check.Fails("in the clear", loads(Resource{"image", "http://shop.example/a.png", false}), "mixed:http://shop.example/a.png"),
		check.Fails("not pinned", loads(Resource{"script", "https://cdn.example/a.js", false}), "integrity:https://cdn.example/a.js"),
		check.Skips("no web UI", sample()),
	},
}

func loads(all ...Resource) Fact {
	f := html()
	f.Resources = all
	return f
}

// sameSite tells whether one name is the other or stands below it.
func sameSite(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a)
}
