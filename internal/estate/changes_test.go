package estate

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChanges changes the example estate a line at a time, and has each named; what declares the same is silent.
func TestChanges(t *testing.T) {
	data, err := os.ReadFile("../../../shared/design/estate-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	show := func(text string) []byte {
		t.Helper()
		e, problems := Parse([]File{{Name: "estate.yaml", Data: []byte(text)}}, Options{})
		if e == nil {
			t.Fatal(problems)
		}
		out, err := e.Show()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := show(text)
	for _, x := range []struct {
		name, from, to string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"a comment", "people:", "# these\npeople:", nil},
	} {
		got, err := Changes(before, show(strings.Replace(text, x.from, x.to, 1)))
		if err != nil || !cmp.Equal(got, x.want) {
			t.Errorf("%s: %q %v", x.name, got, err)
		}
	}
	const small = "organization: x\npeople:\n  - {id: ana, name: Ana}\n  - {id: ben, name: Ben}\nroles:\n  security: [ana]\n"
	for _, x := range []struct {
		name, text string
		want       []string
	}{
		{"another order", "organization: x\npeople:\n  - {id: ben, name: Ben}\n  - {id: ana, name: Ana}\nroles:\n  security: [ana]\n", nil},
		{"who came", small + "  auditor: [ben]\n", []string{"roles: auditor added"}},
		{"a role that somebody got", strings.Replace(small, "[ana]", "[ana, ben]", 1), []string{"roles: security changed (+ben)"}},
		{"a role that somebody lost", strings.Replace(small, "[ana]", "[ben]", 1), []string{"roles: security changed (+ben, -ana)"}},
		{"who left", strings.Replace(small, "  - {id: ben, name: Ben}\n", "", 1), []string{"people: ben taken out"}},
		{"another name", strings.Replace(small, "name: Ben", "name: Benno", 1), []string{"people: ben changed (name)"}},
		{"the organisation", strings.Replace(small, "organization: x", "organization: y", 1), []string{"organization changed"}},
	} {
		got, err := Changes(show(small), show(x.text))
		if err != nil || !cmp.Equal(got, x.want) {
			t.Errorf("%s: %q %v", x.name, got, err)
		}
	}
	if _, err := Changes([]byte("a: ["), before); err == nil {
		t.Error("what cannot be read is an error")
	}
}
