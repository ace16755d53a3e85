package relational

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/vuln"
)

func deb(names ...string) (out []vuln.Package) {
	for i := 0; i < len(names); i += 2 {
		out = append(out, vuln.Package{Ecosystem: "Debian:12", Name: names[i], Version: names[i+1]})
	}
	return out
}

// TestCarried: from a package to who carries it, as last seen; a part that is seen again leaves the others alone.
func TestCarried(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	put := func(list ...Carried) {
		t.Helper()
		if err := s.Carry(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	who := func(ecosystem, name string, versions ...string) []string {
		t.Helper()
		list, err := s.Carrying(t.Context(), ecosystem, name, func(v string) bool { return len(versions) == 0 || slices.Contains(versions, v) })
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range list {
			out = append(out, fmt.Sprint(c.Subject, " ", c.Version, " ", c.Teams))
		}
		return out
	}
	equal := func(what string, got []string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	put(Carried{Subject: "a", Part: "distribution", Teams: []string{"red"}, SeenAt: noon, Packages: deb("openssl", "1", "zlib", "1", "openssl", "1")},
		Carried{Subject: "b", Part: "distribution", SeenAt: noon, Packages: deb("openssl", "1", "openssl", "2")},
		Carried{Subject: "a", Part: "files", SeenAt: noon, Packages: []vuln.Package{{Ecosystem: "npm", Name: "openssl", Version: "1"}}})
	equal("all versions", who("Debian:12", "openssl"), "a 1 [red]", "b 1 []", "b 2 []")
	equal("one version", who("Debian:12", "openssl", "2"), "b 2 []")
	equal("another ecosystem", who("npm", "openssl"), "a 1 []")
	equal("nobody", who("Debian:13", "openssl"))
	before := changes(t, s)
	put(Carried{Subject: "b", Part: "distribution", SeenAt: noon, Packages: deb("openssl", "1", "openssl", "2")})
	if n := changes(t, s) - before; n != 1 && s.file() {
		t.Errorf("%d rows were written for a host that changed nothing, want its one", n)
	}
	put(Carried{Subject: "a", Part: "distribution", Teams: []string{"blue"}, SeenAt: noon, Packages: deb("openssl", "3")})
	equal("seen again", who("Debian:12", "openssl"), "b 1 []", "b 2 []", "a 3 [blue]")
	equal("gone", who("Debian:12", "zlib"))
	equal("the other part stays", who("npm", "openssl"), "a 1 []")
	if n, err := s.Carriers(t.Context()); n != 2 || err != nil {
		t.Errorf("%d subjects, %v", n, err)
	}
}

// changes counts the rows that were written so far.
func changes(t *testing.T, s *Store) (n int) {
	t.Helper()
	if !s.file() {
		return 0 // nobody counts there
	}
	if err := s.db.QueryRow("SELECT total_changes()").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
