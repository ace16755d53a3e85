package app

import (
	"os"
	"path/filepath"
	"testing"
)

// TestParsedAnew: an estate is parsed once, and anew when a file, or what a file refers to, changed.
func TestParsedAnew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "estate.yaml")
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = "organization: Northwind\npolicy: {trusted_cas: [\"file:ca.pem\"]}\n"
	put("estate.yaml", text)
	first, missing, err := LoadEstate(path)
	if err != nil || len(missing) == 0 {
		t.Fatalf("a document that is missing is told: %v %v", missing, err)
	}
	put("ca.pem", "x")
	there, problems, err := LoadEstate(path)
	if err != nil || len(problems) >= len(missing) || there == nil {
		t.Errorf("it is there now: %v %v", problems, err)
	}
	if same, _, _ := LoadEstate(path); same != there || same == first {
		t.Error("nothing changed")
	}
	put("estate.yaml", text+"people: [{id: ana, name: Ana}]\n")
	if more, _, _ := LoadEstate(path); more == there || more.Person("ana") == nil {
		t.Error("a file changed")
	}
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	if _, problems, _ := LoadEstate(path); len(problems) != len(missing) {
		t.Error("the document is gone again")
	}
}

// BenchmarkEstateAgain reads the estate of 5,000 systems again, which did not change.
func BenchmarkEstateAgain(b *testing.B) {
	path := fleetFile(b, "")
	b.ReportAllocs()
	for b.Loop() {
		if e, _, err := LoadEstate(path); err != nil || e == nil {
			b.Fatal(err)
		}
	}
}
