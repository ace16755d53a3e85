package host_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

type box struct {
	fact.Gaps `json:"gaps,omitempty"`
	Users     []string `json:"users,omitempty"`
}

func (box) Kind() fact.Kind { return fact.Kind{Name: "box", Version: 2} }

type crate struct{ fact.Gaps }

func (crate) Kind() fact.Kind { return fact.Kind{Name: "crate", Version: 1} }

// source reads /etc/users, in which each line "include PATH" names another file.
var source = host.Define(host.Spec[box]{
	Title: "Boxes",
	Needs: host.Read("/etc/users"),
	Follow: func(ev *host.Evidence) []host.Need {
		var out []host.Need
		for _, f := range files(ev) {
			out = append(out, host.Read(f)...)
		}
		return out
	},
	Parse: func(ev *host.Evidence, k fact.Key) box {
		b := box{}
		for _, p := range files(ev) {
			f := ev.File(p)
			b.Note("users", f.Err)
			for line := range strings.Lines(f.Text()) {
				if line = strings.TrimSpace(line); !strings.HasPrefix(line, "include ") {
					b.Users = append(b.Users, line)
				}
			}
		}
		return b
	},
	Claims: func(b box) []fact.Claim {
		var out []fact.Claim
		for _, u := range b.Users {
			out = append(out, fact.Claim{Kind: "user", Fingerprint: u})
		}
		return out
	},
})

func files(ev *host.Evidence) []string {
	out := []string{"/etc/users"}
	for i := 0; i < len(out) && i < 20; i++ {
		for line := range strings.Lines(ev.File(out[i]).Text()) {
			if p, ok := strings.CutPrefix(strings.TrimSpace(line), "include "); ok {
				out = append(out, p)
			}
		}
	}
	return out
}

func TestDefine(t *testing.T) {
	if source.Kind != (fact.Kind{Name: "box", Version: 2}) || source.Title != "Boxes" || len(source.Needs) != 1 {
		t.Errorf("source %+v", source)
	}
	b := box{Users: []string{"root"}, Gaps: fact.Gaps{"keys": {Cause: fact.Denied}}}
	data, err := fact.Canonical(b)
	if err != nil {
		t.Fatal(err)
	}
	back, err := source.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(fact.Fact(b), back); d != "" {
		t.Errorf("recorded and decoded, -want +got:\n%s", d)
	}
	if f, err := source.Decode([]byte(`{"users":7}`)); err == nil || f != nil || !strings.Contains(err.Error(), "box/2") {
		t.Errorf("broken: got %v, %v, want an error that names the kind, and no fact", f, err)
	}
	if f, err := source.Decode([]byte(`{"users":["a"],"since_later":1}`)); err != nil || f == nil {
		t.Errorf("a field that a later release gained: %v, %v", f, err)
	}
	if got := source.Claims(b); len(got) != 1 || got[0].Fingerprint != "root" {
		t.Errorf("claims %v", got)
	}
	if got := source.Claims(crate{}); got != nil {
		t.Errorf("claims of a fact of another type: %v", got)
	}
	if plain := host.Define(host.Spec[crate]{}); plain.Claims != nil || plain.Follow != nil {
		t.Error("a source that claims and follows nothing has functions for it")
	}
}

// Gathering follows what was read, as deep as it goes and not in circles; what cannot be had is a
// gap, and what is not there is none.
func TestGather(t *testing.T) {
	for name, tc := range map[string]struct {
		host hosttest.Host
		want box
	}{
		"one file":                {hosttest.Host{Files: map[string]string{"/etc/users": "root\n"}}, box{Users: []string{"root"}}},
		"included":                {hosttest.Host{Files: map[string]string{"/etc/users": "a\ninclude /b\n", "/b": "b\ninclude /c\n", "/c": "c\n"}}, box{Users: []string{"a", "b", "c"}}},
		"not there":               {hosttest.Host{}, box{}},
		"an include is not there": {hosttest.Host{Files: map[string]string{"/etc/users": "a\ninclude /b\n"}}, box{Users: []string{"a"}}},
		"denied":                  {hosttest.Host{Problems: map[string]*fact.Problem{"/etc/users": denied}}, box{Gaps: fact.Gaps{"users": *denied}}},
		"an include is denied": {hosttest.Host{Files: map[string]string{"/etc/users": "a\ninclude /b\n"}, Problems: map[string]*fact.Problem{"/b": denied}},
			box{Users: []string{"a"}, Gaps: fact.Gaps{"users": *denied}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(fact.Fact(tc.want), hosttest.Observe(source, tc.host)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
	loop := hosttest.Host{Files: map[string]string{"/etc/users": "a\ninclude /etc/users\n"}}
	if f := hosttest.Observe(source, loop).(box); len(f.Gaps) > 0 {
		t.Errorf("a file that includes itself: %v", f.Gaps)
	}
}
