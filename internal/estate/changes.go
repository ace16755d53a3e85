package estate

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// maxChanges is how many changes are named one by one.
const maxChanges = 40

// Changes says what differs between two estates, each as Show writes it, a line for each entry: what was added, taken out, or
// changed in which fields. Nil: they declare the same. Values are not told, only where they stand.
func Changes(before, after []byte) ([]string, error) {
	var a, b map[string]any
	if err := yaml.Unmarshal(before, &a); err != nil {
		return nil, fmt.Errorf("compare estates: the one before: %w", err)
	}
	if err := yaml.Unmarshal(after, &b); err != nil {
		return nil, fmt.Errorf("compare estates: the one after: %w", err)
	}
	var out []string
	for _, section := range keys(a, b) {
		out = append(out, changesOf(section, a[section], b[section])...)
	}
	if more := len(out) - maxChanges; more > 0 {
		out = append(out[:maxChanges], fmt.Sprintf("and %d more", more))
	}
	return out, nil
}

// changesOf compares a section: entries of a list by what names them, those of a map by their key, anything else as a whole.
func changesOf(section string, a, b any) (out []string) {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	was, is := entriesOf(a), entriesOf(b)
	if was == nil && is == nil {
		return []string{section + " changed"}
	}
	for _, name := range keys(was, is) {
		old, had := was[name]
		now, has := is[name]
		switch {
		case !had:
			out = append(out, section+": "+name+" added")
		case !has:
			out = append(out, section+": "+name+" taken out")
		case !reflect.DeepEqual(old, now):
			out = append(out, section+": "+name+" changed"+fieldsOf(old, now))
		}
	}
	if out == nil { // the same entries in another order declare the same
		return nil
	}
	return out
}

// entriesOf gives the entries of a section by name; nil: it has none.
func entriesOf(section any) map[string]any {
	switch x := section.(type) {
	case map[string]any:
		return x
	case []any:
		out := map[string]any{}
		for i, e := range x {
			name := nameOf(e)
			if name == "" {
				name = fmt.Sprintf("entry %d", i+1)
			}
			for base, n := name, 2; out[name] != nil; n++ {
				name = fmt.Sprintf("%s (%d)", base, n)
			}
			out[name] = e
		}
		return out
	}
	return nil
}

// nameOf is what an entry is called: by its name or id, else by what it connects.
func nameOf(entry any) string {
	m, ok := entry.(map[string]any)
	if !ok {
		return fmt.Sprint(entry)
	}
	for _, f := range []string{"id", "name", "host", "subject", "requirement"} {
		if s, ok := m[f].(string); ok && s != "" {
			return s
		}
	}
	var parts []string
	for _, f := range []string{"who", "application", "from", "to"} {
		if v, ok := m[f]; ok {
			parts = append(parts, f+" "+fmt.Sprint(v))
		}
	}
	return strings.Join(parts, " ")
}

// fieldsOf names the fields that differ; empty: the entries have none.
func fieldsOf(a, b any) string {
	was, is := fields(a), fields(b)
	var out []string
	for _, f := range keys(was, is) {
		if !reflect.DeepEqual(was[f], is[f]) {
			out = append(out, f)
		}
	}
	if len(out) > 0 {
		return " (" + strings.Join(out, ", ") + ")"
	}
	return membersOf(a, b)
}

// membersOf says who came into a list of names, and who left: the people of a role.
func membersOf(a, b any) string {
	was, ok1 := a.([]any)
	is, ok2 := b.([]any)
	if !ok1 || !ok2 {
		return ""
	}
	var out []string
	for _, x := range is {
		if !slices.ContainsFunc(was, func(y any) bool { return reflect.DeepEqual(x, y) }) {
			out = append(out, "+"+fmt.Sprint(x))
		}
	}
	for _, x := range was {
		if !slices.ContainsFunc(is, func(y any) bool { return reflect.DeepEqual(x, y) }) {
			out = append(out, "-"+fmt.Sprint(x))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

func fields(x any) map[string]any {
	m, _ := x.(map[string]any)
	return m
}

func keys[V any](a, b map[string]V) []string {
	out := slices.Collect(maps.Keys(a))
	for k := range b {
		if _, both := a[k]; !both {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}
