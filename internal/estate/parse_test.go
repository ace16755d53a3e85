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
