package gosym

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is one of which the linked functions are known: it asks for a page, and closes over a method of its own.
const program = `package main

import ("net/url"; "os"; "strings")

type box[T any] struct{ v T }

//go:noinline
func (b *box[T]) open() T { return b.v }

//go:noinline
func shout(s string) string { return func() string { return strings.ToUpper(s) }() }

func main() {
	u, err := url.Parse(os.Args[0])
	if err != nil { panic(err) }
	b := &box[string]{u.Hostname()}
	os.Stdout.WriteString(shout(b.open()))
	if strings.ContainsRune(u.Path, 'x') { os.Exit(3) }
}
`

func built(t testing.TB, flags ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module northwind.example/tools/shout.v2\n\ngo 1.21\n", "main.go": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", append(append([]string{"build", "-o", "program"}, flags...), ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(filepath.Join(dir, "program"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestPrograms reads programs as they are built in several ways: what they call is linked, also what was inlined, and what
// they do not call is not, although its package is.
func TestPrograms(t *testing.T) {
	for name, flags := range map[string][]string{"plain": nil, "stripped": {"-ldflags=-s -w"}, "position independent": {"-buildmode=pie"}} {
		t.Run(name, func(t *testing.T) {
			set, err := Of(bytes.NewReader(built(t, flags...)))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []struct {
				path, symbol string
				linked       bool
			}{
				{"net/url", "", true}, {"net/url", "Parse", true}, {"net/url", "URL.Hostname", true}, {"strings", "ContainsRune", true},
				{"main", "shout", true}, {"main", "box.open", true}, {"northwind.example/tools/shout.v2", "shout", true}, {"runtime", "mallocgc", true},
				{"net/url", "ParseQuery", false}, {"net/url", "JoinPath", false}, {"net/http", "", false}, {"net/http", "ListenAndServe", false},
				{"strings", "Title", false}, {"html/template", "Template.Execute", false},
			} {
				if got := set.Has(want.path, want.symbol); got != want.linked {
					t.Errorf("%s.%s: %v", want.path, want.symbol, got)
				}
			}
			if len(set) > 64<<10 {
				t.Errorf("%d bytes", len(set))
			}
		})
	}
}

func TestNoProgram(t *testing.T) {
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("#!/bin/sh\n"), "magic alone": []byte("\x7fELF")} {
		if _, err := Of(bytes.NewReader(data)); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if data, err := os.ReadFile("/bin/true"); err == nil {
		if _, err := Of(bytes.NewReader(data)); !errors.Is(err, ErrNone) {
			t.Errorf("a program of C: %v", err)
		}
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string][2]string{
		"golang.org/x/net/html.(*Tokenizer).Next":       {"golang.org/x/net/html", "Tokenizer.Next"},
		"golang.org/x/net/html.Parse.func1":             {"golang.org/x/net/html", "Parse.func1"},
		"gopkg.in/yaml%2ev3.Unmarshal":                  {"gopkg.in/yaml.v3", "Unmarshal"},
		"example.org/a.Map[go.shape.string]":            {"example.org/a", "Map"},
		"example.org/a.(*T[go.shape.[]uint8,int]).M":    {"example.org/a", "T.M"},
		"example.org/a.F[example.org/b.T[int]].func2":   {"example.org/a", "F.func2"},
		"example.org/a.T.M-fm":                          {"example.org/a", "T.M"},
		"runtime.main":                                  {"runtime", "main"},
		"go:struct {}":                                  {"", ""},
		"type:.eq.[2]string":                            {"", ""},
		"_cgo_init":                                     {"", ""},
		"broken[":                                       {"", ""},
		"vendor/golang.org/x/net/http2/hpack.NewDecode": {"vendor/golang.org/x/net/http2/hpack", "NewDecode"},
	} {
		if path, symbol := split(name); path != want[0] || symbol != want[1] {
			t.Errorf("%s: %q %q", name, path, symbol)
		}
	}
}

// TestSet: what was entered is always found, and hardly anything else.
func TestSet(t *testing.T) {
	for _, n := range []int{1, 10, 5_000, 50_000} {
		b := newBuilder()
		for i := range n {
			b.add(fmt.Sprintf("example.org/p%d", i%97), fmt.Sprintf("T.M%d", i))
		}
		set, err := ParseSet(b.set())
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if !set.Has(fmt.Sprintf("example.org/p%d", i%97), fmt.Sprintf("T.M%d", i)) {
				t.Fatalf("%d of %d is lost", i, n)
			}
		}
		wrong := 0
		for i := range 100_000 {
			if set.Has("example.org/other", fmt.Sprint("F", i)) {
				wrong++
			}
		}
		if wrong > 1000 {
			t.Errorf("of %d names, %d of 100,000 others are taken for entered", n, wrong)
		}
	}
	if _, err := ParseSet(nil); !errors.Is(err, ErrSet) {
		t.Error(err)
	}
}

func FuzzOf(f *testing.F) {
	data := built(f, "-ldflags=-s -w")
	at := bytes.Index(data, []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8})
	if at < 0 {
		f.Fatal("the program has no table")
	}
	f.Add(data[at:at+200], "net/url.Parse\x00main.main\x00")
	f.Fuzz(func(t *testing.T, table []byte, names string) {
		if len(table) > 8 {
			_, _ = nameTable(bytes.NewReader(table), binary.LittleEndian, uint64(len(table)))
		}
		set := collect(names, "example.org/m")
		for name := range strings.SplitSeq(names, "\x00") {
			if path, symbol := split(name); path != "" {
				first, _, _ := strings.Cut(symbol, ".")
				if !set.Has(path, "") || first != "" && !set.Has(path, first) {
					t.Errorf("%q is lost", name)
				}
			}
		}
		_, _ = ParseSet(table)
	})
}

func FuzzSet(f *testing.F) {
	f.Add([]byte{1, 8, 255, 0, 3}, "net/url", "Parse")
	f.Fuzz(func(_ *testing.T, b []byte, path, symbol string) {
		if s, err := ParseSet(b); err == nil {
			s.Has(path, symbol)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	data := built(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Of(bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
}
