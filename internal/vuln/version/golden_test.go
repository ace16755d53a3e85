package version

import (
	"os"
	"strings"
	"testing"
)

// pair is one line of a golden file: what the ecosystem's own tool said of two versions.
type pair struct {
	a, b string
	want int
}

// golden reads testdata/NAME.txt; its README says which tool wrote it.
func golden(t testing.TB, name string) []pair {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []pair
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 3 || len(f[1]) != 1 {
			t.Fatalf("%s: %q is not two versions with <, = or > between", name, line)
		}
		out = append(out, pair{f[0], f[2], strings.Index("<=>", f[1]) - 1})
	}
	if len(out) == 0 {
		t.Fatalf("%s: no pairs", name)
	}
	return out
}

func TestAsTheTools(t *testing.T) {
	for o := dpkg; o < orders; o++ {
		t.Run(o.Name(), func(t *testing.T) {
			for _, p := range golden(t, o.Name()) {
				if got := o.Compare(p.a, p.b); got != p.want {
					t.Errorf("Compare(%q, %q) = %d, want %d", p.a, p.b, got, p.want)
				}
				if got := o.Compare(p.b, p.a); got != -p.want {
					t.Errorf("Compare(%q, %q) = %d, want %d", p.b, p.a, got, -p.want)
				}
				for _, v := range []string{p.a, p.b} {
					if !o.Valid(v) {
						t.Errorf("%q is a version to the tool and not to Valid", v)
					}
				}
			}
		})
	}
}
