package check

import (
	"fmt"
	"math"
	"time"
)

// NewParams makes parameters from plain values, for tests and for users' checks.
func NewParams(now time.Time, values map[string]any) Params {
	return Params{Now: now, check: "test", values: values}
}

// Int gives a whole number.
func (p Params) Int(name string) int {
	switch v := p.get(name).(type) {
	case int:
		return v
	case int64:
		return int(v)
	case uint64:
		return int(v)
	case float64:
		if v == math.Trunc(v) {
			return int(v)
		}
	}
	panic(fmt.Sprintf("parameter %q of %s is %v, the rule wants a whole number", name, p.check, p.get(name)))
}

// String gives a text.
func (p Params) String(name string) string {
	v, ok := p.get(name).(string)
	if !ok {
		panic(fmt.Sprintf("parameter %q of %s is not a text", name, p.check))
	}
	return v
}

// Strings gives a list of texts.
func (p Params) Strings(name string) []string {
	list, ok := p.get(name).([]any)
	if !ok {
		if s, ok := p.get(name).([]string); ok {
			return s
		}
		panic(fmt.Sprintf("parameter %q of %s is not a list", name, p.check))
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return out
}

// Has tells whether word is in the list of texts.
func (p Params) Has(name, word string) bool {
	for _, s := range p.Strings(name) {
		if s == word {
			return true
		}
	}
	return false
}

// Days gives a number of days as a duration of 24 hours each, for ages (not for deadlines).
func (p Params) Days(name string) time.Duration { return time.Duration(p.Int(name)) * 24 * time.Hour }

func (p Params) get(name string) any {
	v, ok := p.values[name]
	if !ok {
		panic(fmt.Sprintf("the catalogue has no parameter %q for %s", name, p.check))
	}
	return v
}
