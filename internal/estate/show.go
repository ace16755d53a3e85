package estate

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Show writes the estate as one YAML file, with defaults filled in and in a stable order. It reads
// again as the same estate.
func (e *Estate) Show() ([]byte, error) {
	if e == nil {
		return nil, fmt.Errorf("show the estate: there is none")
	}
	w := &writer{plans: plans{}}
	w.fields(reflect.ValueOf(e).Elem(), 0, false)
	return w.out, nil
}

// writer writes values in block style, lists of plain values in brackets.
type writer struct {
	plans plans
	out   []byte
}

// fields writes a struct. In a list the first field stands behind the dash.
func (w *writer) fields(v reflect.Value, indent int, dashed bool) {
	p := w.plans.of(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		if !w.says(fv, f) || p.words && fv.IsZero() {
			continue
		}
		w.key(f.name, indent, &dashed)
		w.value(fv, indent)
	}
	if dashed {
		w.out = append(w.out, "{}\n"...)
	}
}

// says tells whether a value declares anything. A list that is empty says something else than no list.
func (w *writer) says(v reflect.Value, f *field) bool {
	switch {
	case v.Kind() == reflect.Bool:
		return true
	case isPlainStruct(f.typ):
		return !v.IsZero() && w.anything(v)
	}
	return !v.IsZero()
}

func (w *writer) anything(v reflect.Value) bool {
	p := w.plans.of(v.Type())
	return slices.ContainsFunc(p.fields, func(f field) bool { return w.says(v.Field(f.index), &f) })
}

func (w *writer) key(name string, indent int, dashed *bool) {
	if !*dashed {
		w.indent(indent)
	}
	*dashed = false
	w.scalar(name)
	w.out = append(w.out, ':')
}

func (w *writer) indent(n int) {
	for range n {
		w.out = append(w.out, "  "...)
	}
}

// value writes what follows the colon of a key at indent, and the end of the line.
func (w *writer) value(v reflect.Value, indent int) {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if isPlainStruct(v.Type()) {
		w.out = append(w.out, '\n')
		w.fields(v, indent+1, false)
		return
	}
	if v.Kind() == reflect.Map && v.Len() > 0 {
		w.out = append(w.out, '\n')
		dashed := false
		for _, key := range sortedKeys(v) {
			w.key(key, indent+1, &dashed)
			w.value(v.MapIndex(reflect.ValueOf(key)), indent+1)
		}
		return
	}
	if v.Kind() == reflect.Slice && v.Len() > 0 && isPlainStruct(v.Type().Elem()) {
		w.out = append(w.out, '\n')
		w.entries(v, indent+1)
		return
	}
	w.out = append(w.out, ' ')
	w.flow(v)
	w.out = append(w.out, '\n')
}

func (w *writer) entries(v reflect.Value, indent int) {
	for i := range v.Len() {
		w.indent(indent)
		w.out = append(w.out, "- "...)
		if short, ok := v.Index(i).Addr().Interface().(worded); ok && short.word() != "" {
			w.out = append(w.out, short.word()...)
			w.out = append(w.out, '\n')
			continue
		}
		w.fields(v.Index(i), indent+1, true)
	}
}

// flow writes a value on one line.
func (w *writer) flow(v reflect.Value) {
	for v.Kind() == reflect.Interface {
		if v.IsNil() {
			w.out = append(w.out, "null"...)
			return
		}
		v = v.Elem()
	}
	if text, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := text.MarshalText() // none of the package's own types fails
		w.scalar(string(b))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		w.out = strconv.AppendBool(w.out, v.Bool())
	case reflect.Int, reflect.Int64:
		w.out = strconv.AppendInt(w.out, v.Int(), 10)
	case reflect.Float64:
		w.out = appendFloat(w.out, v.Float())
	case reflect.Slice:
		w.out = append(w.out, '[')
		for i := range v.Len() {
			if i > 0 {
				w.out = append(w.out, ", "...)
			}
			w.flow(v.Index(i))
		}
		w.out = append(w.out, ']')
	case reflect.Map:
		w.out = append(w.out, '{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				w.out = append(w.out, ", "...)
			}
			w.scalar(key)
			w.out = append(w.out, ": "...)
			w.flow(v.MapIndex(reflect.ValueOf(key)))
		}
		w.out = append(w.out, '}')
	default:
		w.scalar(v.String())
	}
}

// appendFloat keeps a point, so that 2.0 is read as what it was.
func appendFloat(out []byte, f float64) []byte {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return append(out, text...)
}

func sortedKeys(v reflect.Value) []string {
	keys := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}
