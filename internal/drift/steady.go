package drift

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// maxDepth is how deep JSON may be nested. Facts are a handful of levels deep.
const maxDepth = 64

// Steady gives the part of a fact that is compared, in its one byte form. It takes its own answer unchanged.
func Steady(canonical []byte, s *Shape) ([]byte, error) {
	tree, err := parse(canonical)
	if err != nil {
		return nil, err
	}
	kept, _ := s.steady(tree)
	return fact.Canonical(kept)
}

func parse(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("compare facts: %w", err)
	}
	if dec.More() {
		return nil, fmt.Errorf("compare facts: something stands behind the JSON")
	}
	if deep(tree, 0) {
		return nil, fmt.Errorf("compare facts: nested more than %d deep", maxDepth)
	}
	return tree, nil
}

func deep(v any, depth int) bool {
	if depth > maxDepth {
		return true
	}
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return deep(e, depth+1) })
	case map[string]any:
		for _, e := range v {
			if deep(e, depth+1) {
				return true
			}
		}
	}
	return false
}

// steady takes out what is never compared. Told is false when nothing is left: an empty object or list is the same as none.
func (s *Shape) steady(v any) (kept any, told bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			var of *Shape
			if s != nil {
				if of = s.elem; s.fields != nil {
					f, compared := s.fields[name]
					if of = f; !compared {
						continue
					}
				} else if !s.compares(name) {
					continue
				}
			}
			if e, told := of.steady(e); told {
				out[name] = e
			}
		}
		return out, len(out) > 0
	case []any:
		out := []any{}
		for _, e := range v {
			e, told := s.of().steady(e)
			if told && (s == nil || len(s.except)+len(s.only) == 0 || s.compares(s.of().name(e))) {
				out = append(out, e)
			}
		}
		return out, len(out) > 0
	case string:
		if s != nil {
			for _, how := range s.trim {
				v = trims[how](v)
			}
		}
		return v, true
	}
	return v, true
}

// compares tells whether an element of this name is compared.
func (s *Shape) compares(name string) bool {
	begins := func(with string) bool { return strings.HasPrefix(name, with) }
	return !slices.ContainsFunc(s.except, begins) && (len(s.only) == 0 || slices.ContainsFunc(s.only, begins))
}

// of is the shape of the elements.
func (s *Shape) of() *Shape {
	if s == nil {
		return nil
	}
	return s.elem
}

var (
	lineNumber = regexp.MustCompile(`(:[0-9]+)+$`)
	nonce      = regexp.MustCompile(`'nonce-[^']*'`)
)

var trims = map[string]func(string) string{
	"line":  func(s string) string { return lineNumber.ReplaceAllString(s, "") },
	"nonce": func(s string) string { return nonce.ReplaceAllString(strings.ToValidUTF8(s, "?"), "'nonce-…'") },
}
