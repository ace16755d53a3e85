package website

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// HSTS is a Strict-Transport-Security header: RFC 6797 section 6.1.
type HSTS struct {
	MaxAge     int64 // seconds
	Subdomains bool
	Preload    bool
}

// ParseHSTS reads the value of one header. Directives may stand once; max-age must.
func ParseHSTS(value string) (h HSTS, err error) {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(value, ";") {
		name, arg, _ := strings.Cut(strings.TrimSpace(part), "=")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "" {
			continue
		}
		if seen[name] {
			return HSTS{}, fmt.Errorf("%s stands twice", name)
		}
		seen[name] = true
		switch name {
		case "max-age":
			arg = strings.TrimSpace(arg)
			if len(arg) > 1 && arg[0] == '"' && arg[len(arg)-1] == '"' {
				arg = arg[1 : len(arg)-1]
			}
			if h.MaxAge, err = strconv.ParseInt(arg, 10, 64); err != nil || arg[0] < '0' || arg[0] > '9' {
				return HSTS{}, fmt.Errorf("max-age=%q is not a number of seconds", arg)
			}
		case "includesubdomains":
			h.Subdomains = true
		case "preload":
			h.Preload = true
		}
	}
	if !seen["max-age"] {
		return HSTS{}, fmt.Errorf("max-age is missing")
	}
	return h, nil
}

const hstsGood = "max-age=63072000; includeSubDomains; preload"

// StrictTransport keeps browsers from ever asking in the clear. Of several headers the first counts:
// RFC 6797 section 8.1.
var StrictTransport = &check.Check{
	ID:    "website-hsts",
	Title: "Browsers are told to come back over TLS only",
	Doc:   "Without Strict-Transport-Security the first request of each visit can be caught in the clear and led elsewhere.",
	Remedy: sends("Strict-Transport-Security", hstsGood, "http.headers(h -> h.httpStrictTransportSecurity(s -> s.maxAgeInSeconds(63072000).includeSubDomains(true).preload(true)))") +
		"\n\nincludeSubDomains binds every name below, so look at those first.",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"RFC 6797"},
	Needs:        []string{partPage},
	Rule: header(func(f Fact, p check.Params) check.Result {
		values := f.values("strict-transport-security")
		if len(values) == 0 {
			return fault("hsts:missing", "Strict-Transport-Security is not sent")
		}
		h, err := ParseHSTS(values[0])
		if err != nil {
			return fault("hsts:invalid", "Strict-Transport-Security: "+values[0]+": "+err.Error())
		}
		var vs []check.Violation
		add := func(key, text string) {
			vs = append(vs, check.Violation{Key: key, Detail: "Strict-Transport-Security " + text + ": " + values[0], At: "/headers"})
		}
		if least := p.Int("min_age"); h.MaxAge < int64(least) {
			add("hsts:short", fmt.Sprintf("holds for %d seconds, wanted %d", h.MaxAge, least))
		}
		if !h.Subdomains {
			add("hsts:subdomains", "does not say includeSubDomains")
		}
		if !h.Preload {
			add("hsts:preload", "does not say preload")
		}
		if len(vs) > 0 {
			return check.Failed(values[0], vs)
		}
		return check.Passed(values[0])
	}),
	Examples: []check.Example{
		check.Passes("two years", sample("strict-transport-security", hstsGood)),
		check.Passes("quoted, other case", sample("strict-transport-security", `Max-Age="10886400" ; INCLUDESUBDOMAINS;preload`)),
		check.Fails("not sent", sample(), "hsts:missing"),
		check.Fails("a day, for this name alone", sample("strict-transport-security", "max-age=86400"), "hsts:preload", "hsts:short", "hsts:subdomains"),
		check.Fails("no age", sample("strict-transport-security", "includeSubDomains"), "hsts:invalid"),
		check.Fails("the first counts", sample("strict-transport-security", "max-age=0; includeSubDomains; preload", "strict-transport-security", hstsGood), "hsts:short"),
	},
}

