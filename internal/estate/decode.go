package estate

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// pos is a place in one of the files. At the place of a key, isKey tells the key from the map that begins there.
type pos struct {
	file, line, column int32
	isKey              bool
}

// decoder fills the types of the estate from nodes. It goes on after a problem, so that one run
// tells them all, and it keeps for later what can be judged only when everything is read.
type decoder struct {
	opts     Options
	files    []File
	file     int32
	plans    plans
	problems []problemAt
	names    map[string]map[string]pos
	refs     []ref
	docs     []document
	owner    any  // the entry that is being read
	hide     bool // the value of the next problem must not be printed
}

type problemAt struct {
	pos
	text string
	warn bool
}

// ref is a name that must be declared somewhere.
type ref struct {
	pos
	key, space, name string
	owner            any
}

// document is a path behind a file: reference.
type document struct {
	pos
	key, path string
}

func (d *decoder) at(n *node) pos { return pos{file: d.file, line: n.line, column: n.column} }

func (d *decoder) keyAt(n *node) pos {
	p := d.at(n)
	p.isKey = true
	return p
}

func (d *decoder) wrong(at pos, text string) {
	d.problems = append(d.problems, problemAt{pos: at, text: text})
}

func (d *decoder) warn(at pos, text string) {
	d.problems = append(d.problems, problemAt{pos: at, text: text, warn: true})
}

// place is a position as messages about another one name it.
func (d *decoder) place(p pos) string {
	return fmt.Sprintf("%s:%d:%d", d.files[p.file].Name, p.line, p.column)
}

// wrongValue tells what is wrong with a value, repeating it unless it may be a secret.
func (d *decoder) wrongValue(n *node, key, text string) {
	if d.hide {
		d.hide = false
		d.wrong(d.at(n), key+": "+text)
		return
	}
	d.wrong(d.at(n), key+": "+show(n.text)+" "+text)
}

// value reads n into v, by the rules of f. Null is the same as nothing.
func (d *decoder) value(n *node, v reflect.Value, f *field) {
	if n.kind == nullNode {
		return
	}
	t := v.Type()
	switch {
	case isText(t):
		if d.scalar(n, f, "a single value") {
			d.text(n, v, f)
		}
	case t.Kind() == reflect.String:
		if d.scalar(n, f, "a single value") {
			d.word(n, v, f)
		}
	case t.Kind() == reflect.Bool:
		if d.scalar(n, f, "true or false") {
			d.truth(n, v, f)
		}
	case t.Kind() == reflect.Int:
		if d.scalar(n, f, "a number") {
			d.number(n, v, f)
		}
	case t.Kind() == reflect.Slice:
		d.list(n, v, f)
	case t.Kind() == reflect.Map:
		d.mapping(n, v, f)
	case t.Kind() == reflect.Struct:
		d.object(n, v, f.name)
	case t.Kind() == reflect.Interface:
		if free := d.free(n); free != nil {
			v.Set(reflect.ValueOf(free))
		}
	}
}

func (d *decoder) scalar(n *node, f *field, needed string) bool {
	if n.kind == textNode {
		return true
	}
	d.wrong(d.at(n), f.name+": "+n.is()+" stands where "+needed+" is needed")
	return false
}

func (d *decoder) text(n *node, v reflect.Value, f *field) {
	target := v.Addr().Interface()
	if err := target.(encoding.TextUnmarshaler).UnmarshalText([]byte(n.text)); err != nil {
		v.SetZero()
		d.hide = isSecretError(err)
		d.wrongValue(n, f.name, err.Error())
		return
	}
	if file, ok := target.(interface{ path() string }); ok {
		if path := file.path(); path != "" {
			d.docs = append(d.docs, document{d.at(n), f.name, path})
		}
	}
	if v.Kind() == reflect.String {
		d.declared(n, f)
	}
}

func (d *decoder) word(n *node, v reflect.Value, f *field) {
	if v.Type().Implements(enumType) {
		names := v.Interface().(enum).names()
		if !slices.Contains(names, n.text) {
			d.wrongValue(n, f.name, "is not one of "+known(names)+didYouMean(n.text, names))
			return
		}
	}
	if f.form != "" && n.text != "" {
		text, warn := d.inForm(f.form, n.text)
		switch {
		case text != "" && warn:
			d.warn(d.at(n), f.name+": "+show(n.text)+" "+text)
		case text != "":
			d.wrongValue(n, f.name, text)
			return
		}
	}
	if n.text == "" && (f.required || f.ref != "" || f.form != "") {
		d.wrong(d.at(n), f.name+": is empty")
		return
	}
	v.SetString(n.text)
	d.declared(n, f)
}

// declared keeps a name for the time when all names are known.
func (d *decoder) declared(n *node, f *field) {
	if f.ref != "" {
		d.refs = append(d.refs, ref{d.at(n), f.name, f.ref, n.text, d.owner})
	}
	if f.key != "" {
		d.claim(f.key, n.text, f.name, d.at(n))
	}
}

// claim takes a name in a space, where it may be taken once.
func (d *decoder) claim(space, name, key string, at pos) {
	taken := d.names[space]
	if taken == nil {
		taken = map[string]pos{}
		d.names[space] = taken
	}
	if first, ok := taken[name]; ok {
		what := "is declared twice"
		if space == "shared" {
			what = "is declared twice; people, teams, roles, schedules and gates share their names"
		}
		d.wrong(at, key+": "+show(name)+" "+what+"; first at "+d.place(first))
		return
	}
	taken[name] = at
}

func (d *decoder) truth(n *node, v reflect.Value, f *field) {
	switch {
	case n.text == "true" && !n.quoted:
		v.SetBool(true)
	case n.text == "false" && !n.quoted:
		v.SetBool(false)
	default:
		d.wrongValue(n, f.name, "is not true or false")
	}
}

func (d *decoder) number(n *node, v reflect.Value, f *field) {
	i, err := strconv.Atoi(n.text)
	switch {
	case err != nil || n.quoted || n.text[0] == '+':
		d.wrongValue(n, f.name, "is not a whole number")
	case f.max != 0 && (i < f.min || i > f.max):
		d.wrongValue(n, f.name, fmt.Sprintf("is not between %d and %d", f.min, f.max))
	default:
		v.SetInt(int64(i))
	}
}
