package estate

import (
	"holdfast.example/holdfast/internal/estate/grammar"
	"reflect"
	"slices"
)

// Unused tells which sections are declared but not among those that this version makes use of, each
// as a line for people: "declared, not yet used: alerts".
func (e *Estate) Unused(used []string) []string {
	var lines []string
	for _, name := range e.Declared() {
		if !slices.Contains(used, name) {
			lines = append(lines, "declared, not yet used: "+name)
		}
	}
	return lines
}

// Declared lists the sections that declare anything beyond the defaults, in the order of the
// documentation.
func (e *Estate) Declared() []string {
	if e == nil {
		return nil
	}
	v, known := reflect.ValueOf(e).Elem(), grammar.Plans{}
	nothing := reflect.New(v.Type()).Elem()
	(&decoder{plans: known}).fill(nothing, known.Of(v.Type()))
	var names []string
	for _, f := range known.Of(v.Type()).Fields {
		if !reflect.DeepEqual(v.Field(f.Index).Interface(), nothing.Field(f.Index).Interface()) {
			names = append(names, f.Name)
		}
	}
	return names
}

// DefaultPolicy is the policy of an estate that declares none: the standard's own limits.
func DefaultPolicy() Policy {
	var p Policy
	known := grammar.Plans{}
	(&decoder{plans: known}).fill(reflect.ValueOf(&p).Elem(), known.Of(reflect.TypeFor[Policy]()))
	return p
}
