// Package website knows what a website answers: its first page, the headers of it, how plain HTTP leads there, and
// what answers that should not. What the connection itself is worth is judged by the subject tlsserver.
package website

import (
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what one address of a website answered to GET.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	URL       string `json:"url"`               // as asked: https://shop.example/
	Address   string `json:"address,omitempty"` // 192.0.2.1:443
	Status    int    `json:"status,omitempty"`  // 0 when it did not answer HTTP

	// Headers are in order of their names; values of cookies are left out. Only those are compared with a baseline that are
	// settings: what proxies and caches add is new with each answer.
	Headers []Header `json:"headers,omitempty" drift:"except=server-timing,only=access-control- content-security- content-type cross-origin- location permissions-policy referrer-policy server set-cookie strict-transport- www-authenticate x-aspnet x-content-type- x-frame-options x-permitted- x-powered-by x-xss-"`

	Plain     *Plain      `json:"plain,omitempty"`                // what port 80 answers; nil when it was not asked
	Origins   []Origin    `json:"origins,omitempty"`              // what it answers to pages of other sites
	Methods   []Method    `json:"methods,omitempty"`              // answers to TRACE and TRACK, and to those that write where they may be tried
	Allow     []string    `json:"allow,omitempty"`                // methods that it names in its answer to OPTIONS
	Errors    []ErrorPage `json:"errors,omitempty"`               // pages for requests that fail
	Resources []Resource  `json:"resources,omitempty" drift:"-"`  // that the first page loads
	Meta      []Header    `json:"meta,omitempty"`                 // <meta http-equiv> elements of the first page, as if they were headers
	SameNonce bool        `json:"same_nonce,omitempty" drift:"-"` // two answers name one nonce
	Finds     []Find      `json:"finds,omitempty"`                // what should not be there, by catalogue
	Tried     int         `json:"tried,omitempty" drift:"-"`      // entries of the catalogue that were looked for
}

// Plain is the answer of the same address to http://name/ on port 80.
type Plain struct {
	Closed   bool   `json:"closed,omitempty"` // nothing listens
	Status   int    `json:"status,omitempty"`
	Location string `json:"location,omitempty"`
}

// Origin is the answer to a request with this Origin: Fetch Standard, CORS protocol.
type Origin struct {
	Asked       string `json:"asked" drift:"key"`
	Allowed     string `json:"allowed,omitempty"`     // Access-Control-Allow-Origin
	Credentials bool   `json:"credentials,omitempty"` // Access-Control-Allow-Credentials: true
}

// Method is the answer to a request with a method. Methods that write are sent with a condition that never holds, to
// a name that nobody has.
type Method struct {
	Name    string `json:"name" drift:"key"`
	Status  int    `json:"status"`
	Echo    bool   `json:"echo,omitempty"`           // it sent back what it was sent
	Alike   bool   `json:"alike,omitempty"`          // its status is that of GET of the same name, which says nothing of the method
	Created bool   `json:"created,omitempty"`        // it made something in spite of the condition; removed again, but for Left
	Tunnel  bool   `json:"tunnel,omitempty"`         // of CONNECT: what it leads to spoke TLS
	Left    string `json:"left,omitempty" drift:"-"` // path of what it made and could not be removed
}

// ErrorPage is the answer to a request that fails, and the product and version that it tells.
type ErrorPage struct {
	Cause  string `json:"cause" drift:"key"` // not-found, malformed, method, query, server-error
	Status int    `json:"status"`
	Tells  string `json:"tells,omitempty"`
}

// Resource is something that a page loads.
type Resource struct {
	Sort      string `json:"sort"` // script, style, frame, image, form, other
	URL       string `json:"url"`  // absolute, without its query
	Integrity bool   `json:"integrity,omitempty"`
	Bare      bool   `json:"bare,omitempty"` // written as //host/path: the scheme is that of the page
}

// Find is an entry of the catalogue that answered.
type Find struct {
	ID       string         `json:"id" drift:"key"` // git-head
	Path     string         `json:"path" drift:"-"` // as asked, random parts in it
	Status   int            `json:"status"`
	Sort     string         `json:"sort"` // sample, default, debug, admin, source, secret, backup, listing, handler
	Product  string         `json:"product,omitempty"`
	Severity check.Severity `json:"severity,omitempty"`
	Text     string         `json:"text"`
}

// Header is one field of the answer; of repeated ones each stands alone. Of Set-Cookie the value of the
// cookie is replaced by "...".
type Header struct {
	Name  string `json:"name" drift:"key"` // lower case
	Value string `json:"value" drift:"nonce"`
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "website", Version: 1} }

// Probe is how recorded facts are read.
var Probe = host.Probe[Fact]("website")

// Parts that may be missing.
const (
	partPage      = "page"    // it could not be had
	PartPlain     = "plain"   // port 80
	PartMethods   = "methods" // TRACE, TRACK, OPTIONS
	PartErrors    = "errors"
	PartOrigins   = "origins"
	PartFinds     = "finds"
	PartResources = "resources" // the first page to its end
)

// values gives all values of a header, by its lower-case name.
func (f Fact) values(name string) (out []string) {
	for _, h := range f.Headers {
		if h.Name == name {
			out = append(out, strings.TrimSpace(h.Value))
		}
	}
	return out
}
