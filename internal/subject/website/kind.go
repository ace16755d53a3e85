package website

import (
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// kind is what the endpoint is declared to be, or else what its first page looks like; and how that is known.
//
// The central headers of the standard (HSTS, framing, referrer, sniffing, charset) are wanted of every kind: an API or
// a download that a browser is led to is framed and sniffed like any page. A Content-Security-Policy and what the page
// loads concern web UIs alone, and how a file is handed over concerns downloads alone.
func (f Fact) kind(declared estate.View) (estate.EndKind, string) {
	if s := declared.Served; s != nil && s.Kind != "" {
		return s.Kind, "as declared: " + string(s.Kind)
	}
	for _, v := range f.values("content-disposition") {
		if attachment(v) {
			return estate.Download, "guessed from Content-Disposition: attachment"
		}
	}
	values := f.values("content-type")
	if len(values) == 0 {
		return "", "which cannot be guessed without a Content-Type"
	}
	media, _, _ := strings.Cut(values[0], ";")
	media = strings.ToLower(strings.TrimSpace(media))
	guess := "guessed from Content-Type: " + media
	switch {
	case media == "text/html" || media == "application/xhtml+xml":
		return estate.WebUI, guess
	case media == "application/json" || strings.HasSuffix(media, "+json") || media == "application/xml" || strings.HasSuffix(media, "+xml"):
		return estate.API, guess
	}
	return "", guess
}

// attachment tells whether a Content-Disposition makes browsers save and not show: RFC 6266 section 4.2. A name alone
// does not.
func attachment(value string) bool {
	sort, _, _ := strings.Cut(value, ";")
	return strings.EqualFold(strings.TrimSpace(sort), "attachment")
}

// Downloads are saved, and not opened as part of the site.
var Downloads = &check.Check{
	ID:    "website-downloads",
	Title: "Downloads are saved, and not opened as part of the site",
	Doc:   "A file that somebody else uploaded and that the browser opens runs with the rights of the site: its scripts read the visitor's session.",
	Remedy: "Content-Disposition: attachment; filename=\"report.pdf\" and X-Download-Options: noopen\n" +
		"nginx:  add_header Content-Disposition attachment always; add_header X-Download-Options noopen always;\n" +
		"Apache: Header always set Content-Disposition attachment and Header always set X-Download-Options noopen\n" +
		"Caddy:  header { Content-Disposition attachment; X-Download-Options noopen }   one a line\n" +
		"better besides: a name of its own for downloads, such as files.shop.example",
	Requirements: []string{"A.5.2.4"},
	References:   []string{"RFC 6266 section 4.2", "OWASP File Upload Cheat Sheet"},
	Needs:        []string{partPage},
	Rule: onPage(func(f Fact, declared estate.View, _ check.Params) check.Result {
		kind, how := f.kind(declared)
		if kind != estate.Download {
			return check.Inapplicable("it is no download, " + how)
		}
		if f.Status >= 400 {
			return check.Unseen("no file was handed over (" + f.answer() + "); name one in the url of the service")
		}
		var vs []check.Violation
		disposition := f.values("content-disposition")
		if len(disposition) == 0 || !attachment(disposition[0]) {
			vs = append(vs, check.Violation{Key: "download:disposition", Detail: "Content-Disposition does not say attachment", At: "/headers"})
		}
		if !is(f.values("x-download-options"), "noopen") {
			vs = append(vs, check.Violation{Key: "download:options", Detail: "X-Download-Options does not say noopen", At: "/headers"})
		}
		return check.Failed("attachment, noopen; a download "+how, vs)
	}),
	Examples: []check.Example{
		check.Passes("both", sample("content-disposition", `Attachment; filename="a.pdf"`, "x-download-options", "NoOpen")),
		check.Fails("guessed from the answer", sample("content-disposition", "attachment"), "download:options"),
		downloads(check.Fails("shown in the page", html("content-disposition", "inline", "x-download-options", "noopen")), "download:disposition"),
		downloads(check.Fails("a name alone", sample("content-disposition", `filename="attachment"`)), "download:disposition", "download:options"),
		downloads(check.Leaves("nothing handed over", sampleWith(func(f *Fact) { f.Status = 404 }))),
		check.Skips("a page", html("x-download-options", "noopen")),
		check.Skips("an API", sample("content-type", "application/problem+json; charset=utf-8")),
		served(check.Skips("declared a web UI", sample("content-disposition", "attachment"))),
	},
}

// downloads makes an example be of a service of downloads, with these violations.
func downloads(x check.Example, keys ...string) check.Example {
	x = served(x)
	x.Estate, x.Keys = strings.Replace(x.Estate, "web-ui", "download", 1), keys
	return x
}
