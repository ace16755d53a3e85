package estate

import (
	"reflect"
	"strconv"
)

// list reads a list. Its memory is taken at once, so that pointers to its entries stay good.
func (d *decoder) list(n *node, v reflect.Value, f *field) {
	if n.kind != listNode {
		if f.one && n.kind == textNode {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			d.value(n, v.Index(0), f)
			return
		}
		hint := ""
		if n.kind == textNode && !isPlainStruct(v.Type().Elem()) {
			hint = "; put the value in brackets: [ ]"
		}
		d.wrong(d.at(n), f.name+": "+n.is()+" stands where a list is needed"+hint)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.list), len(n.list)))
	for i, entry := range n.list {
		if entry.kind == nullNode {
			d.wrong(d.at(entry), f.name+": an entry is empty")
			continue
		}
		d.value(entry, v.Index(i), f)
	}
	d.twice(n, f)
}

// twice finds values that stand in a list two times, where that is surely a slip.
func (d *decoder) twice(n *node, f *field) {
	if f.ref == "" && f.form == "" {
		return
	}
	for i, a := range n.list {
		for _, b := range n.list[:min(i, 100)] {
			if a.kind == textNode && b.kind == textNode && a.text == b.text {
				d.wrong(d.at(a), f.name+": "+show(a.text)+" stands in this list twice")
				break
			}
		}
	}
}

// mapping reads a map with keys of the user's own.
func (d *decoder) mapping(n *node, v reflect.Value, f *field) {
	if n.kind != mapNode {
		d.wrong(d.at(n), f.name+": "+n.is()+" stands where a map is needed")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.list)/2))
	item := *f
	roles := f.form == "role"
	if roles {
		item.form = ""
	}
	d.pairs(n, func(key, value *node) {
		if roles || v.Type().Elem() == reflect.TypeFor[Pattern]() {
			if !isName(key.text) {
				d.wrong(d.keyAt(key), f.name+": "+show(key.text)+" is not a name: letters, digits, dots, dashes and underscores")
				return
			}
		}
		if roles {
			d.role(key)
		}
		item.name = key.text
		element := reflect.New(v.Type().Elem()).Elem()
		if value.kind == nullNode && roles {
			element.Set(reflect.MakeSlice(element.Type(), 0, 0))
		}
		d.value(value, element, &item)
		v.SetMapIndex(reflect.ValueOf(key.text), element)
	})
}

// role claims the name of a role. One that is nearly the name of a role with a meaning is likely a slip.
func (d *decoder) role(key *node) {
	known := []string{"security", "auditor", "administrator"}
	d.claim("shared", key.text, "roles", d.keyAt(key))
	for _, k := range known {
		if k == key.text {
			return
		}
	}
	if near := Nearest(key.text, known); near != "" {
		d.warn(d.keyAt(key), "roles: "+show(key.text)+" is a role of your own; did you mean "+show(near)+"?")
	}
}

// object reads a map into a struct and fills in defaults.
func (d *decoder) object(n *node, v reflect.Value, name string) {
	p := d.plans.of(v.Type())
	if p.words && n.kind == textNode {
		if err := v.Addr().Interface().(worded).fromWord(n.text); err != nil {
			d.wrongValue(n, name, err.Error())
		}
		return
	}
	if n.kind != mapNode {
		d.wrong(d.at(n), name+": "+n.is()+" stands where a map with "+known(p.names())+" is needed")
		return
	}
	if p.at >= 0 {
		v.Field(p.at).Set(reflect.ValueOf(Place{d.files[d.file].Name, int(n.line), int(n.column)}))
	}
	var given uint64
	d.pairs(n, func(key, value *node) {
		i, ok := p.byName[key.text]
		if !ok {
			d.wrong(d.keyAt(key), "unknown key "+show(key.text)+didYouMean(key.text, p.names()))
			return
		}
		f := &p.fields[i]
		if value.kind != nullNode {
			given |= 1 << i
		}
		d.value(value, v.Field(f.index), f)
		if f.required && value.kind == listNode && len(value.list) == 0 {
			d.wrong(d.at(value), f.name+": at least one is needed")
		}
	})
	for i := range p.fields {
		f := &p.fields[i]
		if f.required && given&(1<<i) == 0 {
			d.wrong(d.at(n), f.name+" is missing in this entry of "+name)
		}
	}
	d.fill(v, p)
	if p.checks {
		v.Addr().Interface().(checked).check(&checker{d, n})
	}
}

// pairs calls f for each key of a map, once for each name.
func (d *decoder) pairs(n *node, f func(key, value *node)) {
	var seen map[string]*node
	if len(n.list) > 32 {
		seen = make(map[string]*node, len(n.list)/2)
	}
	for i := 0; i < len(n.list); i += 2 {
		key := n.list[i]
		first := seen[key.text]
		for j := 0; seen == nil && j < i; j += 2 {
			if n.list[j].text == key.text {
				first = n.list[j]
				break
			}
		}
		if first != nil {
			d.wrong(d.keyAt(key), key.text+": given twice; first at "+d.place(d.at(first)))
			continue
		}
		if seen != nil {
			seen[key.text] = key
		}
		f(key, n.list[i+1])
	}
}

// fill sets what was left out to its default, also in parts that were left out as a whole.
func (d *decoder) fill(v reflect.Value, p *plan) {
	if !p.fills {
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		switch {
		case isPlainStruct(f.typ):
			d.fill(fv, d.plans.of(f.typ))
		case f.fallback != "" && fv.IsZero():
			d.setText(fv, f.fallback)
		}
	}
}

func (d *decoder) setText(v reflect.Value, text string) {
	switch {
	case isText(v.Type()):
		setFromText(v, text)
	case v.Kind() == reflect.Int:
		i, _ := strconv.ParseInt(text, 10, 64)
		v.SetInt(i)
	default:
		v.SetString(text)
	}
}
