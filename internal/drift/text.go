package drift

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"holdfast.example/holdfast/internal/fact"
)

// Bounds of what is shown. What is longer ends with a part of its digest, so that two long texts that differ look different.
const (
	maxText = 240
	maxName = 120
)

// text words a value in one bounded line without control characters.
func text(v any) string { return bounded(plain(v), maxText) }

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if v == "" {
			return `""`
		}
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	data, err := fact.Canonical(v)
	if err != nil {
		return "?"
	}
	return string(data)
}

func bounded(s string, limit int) string {
	clean := s
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		clean = strconv.Quote(s) // also what turns the direction of a line
	}
	if r := []rune(clean); len(r) > limit {
		return string(r[:limit-10]) + "… " + short(s)
	}
	return clean
}

// short is the start of a digest.
func short(s string) string { return fact.Digest([]byte(s))[:8] }

// name tells an element of a list from the others, where it can: by its key, or by all of it.
func (s *Shape) name(v any) string {
	if o, ok := v.(map[string]any); ok && s != nil && len(s.key) > 0 {
		var parts []string
		for _, k := range s.key {
			if p := plain(o[k]); p != "" {
				parts = append(parts, p)
			}
		}
		if len(parts) > 0 {
			return strings.Join(parts, " ")
		}
	}
	return plain(v)
}

// at is the path of an element: users[root]. Brackets in the name are escaped.
func at(list, name string) string {
	return list + "[" + brackets.Replace(bounded(name, maxName)) + "]"
}

var brackets = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`)

// element cuts a path behind its first element: users[root] and .shell; the list is users. Of a path without one, such as
// pwquality.minlen or ipv6, the element is all of it and the list is empty.
func element(path string) (list, element, rest string) {
	start := -1
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
		case '[':
			if start < 0 {
				start = i
			}
		case ']':
			if start >= 0 {
				return path[:start], path[:i+1], path[i+1:]
			}
		}
	}
	return "", path, ""
}

// nth makes paths of elements that nothing else tells apart.
func nth(path, value string, n int) string {
	path += "#" + short(value)
	if n > 1 {
		path += fmt.Sprintf(".%d", n)
	}
	return path
}
