package fact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/fact"
)

func TestGapsNote(t *testing.T) {
	denied := &fact.Problem{Cause: fact.Denied, Source: "/etc/shadow"}
	failed := &fact.Problem{Cause: fact.Failed, Source: "passwd -S"}
	absent := &fact.Problem{Cause: fact.NotFound, Source: "/etc/shadow"}
	type note struct {
		part string
		p    *fact.Problem
	}
	for rule, tc := range map[string]struct {
		notes []note
		want  fact.Gaps
	}{
		"a part that could not be seen is a gap":       {[]note{{"a", denied}}, fact.Gaps{"a": *denied}},
		"no problem is no gap":                         {[]note{{"a", nil}}, nil},
		"absence is knowledge and no gap":              {[]note{{"a", absent}}, nil},
		"the first problem of a part is kept":          {[]note{{"a", denied}, {"a", failed}}, fact.Gaps{"a": *denied}},
		"each part has its own":                        {[]note{{"a", denied}, {"b", failed}}, fact.Gaps{"a": *denied, "b": *failed}},
		"absence neither precedes a gap":               {[]note{{"a", absent}, {"a", failed}}, fact.Gaps{"a": *failed}},
		"nor takes one away":                           {[]note{{"a", failed}, {"a", absent}, {"a", nil}}, fact.Gaps{"a": *failed}},
		"a link out of the root is not absence":        {[]note{{"a", &fact.Problem{Cause: fact.Outside}}}, fact.Gaps{"a": {Cause: fact.Outside}}},
		"what is too large is a gap, not an empty one": {[]note{{"a", &fact.Problem{Cause: fact.TooLarge}}}, fact.Gaps{"a": {Cause: fact.TooLarge}}},
	} {
		t.Run(rule, func(t *testing.T) {
			var g fact.Gaps
			for _, n := range tc.notes {
				g.Note(n.part, n.p)
			}
			if d := cmp.Diff(tc.want, g.Missing()); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// A noted gap is a copy: what the caller does to the problem later changes no fact.
func TestGapsKeepTheirOwn(t *testing.T) {
	p := &fact.Problem{Cause: fact.Denied, Source: "/a"}
	var g fact.Gaps
	g.Note("a", p)
	p.Cause = fact.NotFound
	if g["a"].Cause != fact.Denied {
		t.Errorf("got %+v", g["a"])
	}
}

func TestProblemWording(t *testing.T) {
	for _, tc := range []struct {
		p    fact.Problem
		want string
	}{
		{fact.Problem{Cause: fact.Denied, Source: "/etc/shadow", How: "sudo cat /etc/shadow"}, `/etc/shadow: permission denied; "sudo cat /etc/shadow" would show it`},
		{fact.Problem{Cause: fact.TooLarge, Source: "/x", Text: "more than 1024 KiB"}, `/x: too large: more than 1024 KiB`},
		{fact.Problem{Cause: fact.Failed, Source: "nft list ruleset", Text: "exit 1", How: "sudo nft list ruleset"}, `nft list ruleset: failed: exit 1; "sudo nft list ruleset" would show it`},
		{fact.Problem{Cause: fact.Unreachable}, `unreachable`},
		{fact.Problem{Cause: fact.TimedOut, Text: "after 1m0s"}, `timed out: after 1m0s`},
	} {
		if got := tc.p.Error(); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func TestKind(t *testing.T) {
	if got := (fact.Kind{Name: "sshd", Version: 1}).String(); got != "sshd/1" {
		t.Errorf("got %s", got)
	}
}

func TestClaimsHaveATotalOrder(t *testing.T) {
	var all []fact.Claim
	for _, k := range []string{"host_key", "machine_id"} {
		for _, f := range []string{"f1", "f2"} {
			for _, at := range []string{"", "/a", "/b"} {
				for _, l := range []string{"", "x"} {
					all = append(all, fact.Claim{Kind: k, Fingerprint: f, At: at, Label: l})
				}
			}
		}
	}
	for i, a := range all {
		for j, b := range all {
			got := a.Compare(b)
			if (i == j) != (got == 0) || (i < j) != (got < 0) {
				t.Errorf("%+v compared with %+v gives %d", a, b, got)
			}
		}
	}
}

func TestFingerprint(t *testing.T) {
	a, b := fact.NewKey([32]byte{1}), fact.NewKey([32]byte{2})
	base := a.Fingerprint("verifier", "$y$secret")
	t.Run("the same key gives the same", func(t *testing.T) {
		if got := fact.NewKey([32]byte{1}).Fingerprint("verifier", "$y$secret"); got != base {
			t.Errorf("got %s and %s", got, base)
		}
	})
	for rule, other := range map[string]string{
		"another key":                b.Fingerprint("verifier", "$y$secret"),
		"the zero key":               fact.Key{}.Fingerprint("verifier", "$y$secret"),
		"another kind":               a.Fingerprint("host_key", "$y$secret"),
		"another secret":             a.Fingerprint("verifier", "$y$secret2"),
		"the border of kind and key": a.Fingerprint("verifier$y", "$secret"),
		"no secret":                  a.Fingerprint("verifier", ""),
	} {
		t.Run(rule+" gives another", func(t *testing.T) {
			if other == base {
				t.Errorf("both are %s", base)
			}
		})
	}
	t.Run("it has 128 bits, whatever the length of the secret", func(t *testing.T) {
		for _, s := range []string{"", "x", strings.Repeat("secret", 1000)} {
			if got := a.Fingerprint("verifier", s); len(got) != 22 {
				t.Errorf("%q has %d characters", got, len(got))
			}
		}
	})
	t.Run("the secret cannot be seen", func(t *testing.T) {
		for _, s := range []string{"hunter2", "AAAAC3NzaC1lZDI1NTE5AAAAI"} {
			if got := a.Fingerprint("verifier", s); strings.Contains(got, s) || strings.Contains(s, got) {
				t.Errorf("%q shows %q", got, s)
			}
		}
	})
}

// A key prints as a word, however it is printed: care does not scale.
func TestKeyIsHidden(t *testing.T) {
	raw := [32]byte([]byte("0123456789abcdef0123456789abcdef"))
	k := fact.NewKey(raw)
	shows := []string{string(raw[:8]), "30313233", "48 49 50 51", "0x30, 0x31", "MDEyMzQ1"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("loaded", "key", k, "of", struct{ Key fact.Key }{k})
	j, err := json.Marshal(map[string]any{"key": k})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{log.String(), string(j)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		texts = append(texts, fmt.Sprintf(verb, k), fmt.Sprintf(verb, &k), fmt.Sprintf(verb, struct{ Key fact.Key }{k}))
	}
	for _, text := range texts {
		if slices.ContainsFunc(shows, func(s string) bool { return strings.Contains(text, s) }) {
			t.Errorf("the key can be seen in %s", text)
		}
	}
}

// Fields that are not exported cannot be set or read from outside, so no encoder can spill them.
func TestKeyHasNoExportedField(t *testing.T) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[fact.Key]()) {
		if f.IsExported() {
			t.Errorf("field %s is exported", f.Name)
		}
	}
}
