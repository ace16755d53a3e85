package run_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/run"
)

func TestParseKind(t *testing.T) {
	for text, want := range map[string]fact.Kind{
		"sshd/1":       {Name: "sshd", Version: 1},
		"linuxhost/12": {Name: "linuxhost", Version: 12},
	} {
		if got, err := run.ParseKind(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

// What is no kind is an error that quotes it, and comes with the zero kind. Versions begin at 1
// and have one spelling, or one fact would stand in the store under two kinds.
func TestParseKindRefuses(t *testing.T) {
	for _, text := range []string{"", "/", "sshd", "sshd/", "/1", "sshd/x", "sshd/1.0", "sshd/1/2", "sshd/0", "sshd/-1", "sshd/+1", "sshd/01", "sshd/ 1", "sshd/99999999999999999999"} {
		got, err := run.ParseKind(text)
		switch {
		case err == nil:
			t.Errorf("%q: got %v, want an error", text, got)
		case got != fact.Kind{}:
			t.Errorf("%q: the error comes with %v", text, got)
		case !strings.Contains(err.Error(), fmt.Sprintf("%q", text)):
			t.Errorf("%q: %q does not name it", text, err)
		}
	}
}

// Callers decide on the sentinels through wrapping, and the two are not one.
func TestSentinels(t *testing.T) {
	wrapped := fmt.Errorf("record run in x.db: %w", run.ErrHistory)
	if !errors.Is(wrapped, run.ErrHistory) || errors.Is(wrapped, run.ErrNone) {
		t.Error("ErrHistory and ErrNone cannot be told apart")
	}
	if !strings.Contains(run.ErrHistory.Error(), "--now") {
		t.Errorf("%q does not say what to do next", run.ErrHistory)
	}
}

// FuzzParseKind: what is read and written again is the same text.
func FuzzParseKind(f *testing.F) {
	for _, s := range []string{"sshd/1", "linuxhost/12", "sshd/+1", "a/b/1", "/", "sshd/0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := run.ParseKind(s)
		if err != nil {
			if k != (fact.Kind{}) {
				t.Fatalf("an error comes with %v", k)
			}
			return
		}
		if k.String() != s || k.Name == "" || k.Version < 1 {
			t.Fatalf("%q is read as %+v and written as %q", s, k, k)
		}
	})
}
