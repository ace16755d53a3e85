package estate

import (
	"reflect"
	"strconv"

	"holdfast.example/holdfast/internal/estate/grammar"
	"holdfast.example/holdfast/internal/estate/scalar"
	"holdfast.example/holdfast/internal/estate/tree"
)

// list reads a list. Its memory is taken at once, so that pointers to its entries stay good.
func (d *decoder) list(n *tree.Node, v reflect.Value, f *grammar.Field) {
	if n.Kind != tree.List {
		if f.One && n.Kind == tree.Text {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			d.value(n, v.Index(0), f)
			return
		}
		hint := ""
		if n.Kind == tree.Text && !grammar.IsPlainStruct(v.Type().Elem()) {
			hint = "; put the value in brackets: [ ]"
		}
		d.wrong(d.at(n), f.Name+": "+n.Is()+" stands where a list is needed"+hint)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.List), len(n.List)))
	for i, entry := range n.List {
		if entry.Kind == tree.Null {
			d.wrong(d.at(entry), f.Name+": an entry is empty")
			continue
		}
		d.value(entry, v.Index(i), f)
	}
	d.twice(n, f)
}

// twice finds values that stand in a list two times, where that is surely a slip.
func (d *decoder) twice(n *tree.Node, f *grammar.Field) {
	if f.Ref == "" && f.Form == "" {
		return
	}
	for i, a := range n.List {
		for _, b := range n.List[:min(i, 100)] {
			if a.Kind == tree.Text && b.Kind == tree.Text && a.Text == b.Text {
				d.wrong(d.at(a), f.Name+": "+scalar.Quote(a.Text)+" stands in this list twice")
				break
			}
		}
	}
}

// mapping reads a map with keys of the user's own.
func (d *decoder) mapping(n *tree.Node, v reflect.Value, f *grammar.Field) {
	if n.Kind != tree.Map {
		d.wrong(d.at(n), f.Name+": "+n.Is()+" stands where a map is needed")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.List)/2))
	item := *f
	roles := f.Form == "role"
	if roles {
		item.Form = ""
	}
	d.pairs(n, func(key, value *tree.Node) {
		if roles || v.Type().Elem() == reflect.TypeFor[Pattern]() {
			if !scalar.IsName(key.Text) {
				d.wrong(d.keyAt(key), f.Name+": "+scalar.Quote(key.Text)+" is not a name: letters, digits, dots, dashes and underscores")
				return
			}
		}
		if roles {
			d.role(key)
		}
		item.Name = key.Text
		element := reflect.New(v.Type().Elem()).Elem()
		if value.Kind == tree.Null && roles {
			element.Set(reflect.MakeSlice(element.Type(), 0, 0))
		}
		d.value(value, element, &item)
		v.SetMapIndex(reflect.ValueOf(key.Text), element)
	})
}

// role claims the name of a role. One that is nearly the name of a role with a meaning is likely a slip.
func (d *decoder) role(key *tree.Node) {
	known := []string{"security", "auditor", "administrator"}
	d.claim("shared", key.Text, "roles", d.keyAt(key))
	for _, k := range known {
		if k == key.Text {
			return
		}
	}
	if near := Nearest(key.Text, known); near != "" {
		d.warn(d.keyAt(key), "roles: "+scalar.Quote(key.Text)+" is a role of your own; did you mean "+scalar.Quote(near)+"?")
	}
}

// object reads a map into a struct and fills in defaults.
func (d *decoder) object(n *tree.Node, v reflect.Value, name string) {
	p := d.plans.Of(v.Type())
	if p.Words && n.Kind == tree.Text {
		if err := v.Addr().Interface().(grammar.Worded).FromWord(n.Text); err != nil {
			d.wrongValue(n, name, err.Error())
		}
		return
	}
	if n.Kind != tree.Map {
		d.wrong(d.at(n), name+": "+n.Is()+" stands where a map with "+scalar.Listed(p.Names())+" is needed")
		return
	}
	d.locate(n, v)
	var given uint64
	d.pairs(n, func(key, value *tree.Node) {
		i, ok := p.ByName[key.Text]
		if !ok {
			d.wrong(d.keyAt(key), "unknown key "+scalar.Quote(key.Text)+d.didYouMean(key.Text, p.Names()))
			return
		}
		f := &p.Fields[i]
		if value.Kind != tree.Null {
			given |= 1 << i
		}
		d.value(value, v.Field(f.Index), f)
		if f.Required && value.Kind == tree.List && len(value.List) == 0 {
			d.wrong(d.at(value), f.Name+": at least one is needed")
		}
	})
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Required && given&(1<<i) == 0 {
			d.wrong(d.at(n), f.Name+" is missing in this entry of "+name)
		}
	}
	d.fill(v, p)
	if c, ok := v.Addr().Interface().(checked); ok {
		c.check(&checker{d, n})
	}
}

// locate notes where an entry stands, in its field At if it has one.
func (d *decoder) locate(n *tree.Node, v reflect.Value) {
	at, known := d.placed[v.Type()]
	if !known {
		at = -1
		if f, ok := v.Type().FieldByName("At"); ok {
			at = f.Index[0]
		}
		d.placed[v.Type()] = at
	}
	if at >= 0 {
		*v.Field(at).Addr().Interface().(*Place) = Place{d.files[d.file].Name, int(n.Line), int(n.Column)}
	}
}

// pairs calls f for each key of a map, once for each name.
func (d *decoder) pairs(n *tree.Node, f func(key, value *tree.Node)) {
	var seen map[string]*tree.Node
	if len(n.List) > 32 {
		seen = make(map[string]*tree.Node, len(n.List)/2)
	}
	for i := 0; i < len(n.List); i += 2 {
		key := n.List[i]
		first := seen[key.Text]
		for j := 0; seen == nil && j < i; j += 2 {
			if n.List[j].Text == key.Text {
				first = n.List[j]
				break
			}
		}
		if first != nil {
			d.wrong(d.keyAt(key), key.Text+": given twice; first at "+d.place(d.at(first)))
			continue
		}
		if seen != nil {
			seen[key.Text] = key
		}
		f(key, n.List[i+1])
	}
}

// fill sets what was left out to its default, also in parts that were left out as a whole.
func (d *decoder) fill(v reflect.Value, p *grammar.Plan) {
	if !p.Fills {
		return
	}
	for i := range p.Fields {
		f := &p.Fields[i]
		fv := v.Field(f.Index)
		switch {
		case grammar.IsPlainStruct(f.Type):
			d.fill(fv, d.plans.Of(f.Type))
		case f.Default != "" && fv.IsZero():
			d.setText(fv, f.Default)
		}
	}
}

func (d *decoder) setText(v reflect.Value, text string) {
	switch {
	case grammar.IsText(v.Type()):
		setFromText(v, text)
	case v.Kind() == reflect.Int:
		i, _ := strconv.ParseInt(text, 10, 64)
		v.SetInt(i)
	default:
		v.SetString(text)
	}
}