// Framing keeps the page out of others' frames.
var Framing = &check.Check{
	ID:    "website-framing",
	Title: "Other sites cannot put the page into a frame",
	Doc:   "A page in a hidden frame of another site takes the clicks that its visitor means for that site (clickjacking).",
	Remedy: sends("X-Frame-Options", "DENY", "http.headers(h -> h.frameOptions(f -> f.deny()))") +
		"\n\nWhere own pages frame it: SAMEORIGIN, or Content-Security-Policy: frame-ancestors 'self'.",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"RFC 7034", "CSP Level 3 section 6.4.2"},
	Needs:        []string{partPage},
	Rule: page(func(f Fact, _ check.Params) check.Result {
		// Where a policy names ancestors, X-Frame-Options is not read. All policies have to let a frame in.
		loose := ""
		for _, p := range f.policies() {
			list, ok := p["frame-ancestors"]
			if i := slices.IndexFunc(list, open); ok && i >= 0 {
				loose = list[i]
			} else if ok {
				return check.Passed("frame-ancestors " + strings.Join(list, " "))
			}
		}
		if loose != "" {
			return fault("framing:open", "frame-ancestors lets in "+loose)
		}
		values := f.values("x-frame-options")
		if len(values) == 0 {
			return fault("framing:missing", "neither X-Frame-Options nor frame-ancestors is sent")
		}
		for _, v := range values {
			if !strings.EqualFold(v, "DENY") && !strings.EqualFold(v, "SAMEORIGIN") {
				return fault("framing:invalid", "X-Frame-Options: "+v+" is not understood by browsers")
			}
		}
		return check.Passed("X-Frame-Options: " + values[0])
	}),
	Examples: []check.Example{
		check.Passes("none", sample("x-frame-options", "DENY")),
		check.Passes("by policy", sample("content-security-policy", "default-src 'self'; frame-ancestors 'self' https://intranet.example")),
		check.Fails("not sent", sample(), "framing:missing"),
		check.Fails("obsolete", sample("x-frame-options", "ALLOW-FROM https://a.example"), "framing:invalid"),
		check.Fails("a policy for all wins over the header", sample("content-security-policy", "frame-ancestors https:", "x-frame-options", "DENY"), "framing:open"),
		check.Passes("the stricter of two policies", sample("content-security-policy", "frame-ancestors *, frame-ancestors 'self'")),
		check.Passes("no ancestors at all", sample("content-security-policy", "frame-ancestors")),
		check.Fails("all names of everyone", sample("content-security-policy", "frame-ancestors *.com"), "framing:open"),
		check.Skips("a redirect", Fact{Status: 301}),
	},
}

// ReferrerPolicy keeps addresses of pages from other sites.
var ReferrerPolicy = &check.Check{
	ID:           "website-referrer-policy",
	Title:        "Other sites are not told which page a visitor comes from",
	Doc:          "Addresses of pages hold names, searches and sometimes tokens. same-origin keeps them on the site.",
	Remedy:       sends("Referrer-Policy", "same-origin", "http.headers(h -> h.referrerPolicy(r -> r.policy(ReferrerPolicy.SAME_ORIGIN)))"),
	Requirements: []string{"A.5.2.4"},
	References:   []string{"Referrer Policy section 8.1"},
	Needs:        []string{partPage},
	Rule: page(func(f Fact, _ check.Params) check.Result {
		values := f.values("referrer-policy")
		if len(values) == 0 {
			return fault("referrer:missing", "Referrer-Policy is not sent")
		}
		// Of a list the last word that a browser knows counts.
		policy := ""
		for word := range strings.SplitSeq(strings.Join(values, ","), ",") {
			switch word = strings.ToLower(strings.TrimSpace(word)); word {
			case "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url":
				policy = word
			}
		}
		switch policy {
		case "no-referrer", "same-origin":
			return check.Passed(policy)
		case "":
			return fault("referrer:invalid", "Referrer-Policy: "+strings.Join(values, ", ")+" names no policy")
		}
		return fault("referrer:loose", "Referrer-Policy "+policy+" tells other sites")
	}),
	Examples: []check.Example{
		check.Passes("same origin", sample("referrer-policy", "same-origin")),
		check.Passes("the last known counts", sample("referrer-policy", "unsafe-url, no-referrer, of-tomorrow")),
		check.Fails("not sent", sample(), "referrer:missing"),
		check.Fails("the origin is told", sample("referrer-policy", "strict-origin-when-cross-origin"), "referrer:loose"),
		check.Fails("misspelt", sample("referrer-policy", "none"), "referrer:invalid"),
	},
}

// NoSniff keeps browsers from guessing types.
var NoSniff = &check.Check{
	ID:           "website-nosniff",
	Title:        "Browsers do not guess the type of what the site sends",
	Doc:          "A browser that guesses runs an uploaded picture as a script.",
	Remedy:       sends("X-Content-Type-Options", "nosniff", "sends it by itself; look for contentTypeOptions(c -> c.disable())"),
	Requirements: []string{"A.5.2.4"},
	References:   []string{"Fetch Standard, X-Content-Type-Options"},
	Needs:        []string{partPage},
	Rule: header(func(f Fact, _ check.Params) check.Result {
		values := f.values("x-content-type-options")
		if len(values) == 0 {
			return fault("nosniff:missing", "X-Content-Type-Options is not sent")
		}
		first, _, _ := strings.Cut(values[0], ",")
		if !strings.EqualFold(strings.TrimSpace(first), "nosniff") {
			return fault("nosniff:invalid", "X-Content-Type-Options: "+values[0]+" means nothing")
		}
		return check.Passed("nosniff")
	}),
	Examples: []check.Example{
		check.Passes("sent", sample("x-content-type-options", "nosniff")),
		check.Passes("twice, by server and application", sample("x-content-type-options", "NoSniff, nosniff")),
		check.Fails("not sent", sample(), "nosniff:missing"),
		check.Fails("misspelt", sample("x-content-type-options", "no-sniff"), "nosniff:invalid"),
	},
}

