package estate

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// same compares what two estates declare, wherever they declare it.
var same = cmp.Options{cmpopts.IgnoreTypes(Place{}), cmpopts.IgnoreUnexported(Estate{}), cmpopts.EquateComparable(Network{})}

func example(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/estate-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// parse reads an estate that is right.
func parse(t testing.TB, files ...File) *Estate {
	t.Helper()
	e, problems := Parse(files, Options{})
	for _, p := range problems {
		if !p.Warning {
			t.Error(p)
		}
	}
	if e == nil {
		t.FailNow()
	}
	return e
}

func TestExampleHasNoProblem(t *testing.T) {
	_, problems := Parse([]File{{"estate-example.yaml", example(t)}}, Options{})
	for _, p := range problems {
		t.Error(p)
	}
}

func TestMissingDocumentsAreWarnings(t *testing.T) {
	e, problems := Parse([]File{{"e.yaml", example(t)}}, Options{Exists: func(string) bool { return false }})
	if e == nil || len(problems) != 9 {
		t.Errorf("estate %v, %d problems, want 9 warnings", e != nil, len(problems))
	}
	for _, p := range problems {
		if !p.Warning || !strings.Contains(p.Text, "there is no file") || p.Path == "" {
			t.Errorf("%s (path %q)", p, p.Path)
		}
	}
}

func TestShowReadsAsTheSame(t *testing.T) {
	first := parse(t, File{"e.yaml", example(t)})
	shown, err := first.Show()
	if err != nil {
		t.Fatal(err)
	}
	again := parse(t, File{"shown.yaml", shown})
	if diff := cmp.Diff(first, again, same); diff != "" {
		t.Errorf("shown estate differs (-first +again):\n%s", diff)
	}
	if twice, _ := again.Show(); !bytes.Equal(shown, twice) {
		t.Error("showing again gives other text")
	}
}

func TestLimits(t *testing.T) {
	for what, row := range map[string]struct{ text, want string }{
		"large file": {strings.Repeat("#", 8<<20+1), "e.yaml:1:1: the file has 8388609 bytes; at most 8 MiB are read, so split it"},
		"many parts": {strings.Repeat("[", 3<<20), "e.yaml:1:1: the file has too many lines, brackets and commas to be read at once; split it"},
	} {
		_, problems := Parse([]File{{"e.yaml", []byte(row.text)}}, Options{})
		if len(problems) != 1 || problems[0].String() != row.want {
			t.Errorf("%s: %v", what, problems)
		}
	}
	_, problems := Parse([]File{{"e.yaml", []byte("organization: a\nteams:\n" + strings.Repeat("  - {name: a}\n", 10_101))}}, Options{})
	if len(problems) != 10_001 || problems[10_000].Text != "100 more problems are not listed" {
		t.Errorf("%d problems, the last is %v", len(problems), problems[len(problems)-1])
	}
}

func TestOptionsAnswerWhatIsOutside(t *testing.T) {
	text := "organization: a\ntimezone: Europe/Atlantis\nchecks: [{id: user-a, title: t, kind: sshd, expr: x, requirements: [A.5.99.1]}]\n"
	no := func(string) bool { return false }
	_, problems := Parse([]File{{"e.yaml", []byte(text)}}, Options{Zone: no, Requirement: no})
	var got []string
	for _, p := range problems {
		if !p.Warning {
			got = append(got, p.String())
		}
	}
	want := []string{
		`e.yaml:2:11: timezone: "Europe/Atlantis" is not a time zone such as Europe/Berlin or UTC`,
		`e.yaml:3:69: requirements: "A.5.99.1" is not a requirement of the standard`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if e, problems := Parse(nil, Options{}); e != nil || len(problems) != 1 {
		t.Errorf("no files: %v", problems)
	}
}
