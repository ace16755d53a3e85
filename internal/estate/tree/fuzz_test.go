package tree

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
)

// seeds are the estates that are tested a folder above.
func seeds(f *testing.F) {
	f.Helper()
	whole, err := os.ReadFile("../testdata/estate-example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, part := range strings.SplitAfter(string(whole), "\n\n") {
		f.Add([]byte(part))
	}
	archives, _ := filepath.Glob("../testdata/broken/*.txtar")
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
}

// tight is a colon without a blank behind it. In flow style goccy takes it for a separator, YAML 1.2 and we do not.
var tight = regexp.MustCompile(`:[^\s]`)

// FuzzTree holds that what Read takes means the same to goccy's own parser: the two share a lexer, but not
// the putting together.
func FuzzTree(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := Read(data)
		if err != nil {
			return
		}
		text, _ := clean(data)
		var theirs any
		if yaml.UnmarshalWithOptions([]byte(text), &theirs, yaml.UseOrderedMap()) != nil {
			return // goccy refuses duplicate keys and more
		}
		if strings.ContainsAny(text, "[{") && tight.MatchString(text) {
			return
		}
		if len(root.List) == 0 && root.Kind == Map && theirs == nil {
			return // an empty file is an empty map to us
		}
		if !alike(root, theirs) {
			t.Fatalf("%q is read otherwise than by goccy: %#v", text, theirs)
		}
	})
}

// alike compares shape and text. Of numbers, truths and the like goccy keeps the value only, so there it is enough
// that both see a plain scalar.
func alike(n *Node, v any) bool {
	switch v := v.(type) {
	case nil:
		return n.Kind == Null
	case string:
		return n.Kind == Text && n.Text == v
	case []any:
		ok := n.Kind == List && len(n.List) == len(v)
		for i := 0; ok && i < len(v); i++ {
			ok = alike(n.List[i], v[i])
		}
		return ok
	case yaml.MapSlice:
		ok := n.Kind == Map && len(n.List) == 2*len(v)
		for i := 0; ok && i < len(v); i++ {
			// Keys that may be numbers or nothing are written anew by goccy: 6. becomes 6, ~ becomes null.
			key, isText := v[i].Key.(string)
			isText = isText && key != "null" && strings.Trim(key, "+-.0123456789abcdefABCDEFxoINity") != ""
			ok = alike(n.List[2*i+1], v[i].Value) && (!isText || key == n.List[2*i].Text)
		}
		return ok
	}
	return n.Kind == Text && !n.Quoted
}
