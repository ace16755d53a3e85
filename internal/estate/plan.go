package estate

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
)

// The types of the estate are its grammar: tags say how a field is called (yaml), what must hold for it
// (rule), what it is when left out (default) and what it means (doc). Reading, showing and the JSON
// Schema all follow the same plan, so they cannot disagree.
//
// Rules: required; one (a single value may stand for a list); name; port; min=, max=; key=SPACE (the
// value is a name, unique in that space); ref=SPACE (the value must be declared there); and the forms
// in rules.go.
type field struct {
	name     string
	index    int
	doc      string
	fallback string
	required bool
	one      bool
	key      string
	ref      string
	form     string
	min, max int
	typ      reflect.Type
}

// plan is how one struct type is read.
type plan struct {
	fields []field
	byName map[string]int
	at     int  // index of the field At, or -1
	checks bool // the type looks over its own fields
	words  bool // the type has a short form
	fills  bool // something within has a default
}

// checked looks over what it was read from, across its fields.
type checked interface{ check(*checker) }

// worded has a short form of one word.
type worded interface {
	fromWord(string) error
	word() string
}

// enum is a string with few values.
type enum interface{ names() []string }

// formed is text with a form of its own.
type formed interface {
	form() (pattern, example string)
}

var (
	checkedType = reflect.TypeFor[checked]()
	wordedType  = reflect.TypeFor[worded]()
	enumType    = reflect.TypeFor[enum]()
	textType    = reflect.TypeFor[encoding.TextUnmarshaler]()
	placeType   = reflect.TypeFor[Place]()
)

// plans keeps the plans of one run, as building them costs more than following them.
type plans map[reflect.Type]*plan

func (ps plans) of(t reflect.Type) *plan {
	if p := ps[t]; p != nil {
		return p
	}
	pointer := reflect.PointerTo(t)
	p := &plan{byName: map[string]int{}, at: -1, checks: pointer.Implements(checkedType), words: pointer.Implements(wordedType)}
	ps[t] = p
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Type == placeType {
			p.at = i
		}
		name := sf.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		f := field{name: name, index: i, doc: sf.Tag.Get("doc"), fallback: sf.Tag.Get("default"), typ: sf.Type}
		f.read(sf.Tag.Get("rule"))
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, f)
		p.fills = p.fills || f.fallback != "" || isPlainStruct(sf.Type) && ps.of(sf.Type).fills
	}
	return p
}

func (f *field) read(rules string) {
	for rule := range strings.SplitSeq(rules, ",") {
		word, value, _ := strings.Cut(rule, "=")
		switch word {
		case "":
		case "required":
			f.required = true
		case "one":
			f.one = true
		case "key":
			f.key = value
		case "ref":
			f.ref = value
		case "min":
			f.min, _ = strconv.Atoi(value)
		case "max":
			f.max, _ = strconv.Atoi(value)
		case "port":
			f.min, f.max = 1, 65535
		default:
			f.form = word
		}
	}
}

func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

// isPlainStruct tells structs with fields of their own from those that are read as text.
func isPlainStruct(t reflect.Type) bool { return t.Kind() == reflect.Struct && !isText(t) }

func (p *plan) names() []string {
	names := make([]string, len(p.fields))
	for i, f := range p.fields {
		names[i] = f.name
	}
	return names
}
