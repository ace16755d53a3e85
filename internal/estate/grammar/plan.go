// Package grammar reads the tags of struct types that make up a file format, and writes values of
// those types as YAML and their JSON Schema. Reading, showing and the schema follow the same tags, so
// they cannot disagree.
//
// It knows no section and no rule of an estate: what a form or a space of names means, its caller
// decides.
package grammar

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
)

// Field is what the tags of a struct field say: how it is called (yaml), what must hold for it (rule),
// what it is when left out (default) and what it means (doc).
//
// Rules: required; one (a single value may stand for a list); port; min=, max=; key=SPACE (the value
// is a name, unique in that space); ref=SPACE (the value must be declared there). Any other word is a form.
type Field struct {
	Name     string
	Index    int
	Doc      string
	Default  string
	Required bool
	One      bool
	Key      string
	Ref      string
	Form     string
	Min, Max int // both 0: no bounds
	Type     reflect.Type
}

// Plan is how one struct type is read and written.
type Plan struct {
	Fields []Field
	ByName map[string]int
	Words  bool // the type has a short form
	Fills  bool // something within has a default
}

// Worded has a short form of one of few words. Word is empty when the value needs the long form.
type Worded interface {
	FromWord(string) error
	Word() string
	Words() []string
}

// Enum is a string with few values, in the order in which people see them.
type Enum interface{ Names() []string }

// Formed is text with a form of its own.
type Formed interface {
	Form() (pattern, example string)
}

// Plans keeps the plans of one run, as building them costs more than following them. It is not safe for use
// by many at once.
type Plans map[reflect.Type]*Plan

// Of gives the plan of a struct type.
func (ps Plans) Of(t reflect.Type) *Plan {
	if p := ps[t]; p != nil {
		return p
	}
	p := &Plan{ByName: map[string]int{}, Words: reflect.PointerTo(t).Implements(reflect.TypeFor[Worded]())}
	ps[t] = p
	for i := range t.NumField() {
		sf := t.Field(i)
		name := sf.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		f := Field{Name: name, Index: i, Doc: sf.Tag.Get("doc"), Default: sf.Tag.Get("default"), Type: sf.Type}
		f.read(sf.Tag.Get("rule"))
		p.ByName[name] = len(p.Fields)
		p.Fields = append(p.Fields, f)
		p.Fills = p.Fills || f.Default != "" || IsPlainStruct(sf.Type) && ps.Of(sf.Type).Fills
	}
	return p
}

func (f *Field) read(rules string) {
	for rule := range strings.SplitSeq(rules, ",") {
		word, value, _ := strings.Cut(rule, "=")
		switch word {
		case "":
		case "required":
			f.Required = true
		case "one":
			f.One = true
		case "key":
			f.Key = value
		case "ref":
			f.Ref = value
		case "min":
			f.Min, _ = strconv.Atoi(value)
		case "max":
			f.Max, _ = strconv.Atoi(value)
		case "port":
			f.Min, f.Max = 1, 65535
		default:
			f.Form = word
		}
	}
}

// IsText tells types that are read from one piece of text.
func IsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// IsEnum tells strings with few values.
func IsEnum(t reflect.Type) bool {
	return t.Kind() == reflect.String && t.Implements(reflect.TypeFor[Enum]())
}

// IsPlainStruct tells structs with fields of their own from those that are text.
func IsPlainStruct(t reflect.Type) bool { return t.Kind() == reflect.Struct && !IsText(t) }

// IsEntries tells lists of structs.
func IsEntries(t reflect.Type) bool { return t.Kind() == reflect.Slice && IsPlainStruct(t.Elem()) }

// Names are the names of the fields in their order.
func (p *Plan) Names() []string {
	names := make([]string, len(p.Fields))
	for i, f := range p.Fields {
		names[i] = f.Name
	}
	return names
}
