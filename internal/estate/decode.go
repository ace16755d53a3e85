package estate

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"holdfast.example/holdfast/internal/estate/grammar"
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/estate/tree"
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
	plans    grammar.Plans
	problems []problemAt
	failed   bool // one of the problems is more than a warning
	untold   int  // problems beyond maxProblems
	names    map[string]map[string]pos
	refs     []ref
	docs     []document
	placed   map[reflect.Type]int // index of the field At, or -1
	owner    any                  // the entry that is being read
	compared int                  // names, to find near ones
	hide     bool                 // the value of the next problem must not be printed
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

// nearBudget is how many names are compared to find near ones: thousands of wrong names among
// thousands would take minutes, and nobody reads that many hints.
const nearBudget = 1_000_000

// didYouMean is the tail of a message while that is cheap.
func (d *decoder) didYouMean(word string, candidates []string) string {
	if d.compared += len(candidates); d.compared > nearBudget {
		return ""
	}
	return scalar.DidYouMean(word, candidates)
}

func (d *decoder) at(n *tree.Node) pos { return pos{file: d.file, line: n.Line, column: n.Column} }

func (d *decoder) keyAt(n *tree.Node) pos {
	p := d.at(n)
	p.isKey = true
	return p
}

// maxProblems is how many problems are told. More than that is one mistake repeated.
const maxProblems = 10_000

func (d *decoder) wrong(at pos, text string) {
	d.failed = true
	d.tell(problemAt{pos: at, text: text})
}

func (d *decoder) warn(at pos, text string) {
	d.tell(problemAt{pos: at, text: text, warn: true})
}

func (d *decoder) tell(p problemAt) {
	if len(d.problems) == maxProblems {
		d.untold++
		return
	}
	d.problems = append(d.problems, p)
}

// place is a position as messages about another one name it.
func (d *decoder) place(p pos) string {
	return fmt.Sprintf("%s:%d:%d", d.files[p.file].Name, p.line, p.column)
}

// wrongValue tells what is wrong with a value, repeating it unless it may be a secret.
func (d *decoder) wrongValue(n *tree.Node, key, text string) {
	if d.hide {
		d.hide = false
		d.wrong(d.at(n), key+": "+text)
		return
	}
	d.wrong(d.at(n), key+": "+scalar.Quote(n.Text)+" "+text)
}

// value reads n into v, by the rules of f. Null is the same as nothing.
func (d *decoder) value(n *tree.Node, v reflect.Value, f *grammar.Field) {
	if n.Kind == tree.Null {
		return
	}
	t := v.Type()
	switch {
	case grammar.IsText(t):
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
		d.object(n, v, f.Name)
	case t.Kind() == reflect.Interface:
		if free := d.free(n); free != nil {
			v.Set(reflect.ValueOf(free))
		}
	}
}

func (d *decoder) scalar(n *tree.Node, f *grammar.Field, needed string) bool {
	if n.Kind == tree.Text {
		return true
	}
	d.wrong(d.at(n), f.Name+": "+n.Is()+" stands where "+needed+" is needed")
	return false
}

func (d *decoder) text(n *tree.Node, v reflect.Value, f *grammar.Field) {
	target := v.Addr().Interface()
	if err := target.(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Text)); err != nil {
		v.SetZero()
		d.hide = isSecretError(err)
		d.wrongValue(n, f.Name, err.Error())
		return
	}
	if file, ok := target.(interface{ FilePath() string }); ok {
		if path := file.FilePath(); path != "" {
			d.docs = append(d.docs, document{d.at(n), f.Name, path})
		}
	}
	if v.Kind() == reflect.String {
		d.declared(n, f)
	}
}

func (d *decoder) word(n *tree.Node, v reflect.Value, f *grammar.Field) {
	if grammar.IsEnum(v.Type()) {
		names := v.Interface().(grammar.Enum).Names()
		if !slices.Contains(names, n.Text) {
			d.wrongValue(n, f.Name, "is not one of "+scalar.Listed(names)+d.didYouMean(n.Text, names))
			return
		}
	}
	if f.Form != "" && n.Text != "" {
		text, warn := d.inForm(f.Form, n.Text)
		switch {
		case text != "" && warn:
			d.warn(d.at(n), f.Name+": "+scalar.Quote(n.Text)+" "+text)
		case text != "":
			d.wrongValue(n, f.Name, text)
			return
		}
	}
	if n.Text == "" && (f.Required || f.Ref != "" || f.Form != "") {
		d.wrong(d.at(n), f.Name+": is empty")
		return
	}
	v.SetString(n.Text)
	d.declared(n, f)
}

// declared keeps a name for the time when all names are known.
func (d *decoder) declared(n *tree.Node, f *grammar.Field) {
	if f.Ref != "" {
		d.refs = append(d.refs, ref{d.at(n), f.Name, f.Ref, n.Text, d.owner})
	}
	if f.Key != "" {
		d.claim(f.Key, n.Text, f.Name, d.at(n))
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
		d.wrong(at, key+": "+scalar.Quote(name)+" "+what+"; first at "+d.place(first))
		return
	}
	taken[name] = at
}

func (d *decoder) truth(n *tree.Node, v reflect.Value, f *grammar.Field) {
	switch {
	case n.Text == "true" && !n.Quoted:
		v.SetBool(true)
	case n.Text == "false" && !n.Quoted:
		v.SetBool(false)
	default:
		d.wrongValue(n, f.Name, "is not true or false")
	}
}

func (d *decoder) number(n *tree.Node, v reflect.Value, f *grammar.Field) {
	i, err := strconv.Atoi(n.Text)
	switch {
	case err != nil || n.Quoted || n.Text[0] == '+':
		d.wrongValue(n, f.Name, "is not a whole number")
	case f.Max != 0 && (i < f.Min || i > f.Max):
		d.wrongValue(n, f.Name, fmt.Sprintf("is not between %d and %d", f.Min, f.Max))
	default:
		v.SetInt(int64(i))
	}
}
