package components

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/vuln"
)

// TestCanonical: in whatever order they were found, each stands there once, with its places.
func TestCanonical(t *testing.T) {
	a := vuln.Package{Ecosystem: "npm", Name: "ms", Version: "2.0.0", Places: []string{"/srv/b", "/srv/a"}}
	b := vuln.Package{Ecosystem: "npm", Name: "ms", Version: "2.0.0", Places: []string{"/srv/c", "/srv/a"}, Running: true}
	c := vuln.Package{Ecosystem: "Go", Name: "stdlib", Version: "1.22.1"}
	want := []vuln.Package{c, {Ecosystem: "npm", Name: "ms", Version: "2.0.0", Places: []string{"/srv/a", "/srv/b", "/srv/c"}, Running: true}}
	for _, in := range [][]vuln.Package{{a, b, c}, {c, b, a}, {b, c, a, a}} {
		if diff := cmp.Diff(want, Canonical(in)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if a.Places[0] != "/srv/b" {
		t.Error("what was given is changed")
	}
}

// TestManyPlaces: a component that stands in a thousand folders does not fill the database.
func TestManyPlaces(t *testing.T) {
	p := vuln.Package{Ecosystem: "npm", Name: "ms", Version: "2.0.0"}
	for i := range 1000 {
		p.Places = append(p.Places, fmt.Sprintf("/srv/%d", i))
	}
	if got := len(Canonical([]vuln.Package{p})[0].Places); got != MaxPlaces {
		t.Errorf("%d places", got)
	}
}

// TestRecorded: the fact survives being recorded.
func TestRecorded(t *testing.T) {
	f := Fact{Document: "CycloneDX 1.6", Packages: []vuln.Package{{Ecosystem: "Debian:12", Name: "openssl", Version: "3.0.11-1", Installed: []string{"libssl3"}}}}
	f.Note(PartIdentity, &fact.Problem{Cause: fact.NotParsable, Text: "one has no version"})
	data, err := fact.Canonical(f)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Probe.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, back); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
