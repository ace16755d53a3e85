package main

import (
	"bytes"
	"io"
	"testing"
)

// holds tells what is true of every input: an error comes with nothing, an answer has rules, each
// with a known verdict, and only a rule that failed names faults.
func holds(t *testing.T, text []byte, parse func(io.Reader) (peer, error)) {
	p, err := parse(bytes.NewReader(text))
	if err != nil {
		if p.rules != nil || p.items != nil {
			t.Error("an error came with rules")
		}
		return
	}
	if len(p.rules) == 0 {
		t.Error("no error and no rule")
	}
	for rule, v := range p.rules {
		if v != pass && v != fail && v != none {
			t.Errorf("%q: verdict %q", rule, v)
		}
	}
	for rule, items := range p.items {
		if len(items) > 0 && p.rules[rule] != fail {
			t.Errorf("%q names faults and is %s", rule, p.rules[rule])
		}
	}
}
