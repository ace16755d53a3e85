package httpget

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"holdfast.example/holdfast/internal/subject/website"
)

// maxResources bounds what is kept of a page.
const maxResources = 200

// maxMeta elements are kept of a page.
const maxMeta = 20

// equivalents are the headers that a page may say in a <meta> element, and that matter here.
var equivalents = []string{"content-security-policy", "referrer-policy", "cross-origin-resource-policy"}

// resources are what a page loads, from the beginning of its HTML, each once; and what it says in place of headers.
func resources(base *url.URL, page string) (out []website.Resource, meta []website.Header) {
	z := html.NewTokenizer(strings.NewReader(page))
	seen := map[website.Resource]bool{}
	for len(out) < maxResources {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out, meta
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		t := z.Token()
		attr := map[string]string{}
		for _, a := range t.Attr {
			if _, twice := attr[a.Key]; !twice {
				attr[a.Key] = a.Val
			}
		}
		r := website.Resource{Integrity: strings.TrimSpace(attr["integrity"]) != ""}
		address := attr["src"]
		switch t.Data {
		case "base":
			if u, err := base.Parse(attr["href"]); err == nil && attr["href"] != "" {
				base = u
			}
			continue
		case "meta":
			if name := strings.ToLower(strings.TrimSpace(attr["http-equiv"])); slices.Contains(equivalents, name) && len(meta) < maxMeta {
				meta = append(meta, website.Header{Name: name, Value: clean(attr["content"])})
			}
			continue
		case "script":
			r.Sort = "script"
		case "link":
			if !strings.Contains(" "+strings.ToLower(attr["rel"])+" ", " stylesheet ") {
				continue
			}
			r.Sort, address = "style", attr["href"]
		case "iframe", "frame":
			r.Sort = "frame"
		case "img", "audio", "video", "source", "track":
			r.Sort = "image"
		case "object":
			r.Sort, address = "other", attr["data"]
		case "embed":
			r.Sort = "other"
		case "form":
			r.Sort, address = "form", attr["action"]
		default:
			continue
		}
		u, err := base.Parse(strings.TrimSpace(address))
		if address == "" || err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		r.Bare = strings.HasPrefix(strings.TrimSpace(address), "//")
		u.User, u.RawQuery, u.Fragment = nil, "", "" // may hold what is nobody's business
		if r.URL = clean(u.String()); len(r.URL) <= maxValue && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out, meta
}
