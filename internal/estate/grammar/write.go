package grammar

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Writer writes values in block style, lists of plain values in brackets. What it writes is read
// again as the same value.
type Writer struct {
	Plans Plans
	Out   []byte
}

// Struct writes the fields of a struct that declare anything, each on lines of its own.
func (w *Writer) Struct(v reflect.Value, indent int) { w.fields(v, indent, false) }

// Field writes one field of a struct, if it declares anything.
func (w *Writer) Field(v reflect.Value, f *Field) {
	if w.says(v, f) {
		dashed := false
		w.key(f.Name, 0, &dashed)
		w.value(v, 0)
	}
}

// fields writes a struct. In a list the first field stands behind the dash.
func (w *Writer) fields(v reflect.Value, indent int, dashed bool) {
	p := w.Plans.Of(v.Type())
	for i := range p.Fields {
		f := &p.Fields[i]
		fv := v.Field(f.Index)
		if !w.says(fv, f) || p.Words && fv.IsZero() {
			continue
		}
		w.key(f.Name, indent, &dashed)
		w.value(fv, indent)
	}
	if dashed {
		w.Out = append(w.Out, "{}\n"...)
	}
}

// says tells whether a value declares anything. A list that is empty says something else than no list.
func (w *Writer) says(v reflect.Value, f *Field) bool {
	switch {
	case v.Kind() == reflect.Bool:
		return true
	case IsPlainStruct(f.Type):
		return !v.IsZero() && w.anything(v)
	}
	return !v.IsZero()
}

func (w *Writer) anything(v reflect.Value) bool {
	p := w.Plans.Of(v.Type())
	return slices.ContainsFunc(p.Fields, func(f Field) bool { return w.says(v.Field(f.Index), &f) })
}

func (w *Writer) key(name string, indent int, dashed *bool) {
	if !*dashed {
		w.indent(indent)
	}
	*dashed = false
	w.scalar(name)
	w.Out = append(w.Out, ':')
}

func (w *Writer) indent(n int) {
	for range n {
		w.Out = append(w.Out, "  "...)
	}
}

// value writes what follows the colon of a key at indent, and the end of the line.
func (w *Writer) value(v reflect.Value, indent int) {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if IsPlainStruct(v.Type()) {
		w.Out = append(w.Out, '\n')
		w.fields(v, indent+1, false)
		return
	}
	if v.Kind() == reflect.Map && v.Len() > 0 {
		w.Out = append(w.Out, '\n')
		dashed := false
		for _, key := range sortedKeys(v) {
			w.key(key, indent+1, &dashed)
			w.value(v.MapIndex(reflect.ValueOf(key)), indent+1)
		}
		return
	}
	if v.Kind() == reflect.Slice && v.Len() > 0 && IsPlainStruct(v.Type().Elem()) {
		w.Out = append(w.Out, '\n')
		w.entries(v, indent+1)
		return
	}
	w.Out = append(w.Out, ' ')
	w.flow(v)
	w.Out = append(w.Out, '\n')
}

func (w *Writer) entries(v reflect.Value, indent int) {
	for i := range v.Len() {
		w.indent(indent)
		w.Out = append(w.Out, "- "...)
		if short, ok := v.Index(i).Addr().Interface().(Worded); ok && short.Word() != "" {
			w.Out = append(w.Out, short.Word()...)
			w.Out = append(w.Out, '\n')
			continue
		}
		w.fields(v.Index(i), indent+1, true)
	}
}

// flow writes a value on one line.
func (w *Writer) flow(v reflect.Value) {
	for v.Kind() == reflect.Interface {
		if v.IsNil() {
			w.Out = append(w.Out, "null"...)
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
		w.Out = strconv.AppendBool(w.Out, v.Bool())
	case reflect.Int, reflect.Int64:
		w.Out = strconv.AppendInt(w.Out, v.Int(), 10)
	case reflect.Float64:
		w.Out = appendFloat(w.Out, v.Float())
	case reflect.Slice:
		w.Out = append(w.Out, '[')
		for i := range v.Len() {
			if i > 0 {
				w.Out = append(w.Out, ", "...)
			}
			w.flow(v.Index(i))
		}
		w.Out = append(w.Out, ']')
	case reflect.Map:
		w.Out = append(w.Out, '{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				w.Out = append(w.Out, ", "...)
			}
			w.scalar(key)
			w.Out = append(w.Out, ": "...)
			w.flow(v.MapIndex(reflect.ValueOf(key)))
		}
		w.Out = append(w.Out, '}')
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
