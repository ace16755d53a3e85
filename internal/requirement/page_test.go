package requirement

import (
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestPage(t *testing.T) {
	var b strings.Builder
	checks := []CheckLine{{"accounts-known", "Every account belongs to a known person or service", Must}, {"accounts-used", "Every account is used", Should}}
	if err := get(t, "A.5.1.6").WritePage(&b, 72, checks); err != nil {
		t.Fatal(err)
	}
	golden(t, "page.txt", b.String())
}

func TestList(t *testing.T) {
	var b strings.Builder
	if err := WriteList(&b, 0, load(t).All()); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.txt", b.String())
}

func TestPagesKeepToTheWidth(t *testing.T) {
	for _, r := range load(t).All() {
		for _, width := range []int{60, 80, 120} {
			var b strings.Builder
			if err := r.WritePage(&b, width, []CheckLine{{"sshd-root-login", "Root cannot log in over SSH", Must}}); err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(b.String(), "\n") {
				if utf8.RuneCountInString(line) > width {
					t.Errorf("%s at width %d: %q", r.ID, width, line)
				}
			}
		}
	}
}
