// Package website knows what a website answers: its first page, the headers of it, and how plain HTTP
// leads there. What the connection itself is worth is judged by the subject tlsserver.
package website

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Fact is what one address of a website answered to GET.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	URL       string   `json:"url"`               // as asked: https://shop.example/
	Address   string   `json:"address,omitempty"` // 192.0.2.1:443
	Status    int      `json:"status,omitempty"`  // 0 when it did not answer HTTP
	Headers   []Header `json:"headers,omitempty"` // in order of their names; values of cookies are left out
}

// Header is one field of the answer; of repeated ones each stands alone. Of Set-Cookie the value of the
// cookie is replaced by "...".
type Header struct {
	Name  string `json:"name"` // lower case
	Value string `json:"value"`
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "website", Version: 1} }

// Probe is how recorded facts are read.
var Probe = host.Probe[Fact]("website")

// partPage is missing when the page could not be had.
const partPage = "page"

// values gives all values of a header, by its lower-case name.
func (f Fact) values(name string) (out []string) {
	for _, h := range f.Headers {
		if h.Name == name {
			out = append(out, strings.TrimSpace(h.Value))
		}
	}
	return out
}
