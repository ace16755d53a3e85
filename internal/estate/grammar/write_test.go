package grammar

import (
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

func TestPlainAndQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"prod": "prod", "prod/web-1": "prod/web-1", "30d": "30d", "2026-11-23": "2026-11-23", "a b": "a b",
		"": `""`, "true": `"true"`, "No": `"No"`, "1e3": `"1e3"`, "0x1f": `"0x1f"`, "12": `"12"`, "a: b": `"a: b"`, "a#": `"a#"`,
		" a": `" a"`, "a ": `"a "`, "a  b": `"a  b"`, "*": `"*"`, "x\ny": `"x\ny"`, `a"\`: `"a\"\\"`, "é": `"é"`, "\u2028": `"\u2028"`,
	} {
		w := &Writer{}
		w.scalar(text)
		if got := string(w.Out); got != want {
			t.Errorf("%q is written as %s, want %s", text, got, want)
		}
	}
}

// FuzzScalar holds that any text is read back as the same text by a reader that is not ours.
func FuzzScalar(f *testing.F) {
	for _, text := range []string{"", "prod", "true", "1e3", "a: b", " a", "x\ny", `a"\`, "é", "\u2028", "😀", "2026-11-23", "0o17", "-", "---"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		w := &Writer{Plans: Plans{}}
		w.fields(reflect.ValueOf(struct {
			V string `yaml:"v"`
		}{text}), 0, false)
		var back struct{ V any }
		if err := yaml.Unmarshal(w.Out, &back); err != nil {
			t.Fatalf("%s: %v", w.Out, err)
		}
		if back.V != text && text != "" {
			t.Fatalf("%q is written as %s and read as %#v", text, w.Out, back.V)
		}
	})
}