// Charset names the encoding of text.
var Charset = &check.Check{
	ID:           "website-charset",
	Title:        "Text is sent as UTF-8, and says so",
	Doc:          "Without a charset some browsers guess, and text that was escaped for one encoding becomes markup in another.",
	Remedy:       "nginx:   charset utf-8;\nApache:  AddDefaultCharset utf-8\nGo:      w.Header().Set(\"Content-Type\", \"text/html; charset=utf-8\")\nSpring:  server.servlet.encoding.charset=UTF-8 and server.servlet.encoding.force-response=true\nCaddy sends it with files by itself; behind HAProxy and Envoy the application has to: Content-Type: text/html; charset=utf-8",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"RFC 9110 section 8.3"},
	Needs:        []string{partPage},
	Rule: page(func(f Fact, _ check.Params) check.Result {
		values := f.values("content-type")
		if len(values) == 0 {
			return fault("charset:type", "Content-Type is not sent")
		}
		kind, rest, _ := strings.Cut(values[0], ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
		if !strings.HasPrefix(kind, "text/") && kind != "application/xhtml+xml" && kind != "application/xml" {
			return check.Inapplicable(kind + " has no charset")
		}
		for parameter := range strings.SplitSeq(rest, ";") {
			name, value, _ := strings.Cut(parameter, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "charset") {
				continue
			}
			if value = strings.Trim(strings.TrimSpace(value), `"`); strings.EqualFold(value, "utf-8") {
				return check.Passed(values[0])
			}
			return fault("charset:other", "Content-Type: "+values[0])
		}
		return fault("charset:missing", "Content-Type: "+values[0]+" names no charset")
	}),
	Examples: []check.Example{
		check.Passes("UTF-8", sample("content-type", `text/html; charset="UTF-8"`)),
		check.Fails("none", sample("content-type", "text/html"), "charset:missing"),
		check.Fails("another", sample("content-type", "text/html; charset=iso-8859-1"), "charset:other"),
		check.Fails("no type", sample(), "charset:type"),
		check.Skips("a picture", sample("content-type", "image/png")),
	},
}

// Disclosure keeps versions of products to the operator.
var Disclosure = &check.Check{
	ID:           "website-disclosure",
	Title:        "Headers do not tell products and versions",
	Doc:          "Who knows the version looks up the hole instead of searching for one, and finds every such server in an index within minutes.",
	Remedy:       "nginx:   server_tokens off;\nApache:  ServerTokens Prod and ServerSignature Off\nPHP:     expose_php = Off\nHAProxy: http-response del-header X-Powered-By\nCaddy:   header -X-Powered-By\nEnvoy:   response_headers_to_remove: [x-powered-by, x-aspnet-version]\nTomcat:  <Connector ... server=\"web\"/>   Spring Boot: server.server-header=web\nGo sends no such header by itself",
	Requirements: []string{"A.5.2.11"},
	Needs:        []string{partPage},
	Rule: header(func(f Fact, _ check.Params) check.Result {
		var vs []check.Violation
		bare := ""
		for i, h := range f.Headers {
			at := fmt.Sprintf("/headers/%d", i)
			switch h.Name {
			case "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator":
				vs = append(vs, check.Violation{Key: "header:" + h.Name, Detail: h.Name + ": " + h.Value, At: at})
			case "server", "via":
				if versioned(h.Name, h.Value) {
					vs = append(vs, check.Violation{Key: "header:" + h.Name, Detail: h.Name + ": " + h.Value + " tells a version", At: at})
				} else if bare == "" {
					bare = ", " + h.Name + ": " + h.Value + " tells the product"
				}
			}
		}
		if len(vs) > 0 {
			return check.Failed("products are told", vs)
		}
		return check.Passed("no version is told" + bare)
	}),
	Examples: []check.Example{
		check.Passes("a bare name", sample("server", "nginx")),
		check.Passes("a proxy by its protocol", sample("via", "1.1 varnish")),
		check.Fails("nginx as installed", sample("server", "nginx/1.22.1"), "header:server"),
		check.Fails("PHP", sample("x-powered-by", "PHP/8.2.7"), "header:x-powered-by"),
		check.Fails("a proxy with its version", sample("via", "1.1 cache (squid/5.7)"), "header:via"),
	},
}

// versioned tells whether a value holds a number after a slash, or a word that is a version. The
// first word of an entry of Via is the version of the protocol.
func versioned(name, value string) bool {
	for entry := range strings.SplitSeq(value, ",") {
		words := strings.Fields(entry)
		if name == "via" && len(words) > 0 {
			words = words[1:]
		}
		for _, w := range words {
			w = strings.Trim(w, "()")
			if _, after, ok := strings.Cut(w, "/"); ok && strings.ContainsAny(after, "0123456789") {
				return true
			}
			if strings.Trim(w, "0123456789.") == "" && strings.Contains(w, ".") {
				return true
			}
		}
	}
	return false
}
