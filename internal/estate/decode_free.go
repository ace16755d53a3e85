package estate

import (
	"encoding"
	"reflect"
	"strconv"

	"holdfast.example/holdfast/internal/estate/tree"
)

// free reads a value without a type: text, number, truth, list or map. Quoted text stays text.
func (d *decoder) free(n *tree.Node) any {
	switch n.Kind {
	case tree.List:
		list := make([]any, len(n.List))
		for i, entry := range n.List {
			list[i] = d.free(entry)
		}
		return list
	case tree.Map:
		m := make(map[string]any, len(n.List)/2)
		d.pairs(n, func(key, value *tree.Node) { m[key.Text] = d.free(value) })
		return m
	case tree.Null:
		return nil
	}
	if n.Quoted {
		return n.Text
	}
	switch n.Text {
	case "true":
		return true
	case "false":
		return false
	}
	return numberOr(n.Text)
}

// numberOr reads decimal numbers as JSON writes them; anything else, such as 0x1f, 1_000 or .inf, stays text.
func numberOr(s string) any {
	if !isJSONNumber(s) {
		return s
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return s
}

func isJSONNumber(s string) bool {
	i := 0
	digits := func() int {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if n := digits(); n == 0 || n > 1 && s[start] == '0' {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if digits() == 0 {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits() == 0 {
			return false
		}
	}
	return i == len(s)
}

// setFromText sets a value from text that is known to be right: a default of this package.
func setFromText(v reflect.Value, text string) {
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		panic("estate: a default in a tag " + err.Error())
	}
}
