package website

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Cookie is a Set-Cookie header without its value: RFC 6265 section 4.1.
type Cookie struct {
	Name             string
	Secure, HTTPOnly bool
	SameSite         string // lower case; the last counts
	Path, Domain     string
}

// ParseCookie reads the value of a header. Attributes that browsers do not know are passed over.
func ParseCookie(value string) Cookie {
	pair, rest, _ := strings.Cut(value, ";")
	name, _, _ := strings.Cut(pair, "=")
	c := Cookie{Name: strings.TrimSpace(name)}
	for a := range strings.SplitSeq(rest, ";") {
		key, v, _ := strings.Cut(a, "=")
		v = strings.TrimSpace(v)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "secure":
			c.Secure = true
		case "httponly":
			c.HTTPOnly = true
		case "samesite":
			c.SameSite = strings.ToLower(v)
		case "path":
			c.Path = v
		case "domain":
			c.Domain = v
		}
	}
	return c
}

// confidential tells whether confidential data is declared to flow; what is not declared counts as it.
func confidential(declared estate.View) bool {
	apps := declared.Applications()
	return len(apps) == 0 || slices.ContainsFunc(apps, func(a *estate.Application) bool { return a.Confidential })
}

// Cookies keeps cookies to the site and to TLS.
var Cookies = &check.Check{
	ID:    "website-cookies",
	Title: "Cookies go back over TLS only, to this site only, and are hidden from scripts",
	Doc:   "A session cookie without Secure is read on the way, without HttpOnly by any script that gets into the page, and without SameSite it goes along when another site sends the request.",
	Remedy: "Set-Cookie: __Host-session=...; Path=/; Secure; HttpOnly; SameSite=Lax\n" +
		"PHP: session.cookie_secure=1, session.cookie_httponly=1, session.cookie_samesite=Lax   Spring: server.servlet.session.cookie.secure=true, .http-only=true, .same-site=lax\n" +
		"Django: SESSION_COOKIE_SECURE = True   nginx before any application: proxy_cookie_flags ~ secure httponly samesite=lax;\n" +
		"Go: http.Cookie{Name: \"__Host-session\", Path: \"/\", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, ...}",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"RFC 6265"},
	Needs:        []string{partPage},
	Rule: onAnswer(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if !confidential(declared) {
			return check.Inapplicable("no confidential data is declared to flow")
		}
		var vs []check.Violation
		number := 0
		for i, h := range f.Headers {
			if h.Name != "set-cookie" {
				continue
			}
			number++
			c := ParseCookie(h.Value)
			var lacks []string
			if !c.Secure {
				lacks = append(lacks, "Secure")
			}
			if !c.HTTPOnly {
				lacks = append(lacks, "HttpOnly")
			}
			if c.SameSite != "lax" && c.SameSite != "strict" {
				lacks = append(lacks, "SameSite Lax or Strict")
			}
			switch {
			case strings.HasPrefix(c.Name, "__Host-") && (c.Path != "/" || c.Domain != ""):
				lacks = append(lacks, "Path=/ without Domain, which its name __Host- promises")
			case c.Name == "":
				lacks = append(lacks, "a name")
			}
			if len(lacks) > 0 {
				vs = append(vs, check.Violation{Key: "cookie:" + c.Name, Detail: "the cookie " + c.Name + " lacks " + strings.Join(lacks, ", "), At: fmt.Sprintf("/headers/%d", i)})
			}
		}
		if number == 0 {
			return check.Passed("the first page sets no cookie")
		}
		return check.Failed(fmt.Sprintf("%d cookies", number), vs)
	}),
	Examples: []check.Example{
		check.Passes("none", sample()),
		check.Passes("all three", sample("set-cookie", "session=...; path=/; SECURE; httponly; samesite=Strict")),
		check.Fails("as PHP sends it", sample("set-cookie", "PHPSESSID=...; path=/"), "cookie:PHPSESSID"),
		check.Fails("SameSite None", sample("set-cookie", "a=...; Secure; HttpOnly; SameSite=None"), "cookie:a"),
		check.Fails("one of two", sample("set-cookie", "a=...; Secure; HttpOnly; SameSite=Lax", "set-cookie", "b=...; Secure; SameSite=Lax"), "cookie:b"),
		check.Fails("a promise that is not kept", sample("set-cookie", "__Host-a=...; Secure; HttpOnly; SameSite=Lax; Path=/; Domain=example"), "cookie:__Host-a"),
		check.Skips("nothing confidential", sample("set-cookie", "a=...")).Given(shop(false)),
	},
}

// Caching keeps confidential pages out of caches.
var Caching = &check.Check{
	ID:    "website-caching",
	Title: "Confidential pages are not kept by caches",
	Doc:   "A page that a browser or a proxy keeps is shown to the next one who sits down there, and given to the next one who asks.",
	Remedy: "Cache-Control: no-cache, no-store and Pragma: no-cache and Expires: -1\n" +
		"nginx: add_header Cache-Control \"no-cache, no-store\" always; add_header Pragma no-cache always; expires -1;\n" +
		"Caddy: header { Cache-Control \"no-cache, no-store\"; Pragma no-cache; Expires -1 }   one a line\n" +
		"Spring Security sends them by itself; look for cacheControl(c -> c.disable())   Go: w.Header().Set(\"Cache-Control\", \"no-cache, no-store\") and the other two\n" +
		"leave pictures, styles and scripts out of it: a location of their own",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"RFC 9111 section 5.2.2.5"},
	Needs:        []string{partPage},
	Rule: onPage(func(f Fact, declared estate.View, _ check.Params) check.Result {
		if len(declared.Applications()) == 0 || !confidential(declared) {
			return check.Inapplicable("no confidential data is declared to flow")
		}
		var words []string
		for _, v := range f.values("cache-control") {
			for w := range strings.SplitSeq(v, ",") {
				words = append(words, strings.ToLower(strings.TrimSpace(w)))
			}
		}
		var vs []check.Violation
		for _, w := range []string{"no-store", "no-cache"} {
			if !slices.Contains(words, w) {
				vs = append(vs, check.Violation{Key: "cache:" + w, Detail: "Cache-Control does not say " + w, At: "/headers"})
			}
		}
		if !is(f.values("pragma"), "no-cache") {
			vs = append(vs, check.Violation{Key: "cache:pragma", Detail: "Pragma does not say no-cache", At: "/headers"})
		}
		if len(f.values("expires")) == 0 {
			vs = append(vs, check.Violation{Key: "cache:expires", Detail: "Expires is not sent", At: "/headers"})
		}
		return check.Failed("no cache keeps it", vs)
	}),
	Examples: []check.Example{
		check.Passes("kept nowhere", sample("cache-control", "No-Cache, no-store", "pragma", "no-cache", "expires", "-1")).Given(shop(true)),
		check.Fails("nothing said", sample(), "cache:no-store", "cache:no-cache", "cache:pragma", "cache:expires").Given(shop(true)),
		check.Fails("kept for a minute", sample("cache-control", "max-age=60, no-cache", "pragma", "no-cache", "expires", "0"), "cache:no-store").Given(shop(true)),
		check.Skips("nothing confidential", sample()).Given(shop(false)),
		check.Skips("nothing declared", sample()),
	},
}
