package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/report"
)

func page(t *testing.T, a *report.Assessment) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLGolden(t *testing.T) {
	got := page(t, sample())
	golden(t, "report.html", []byte(got))
	if again := page(t, sample()); again != got {
		t.Error("the same assessment gives another page")
	}
}

func TestHTMLSaysWhatMatters(t *testing.T) {
	got := html.UnescapeString(page(t, sample()))
	for _, want := range []string{
		"4 open, 1 overdue, 1 known to be exploited, 1 without a known fix, 1 settled by decisions, 1 of no importance", "EPSS 91.2 %", "no fix is known", "acceptance W-9", "at /srv/shop/lib.jar",
		"holdfast finding show F-4x2ab", "PermitRootLogin is yes", "settled by W-7", "overdue", "reachable from the Internet",
		"sudo cat /etc/shadow</code>", "holdfast doctor ssh://holdfast@db-1</code>", "no route to host", "no container runs there",
		"5 of 6 decided", "1 not decided", "1 of 3 hosts did not answer", "This check could not see everything", "1500 NAME",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	order := []string{`id="summary"`, `id="check-accounts-one-root"`, `id="check-sshd-root-login"`, `id="check-kernel-dmesg"`, `id="check-filesystems-options"`, `id="check-sshd-banner"`, `id="vulnerabilities"`, "F-V0003", "F-V0004", "F-V0005", "F-V0002", "F-V0001", "F-V0006", `id="requirements"`, `id="unseen"`}
	last := -1
	for _, id := range order {
		i := strings.Index(got, id)
		if i < last || i < 0 {
			t.Errorf("%s stands at %d, want it after %d", id, i, last)
		}
		last = i
	}
}

// An assessment of which nothing could be decided must not look like a clean one.
func TestHTMLNothingSeen(t *testing.T) {
	a := sample()
	a.Hosts = a.Hosts[2:]
	var lost []report.Result
	for _, r := range a.Results {
		if r.Verdict == check.Unknown {
			lost = append(lost, r)
		}
	}
	a.Results, a.Requirements, a.Summary = lost, a.Requirements[4:5], report.Summary{Unknown: 1}
	got := page(t, a)
	for _, want := range []string{"No host answered", "2 results could not be decided", "0 of 1 decided"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(got, `class="badge b-pass"`) {
		t.Error("the page shows a pass")
	}
	if page(t, &report.Assessment{}) == "" {
		t.Error("an empty assessment gives no page")
	}
}

// The policy of the page allows the style in it, and the page asks for nothing else.
func TestHTMLAsksForNothing(t *testing.T) {
	got := page(t, sample())
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(got, -1)
	if len(style) != 1 {
		t.Fatalf("%d style elements, want 1", len(style))
	}
	sum := sha256.Sum256([]byte(style[0][1]))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(html.UnescapeString(got), want) {
		t.Errorf("the policy lacks %s", want)
	}
	if m := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|<form|\sstyle=|\son\w+=|\ssrc=|@import|url\([^#]|href="[^#]`).FindAllString(got, -1); m != nil {
		t.Errorf("the page holds %q", m)
	}
}

// What was seen on a host is text: it adds no element and no attribute to the page.
func TestHTMLHostile(t *testing.T) {
	want := shape(t, page(t, hostile("word")))
	for name, text := range hostileTexts {
		t.Run(name, func(t *testing.T) {
			got := page(t, hostile(text))
			for _, r := range got {
				if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
					t.Fatalf("the page holds %U", r)
				}
			}
			if text == "" {
				return // fewer elements, rightly
			}
			if s := shape(t, got); s != want {
				t.Errorf("the text changes the elements of the page")
			}
			if m := regexp.MustCompile(`href="[^#]`).FindString(got); m != "" {
				t.Errorf("a link leaves the page: %s", m)
			}
		})
	}
}

// shape gives elements and names of attributes, in order. But for its meta elements the page is
// also XML, so that the strict parser finds each tag that is not closed or closed out of turn.
func shape(t *testing.T, page string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`(<meta [^>]*)>`).ReplaceAllString(page, "$1/>")))
	var b strings.Builder
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("page is not well formed: %v", err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			b.WriteString("<" + e.Name.Local)
			for _, a := range e.Attr {
				b.WriteString(" " + a.Name.Local)
			}
			b.WriteString(">")
		}
	}
	return b.String()
}

// Headings leave no level out, ids are there once, and links inside the page lead somewhere.
func TestHTMLStructure(t *testing.T) {
	got := page(t, sample())
	level := 0
	for _, m := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(got, -1) {
		n := int(m[1][0] - '0')
		if n > level+1 {
			t.Errorf("h%d follows h%d", n, level)
		}
		level = n
	}
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(got, -1) {
		ids[m[1]]++
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %s stands there %d times", id, n)
		}
	}
	for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(got, -1) {
		if ids[m[1]] == 0 {
			t.Errorf("nothing has the id %s", m[1])
		}
	}
	for _, want := range []string{`<html lang="en">`, `<main id="main"`, `<nav aria-label=`, `class="skip" href="#main"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if tables, captions := strings.Count(got, "<table"), strings.Count(got, "<caption"); tables == 0 || tables != captions {
		t.Errorf("%d tables have %d captions", tables, captions)
	}
	if m := regexp.MustCompile(`<th(?:\s[^>]*)?>`).FindAllString(got, -1); len(m) > 0 {
		for _, th := range m {
			if !strings.Contains(th, "scope=") {
				t.Errorf("%s has no scope", th)
			}
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	a := sample()
	one := a.Results[1]
	for range 5000 {
		a.Results = append(a.Results, one)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := report.HTML(io.Discard, a); err != nil {
			b.Fatal(err)
		}
	}
}
