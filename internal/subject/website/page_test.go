package website

import (
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
)

// judged gives the outcome of one check on one page.
func judged(t *testing.T, c *check.Check, f Fact) check.Outcome {
	t.Helper()
	cat := check.Catalogue{c.ID: check.Settings{Params: map[string]any{"min_age": 10886400, "bypasses": []string{"cdn.jsdelivr.net/npm/a.js"}, "bypasses_by_eval": []string{}}}}
	all := check.Judge(c, cat, []fact.Observation{{Subject: "https://shop.example", Kind: f.Kind(), Fact: f, ObservedAt: check.ExampleNow}}, nil, check.ExampleNow)
	if len(all) != 1 {
		t.Fatalf("%d outcomes", len(all))
	}
	return all[0]
}

// TestErrorAnswers: a page that is refused or missing is judged as it came, and the result says so.
func TestErrorAnswers(t *testing.T) {
	for status, note := range map[int]string{200: "", 401: "refused with 401", 403: "refused with 403", 404: "answered with 404", 503: "answered with 503"} {
		bare, good := html(), html("strict-transport-security", hstsGood, "x-frame-options", "DENY", "content-security-policy", "default-src 'none'; base-uri 'none'")
		bare.Status, good.Status = status, status
		for _, c := range []*check.Check{StrictTransport, Framing, ContentPolicy} {
			if o := judged(t, c, good); o.Verdict != check.Pass || note != "" && !strings.Contains(o.Detail, note) || note == "" && strings.Contains(o.Detail, "first page") {
				t.Errorf("%d %s: %s %s", status, c.ID, o.Verdict, o.Detail)
			}
			o := judged(t, c, bare)
			if o.Verdict != check.Fail || !strings.Contains(o.Violations[0].Detail, note) || note == "" && strings.Contains(o.Violations[0].Detail, "first page") {
				t.Errorf("%d %s: %+v", status, c.ID, o)
			}
		}
	}
	for _, status := range []int{204, 301, 308} {
		f := html()
		f.Status = status
		if o := judged(t, ContentPolicy, f); o.Verdict != check.NotApplicable {
			t.Errorf("%d: %+v", status, o)
		}
		if o := judged(t, StrictTransport, f); o.Verdict != check.Fail {
			t.Errorf("%d: a redirect sets HSTS too: %+v", status, o)
		}
	}
}

// TestGuess: what is not declared is guessed, and the result says from what.
func TestGuess(t *testing.T) {
	for _, c := range []struct {
		header []string
		says   string
	}{
		{[]string{"content-type", "application/json"}, "guessed from Content-Type: application/json"},
		{[]string{"content-type", "text/html", "content-disposition", "attachment"}, "guessed from Content-Disposition: attachment"},
		{[]string{"content-type", "text/plain"}, "guessed from Content-Type: text/plain"},
		{nil, "cannot be guessed"},
	} {
		for _, k := range []*check.Check{ContentPolicy, Resources} {
			if o := judged(t, k, sample(c.header...)); o.Verdict != check.NotApplicable || !strings.Contains(o.Detail, c.says) {
				t.Errorf("%v: %s %q", c.header, o.Verdict, o.Detail)
			}
		}
	}
}

// TestKind: what each sort of answer is taken for where nothing is declared.
func TestKind(t *testing.T) {
	for media, want := range map[string]estate.EndKind{"text/html": estate.WebUI, "Application/XHTML+XML; charset=utf-8": estate.WebUI, "application/json": estate.API,
		"application/problem+json": estate.API, "application/atom+xml": estate.API, "application/xml": estate.API, "image/png": "", "text/plain": ""} {
		if got, _ := sample("content-type", media).kind(estate.View{}); got != want {
			t.Errorf("%s: %q, want %q", media, got, want)
		}
	}
}
