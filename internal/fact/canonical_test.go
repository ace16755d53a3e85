package fact_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/fact"
)

// Two orders of one content: moving a field in the source is never drift.
type (
	forward struct {
		A int     `json:"a"`
		B string  `json:"b"`
		C float64 `json:"c"`
	}
	backward struct {
		C float64 `json:"c"`
		B string  `json:"b"`
		A int     `json:"a"`
	}
	gapped struct {
		fact.Gaps `json:"gaps,omitempty"`
		List      []string `json:"list,omitempty"`
	}
)

func canonical(t *testing.T, v any) string {
	t.Helper()
	b, err := fact.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCanonicalBytes(t *testing.T) {
	for _, tc := range []struct {
		rule string
		in   any
		want string
	}{
		{"keys are sorted", backward{1, "x", 2}, `{"a":2,"b":"x","c":1}`},
		{"keys are sorted at every depth", map[string]any{"z": map[string]any{"b": 1, "a": []any{map[string]any{"d": 1, "c": 2}}}, "y": nil},
			`{"y":null,"z":{"a":[{"c":2,"d":1}],"b":1}}`},
		{"keys are sorted by bytes", map[string]int{"a": 1, "B": 2, "é": 3, "_": 4}, `{"B":2,"_":4,"a":1,"é":3}`},
		{"lists keep their order", []int{3, 1, 2}, `[3,1,2]`},
		{"no white space, also from raw JSON", json.RawMessage("{ \"b\" : [ 1 ,\n2 ],\t\"a\":{} }"), `{"a":{},"b":[1,2]}`},
		{"no HTML escapes", map[string]string{"<k&>": "a<b>&c"}, `{"<k&>":"a<b>&c"}`},
		{"HTML escapes of raw JSON are undone", json.RawMessage(`"\u003c\u0026\u003e"`), `"<&>"`},
		{"text stays UTF-8", "Grüße, 日本", `"Grüße, 日本"`},
		{"control characters are escaped", "a\nb\x01", `"a\nb\u0001"`},
		{"a whole float is written as a number without fraction", []any{1.0, 1, int64(1), uint8(1)}, `[1,1,1,1]`},
		{"a fraction stays", 0.5, `0.5`},
		{"large numbers lose no digit", []any{uint64(math.MaxUint64), int64(math.MinInt64)}, `[18446744073709551615,-9223372036854775808]`},
		{"large numbers of raw JSON lose no digit", json.RawMessage(`9007199254740993`), `9007199254740993`},
		{"nothing missing leaves no trace", gapped{List: []string{"a"}}, `{"list":["a"]}`},
		{"an empty list of gaps is no gap", gapped{Gaps: fact.Gaps{}}, `{}`},
		{"a gap is part of the fact", gapped{Gaps: fact.Gaps{"users": {Cause: fact.Denied, Source: "/etc/shadow"}}},
			`{"gaps":{"users":{"cause":"permission denied","source":"/etc/shadow"}}}`},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			if got := canonical(t, tc.in); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestCanonicalError(t *testing.T) {
	for name, v := range map[string]any{"a channel": make(chan int), "not a number": math.NaN(), "broken raw JSON": json.RawMessage(`{"a":`)} {
		b, err := fact.Canonical(v)
		if err == nil || b != nil {
			t.Errorf("%s: got %q, %v, want an error and no bytes", name, b, err)
		} else if !strings.HasPrefix(err.Error(), "canonical form: ") {
			t.Errorf("%s: %q does not say what was attempted", name, err)
		}
	}
}

func TestDigest(t *testing.T) {
	digest := func(v any) string { return fact.Digest([]byte(canonical(t, v))) }
	same := []any{forward{2, "x", 1}, backward{1, "x", 2}, map[string]any{"c": 1, "a": 2.0, "b": "x"}, json.RawMessage(`{"c":1, "b":"\u0078", "a":2}`)}
	for i, v := range same {
		if got, want := digest(v), digest(same[0]); got != want {
			t.Errorf("the same content in form %d has digest %s, want %s", i, got, want)
		}
	}
	seen := map[string]int{}
	for i, v := range []any{forward{2, "x", 1}, forward{3, "x", 1}, forward{2, "y", 1}, forward{2, "x", 1.5}, []int{1, 2}, []int{2, 1}, "1", 1, nil, "", gapped{},
		gapped{Gaps: fact.Gaps{"a": {Cause: fact.Denied}}}, gapped{Gaps: fact.Gaps{"a": {Cause: fact.Failed}}}, gapped{Gaps: fact.Gaps{"b": {Cause: fact.Denied}}}} {
		d := digest(v)
		if j, twice := seen[d]; twice {
			t.Errorf("contents %d and %d differ, and have one digest", i, j)
		}
		seen[d] = i
	}
	sum := sha256.Sum256([]byte(`{"a":1}`))
	if got, want := digest(map[string]int{"a": 1}), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want the SHA-256 in hex %s", got, want)
	}
}

// FuzzCanonical: the canonical form of any JSON is its own canonical form, and means the same.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":1,"a":[1.50,"<&>",null,true]}`, `"\u2028\ud800\u003c"`, `[1e400,-0,0.10,12345678901234567890]`, `{"a":1,"a":2}`, ` [] `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := fact.Canonical(json.RawMessage(data))
		if err != nil {
			if first != nil {
				t.Fatalf("an error comes with bytes %q", first)
			}
			return
		}
		second, err := fact.Canonical(json.RawMessage(first))
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("the canonical form of\n%s\nis\n%s, %v", first, second, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, first); err != nil || !bytes.Equal(compact.Bytes(), first) {
			t.Fatalf("%s holds white space: %v", first, err)
		}
	})
}
