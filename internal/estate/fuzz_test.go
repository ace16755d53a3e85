package estate

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

func seeds(f *testing.F) {
	f.Helper()
	f.Add(example(f))
	archives, _ := filepath.Glob("testdata/broken/*.txtar")
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	for _, part := range strings.SplitAfter(string(example(f)), "\n\n") {
		f.Add([]byte(part))
	}
}

// FuzzParse holds what Parse promises for any bytes: no panic, a problem or an estate, every place inside the
// file, and an estate that shows itself as what it is.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, problems := Parse([]File{{"e.yaml", data}}, Options{})
		failed := false
		for _, p := range problems {
			failed = failed || !p.Warning
			inside(t, data, p)
		}
		if failed == (e != nil) {
			t.Fatalf("error told: %v, estate returned: %v", failed, e != nil)
		}
		if e == nil {
			return
		}
		shown, err := e.Show()
		if err != nil {
			t.Fatal(err)
		}
		again, problems := Parse([]File{{"shown.yaml", shown}}, Options{})
		if again == nil {
			t.Fatalf("shown estate is refused: %v\n%s", problems, shown)
		}
		if diff := cmp.Diff(e, again, same); diff != "" {
			t.Fatalf("shown estate differs:\n%s\n%s", diff, shown)
		}
	})
}

// inside allows the column behind the last character, for what is missing there.
func inside(t *testing.T, data []byte, p Problem) {
	t.Helper()
	lines := strings.Split(string(data), "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
		t.Fatalf("place outside of the file: %s", p)
	}
	if p.Text == "" || strings.ContainsAny(p.Text, "\n\r\x00") || !utf8.ValidString(p.Text) {
		t.Fatalf("text of a problem: %q", p.Text)
	}
}
