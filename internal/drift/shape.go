// Package drift compares what is seen with what was approved. A baseline is the steady part of a fact that somebody
// approved; a difference has a path that stays the same tomorrow, whatever moves in the lists around it. The package is
// pure: it keeps nothing, reads no clock, and knows no particular subject. What of a fact is volatile, and by what the
// elements of its lists are told apart, stands in the fact type, as struct tags:
//
//	drift:"-"            never compared: counters, states, times of last use
//	drift:"key"          part of the natural key by which an element of a list is found again
//	drift:"line"         file:line, compared without the line
//	drift:"nonce"        a text in which nonces are not compared
//	drift:"ordered"      a list whose order means something
//	drift:"except=A B"   elements of a list or map that are never compared, by how their names begin
//	drift:"only=A B"     the only ones that are
//
// At the gaps of a fact, except names the parts whose absence takes nothing from what is compared.
package drift

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Shape says how the JSON of a type is compared. Make it by ShapeOf. The nil Shape compares everything, and lists without
// regard to their order.
type Shape struct {
	fields  map[string]*Shape // of an object, those that are compared, by their JSON names
	key     []string          // of an object, the fields that name it among others, in order
	elem    *Shape            // of a list or map
	named   bool              // a map: its elements have names
	ordered bool
	except  []string // beginnings of names
	only    []string // likewise; none: all
	never   []string // fields of an object that are not compared
	gaps    []string // parts of a fact whose absence takes nothing from what is compared
	trim    []string // of a text: line, nonce
}

// ShapeOf derives the shape of a type by its fields and their tags. It fails on tags that mean nothing.
func ShapeOf(t reflect.Type) (*Shape, error) { return shapeOf(t, nil) }

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func shapeOf(t reflect.Type, within []reflect.Type) (*Shape, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Implements(marshaler) || t.Implements(textMarshaler) || slices.Contains(within, t) {
		return nil, nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil, nil
		}
		fallthrough
	case reflect.Map:
		elem, err := shapeOf(t.Elem(), within)
		return &Shape{elem: elem, named: t.Kind() == reflect.Map}, err
	case reflect.Struct:
		s := &Shape{fields: map[string]*Shape{}}
		return s, s.struc(t, append(slices.Clone(within), t))
	}
	return nil, nil
}

// struc adds the fields of a struct, those of embedded ones too.
func (s *Shape) struc(t reflect.Type, within []reflect.Type) error {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			if err := s.struc(f.Type, within); err != nil {
				return err
			}
			continue
		}
		if name == "" {
			name = f.Name
		}
		if name == Gaps {
			// What could not be seen says nothing of how it is; which of it matters, the tag says.
			if except, ok := strings.CutPrefix(f.Tag.Get("drift"), "except="); ok {
				s.gaps = strings.Fields(except)
			}
			continue
		}
		of, err := shapeOf(f.Type, within)
		if err != nil {
			return err
		}
		kept, err := s.marked(name, of, f)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		if kept == nil {
			s.never = append(s.never, name)
			continue
		}
		s.fields[name] = kept
	}
	return nil
}

// Gaps is the JSON name of what could not be seen of a fact.
const Gaps = "gaps"

// marked applies the tag of a field; nil when it is never compared.
func (s *Shape) marked(name string, of *Shape, f reflect.StructField) (*Shape, error) {
	out := Shape{}
	if of != nil {
		out = *of
	}
	isList := out.elem != nil || f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map
	for word := range strings.SplitSeq(f.Tag.Get("drift"), ",") {
		except, isExcept := strings.CutPrefix(word, "except=")
		only, isOnly := strings.CutPrefix(word, "only=")
		switch {
		case word == "":
		case word == "-":
			return nil, nil
		case word == "key":
			if isList || out.fields != nil {
				return nil, fmt.Errorf(`drift:"key" stands at a list or an object; it is for plain values`)
			}
			s.key = append(s.key, name)
		case word == "line" || word == "nonce":
			if out.elem == nil && isList {
				out.elem = &Shape{}
			}
			if out.elem != nil {
				elem := Shape{}
				if of != nil && of.elem != nil {
					elem = *of.elem
				}
				elem.trim = append(elem.trim, word)
				out.elem = &elem
			} else {
				out.trim = append(out.trim, word)
			}
		case word == "ordered" && f.Type.Kind() == reflect.Slice:
			out.ordered = true
		case isExcept && isList:
			out.except = strings.Fields(except)
		case isOnly && isList:
			out.only = strings.Fields(only)
		default:
			return nil, fmt.Errorf("drift:%q means nothing there", word)
		}
	}
	return &out, nil
}

// Parts gives of the parts of a fact that were not seen those without which it cannot be compared, in order.
func (s *Shape) Parts(missing []string) []string {
	out := slices.DeleteFunc(slices.Clone(missing), func(p string) bool { return s != nil && slices.Contains(s.gaps, p) })
	slices.Sort(out)
	return out
}

// Empty tells whether nothing is left to compare.
func (s *Shape) Empty() bool { return s != nil && s.fields != nil && len(s.fields) == 0 }

// Known names the fields that are compared, as users[].shell, in order. A baseline keeps them: what a later version of
// Holdfast sees besides is no difference.
func (s *Shape) Known() []string {
	out := s.known("")
	slices.Sort(out)
	return out
}

func (s *Shape) known(at string) (out []string) {
	if s == nil {
		return nil
	}
	for name, f := range s.fields {
		path := join(at, name)
		out = append(append(out, path), f.known(path)...)
	}
	return append(out, s.elem.known(at+"[]")...)
}

// Within gives the shape without the fields that are not known.
func (s *Shape) Within(known []string) *Shape {
	set := map[string]bool{}
	for _, k := range known {
		set[k] = true
	}
	return s.within("", set)
}

func (s *Shape) within(at string, known map[string]bool) *Shape {
	if s == nil {
		return nil
	}
	out := *s
	out.elem = s.elem.within(at+"[]", known)
	if s.fields != nil {
		out.fields = map[string]*Shape{}
		for name, f := range s.fields {
			if path := join(at, name); known[path] {
				out.fields[name] = f.within(path, known)
			}
		}
		out.key = slices.DeleteFunc(slices.Clone(s.key), func(k string) bool { return !known[join(at, k)] })
	}
	return &out
}

// Volatile names the fields that are never compared.
func (s *Shape) Volatile() []string {
	out := s.volatile("")
	slices.Sort(out)
	return out
}

func (s *Shape) volatile(at string) (out []string) {
	if s == nil {
		return nil
	}
	for _, name := range s.never {
		out = append(out, join(at, name))
	}
	for name, f := range s.fields {
		out = append(out, f.volatile(join(at, name))...)
	}
	return append(out, s.elem.volatile(at+"[]")...)
}

// Keyless names the lists of objects whose elements are told apart by nothing but all that they hold.
func (s *Shape) Keyless() []string {
	out := s.keyless("")
	slices.Sort(out)
	return out
}

func (s *Shape) keyless(at string) (out []string) {
	if s == nil {
		return nil
	}
	for name, f := range s.fields {
		out = append(out, f.keyless(join(at, name))...)
	}
	if s.elem != nil {
		if s.elem.fields != nil && len(s.elem.key) == 0 && !s.named {
			out = append(out, at)
		}
		out = append(out, s.elem.keyless(at+"[]")...)
	}
	return out
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}
