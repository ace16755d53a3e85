package httpget

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"holdfast.example/holdfast/internal/subject/website"
)

// maxResources bounds what is kept of a page.
const maxResources = 200

// resources are what a page loads, from the beginning of its HTML, each once.
func resources(base *url.URL, page string) (out []website.Resource) {
	z := html.NewTokenizer(strings.NewReader(page))
	seen := map[website.Resource]bool{}
	for len(out) < maxResources {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out
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
		u.User, u.RawQuery, u.Fragment = nil, "", "" // may hold what is nobody's business
		if r.URL = clean(u.String()); len(r.URL) <= maxValue && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}
