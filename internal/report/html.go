package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed html
var htmlFiles embed.FS

// HTML writes the assessment as one file that asks the network for nothing and holds no script: it
// can be mailed, printed and opened years later. Its content security policy allows the style that
// stands in it, by hash, and nothing else; what was seen on a host is escaped by html/template and
// freed of control and bidirectional characters. The rules of the page: what matters first, verdicts
// told by word and shape before colour, and unknown in a form of its own beside what was decided.
func HTML(w io.Writer, a *Assessment) error {
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	t, err := template.New("page.html").Funcs(htmlFuncs(string(style))).ParseFS(htmlFiles, "html/*.html")
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(a)); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	_, err = io.WriteString(w, cleanLines(b.String())) // at the end, so that no field can be forgotten
	return err
}

func htmlFuncs(style string) template.FuncMap {
	sum := sha256.Sum256([]byte(style))
	return template.FuncMap{
		"style":     func() template.CSS { return template.CSS(style) },
		"styleHash": func() string { return "sha256-" + base64.StdEncoding.EncodeToString(sum[:]) },
		"day":       func(t *time.Time) string { return t.UTC().Format("2006-01-02") },
		"minute":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") },
		"rfc3339":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"plural":    plural,
		"upper":     strings.ToUpper,
		"join":      strings.Join,
		"contains":  strings.Contains,
		"word":      func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"mark":      func(s any) string { return marks[fmt.Sprint(s)] },
	}
}

// marks are the shapes of statuses and severities; each stands beside its word, for those who see
// shapes sooner than words.
var marks = map[string]string{
	"fail": "✕", "warn": "!", "justified": "§", "pass": "✓", "unknown": "?", "error": "?", "not_applicable": "–",
	"critical": "◆", "high": "▲", "moderate": "■", "low": "▽", "info": "○",
}
