package requirement

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The catalogue is read from the syntax tree and not decoded into structs: so every fault has its
// line, also one that the rules of the format find, and starting up stays cheap.

type faultList []error

func (l *faultList) add(format string, args ...any) { *l = append(*l, fmt.Errorf(format, args...)) }

func (l *faultList) err() error { return errors.Join(*l...) }

// node is a place in a file of the catalogue.
type node struct {
	file   string
	ast    ast.Node
	faults *faultList
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	value node
}

// fields is a mapping whose keys are taken one by one; done reports those that nobody took.
type fields struct {
	node
	values map[string]node
	taken  map[string]bool
}

// parsedFile is one file of the catalogue as a syntax tree, or why there is none.
type parsedFile struct {
	name string
	body ast.Node
	err  error
}

func parseFile(fsys fs.FS, name string) parsedFile {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return parsedFile{err: fmt.Errorf("read the catalogue: %w", err)}
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		// The parser's first line is "[line:column] what"; the rest is a picture of the source.
		first, _, _ := strings.Cut(err.Error(), "\n")
		place, what, _ := strings.Cut(strings.TrimPrefix(first, "["), "] ")
		return parsedFile{err: fmt.Errorf("%s:%s: %s", name, place, what)}
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return parsedFile{err: fmt.Errorf("%s:1: the file must hold one YAML document", name)}
	}
	return parsedFile{name: name, body: f.Docs[0].Body}
}

func (n node) fault(text string) {
	line := 1
	if n.ast != nil && n.ast.GetToken() != nil {
		line = n.ast.GetToken().Position.Line
	}
	n.faults.add("%s:%d: %s", n.file, line, text)
}

func (n node) entries() []entry {
	var pairs []*ast.MappingValueNode
	switch m := n.ast.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default:
		n.fault("a mapping of keys and values is wanted here")
		return nil
	}
	out := make([]entry, 0, len(pairs))
	for _, p := range pairs {
		key := p.Key.GetToken().Value
		v := node{file: n.file, ast: p.Value, faults: n.faults}
		if slices.ContainsFunc(out, func(e entry) bool { return e.key == key }) {
			v.fault(fmt.Sprintf("%s: stands there twice", key))
			continue
		}
		out = append(out, entry{key: key, value: v})
	}
	return out
}

func (n node) fields() *fields {
	f := &fields{node: n, values: map[string]node{}, taken: map[string]bool{}}
	for _, e := range n.entries() {
		f.values[e.key] = e.value
	}
	return f
}

// text gives a scalar as it is written; block scalars are folded as YAML says.
func (n node) text() string {
	switch v := n.ast.(type) {
	case *ast.LiteralNode:
		return strings.TrimSpace(v.Value.Value)
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, *ast.NullNode:
		n.fault("a text is wanted here")
		return ""
	default:
		return n.ast.GetToken().Value
	}
}

func (f *fields) has(key string) bool {
	_, ok := f.values[key]
	return ok
}

// at gives the place of a key's value, or of the whole mapping when the key is missing.
func (f *fields) at(key string) node {
	f.taken[key] = true
	if v, ok := f.values[key]; ok {
		return v
	}
	return f.node
}

// text gives the text of a key, empty when it is missing.
func (f *fields) text(key string) string {
	if v, ok := f.values[key]; ok {
		f.taken[key] = true
		return v.text()
	}
	return ""
}

// word gives one of the allowed words, empty when the key is missing.
func (f *fields) word(key string, allowed ...string) string {
	s := f.text(key)
	if s != "" && !slices.Contains(allowed, s) {
		f.at(key).fault(fmt.Sprintf("%s: %q is not one of %s", key, s, strings.Join(allowed, ", ")))
		return ""
	}
	return s
}

func (f *fields) flag(key string) bool { return f.word(key, "true", "false") == "true" }

func (f *fields) list(key string) []node {
	v, ok := f.values[key]
	if !ok {
		return nil
	}
	f.taken[key] = true
	seq, ok := v.ast.(*ast.SequenceNode)
	if !ok {
		v.fault(key + ": a list is wanted here")
		return nil
	}
	out := make([]node, len(seq.Values))
	for i, e := range seq.Values {
		out[i] = node{file: f.file, ast: e, faults: f.faults}
	}
	return out
}

func (f *fields) texts(key string) []string {
	var out []string
	for _, n := range f.list(key) {
		out = append(out, n.text())
	}
	return out
}

func (f *fields) done() {
	var left []string
	for key := range f.values {
		if !f.taken[key] {
			left = append(left, key)
		}
	}
	sort.Strings(left)
	for _, key := range left {
		f.values[key].fault(fmt.Sprintf("%s: is not a key that belongs here", key))
	}
}
