package relational_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
)

func TestPasskeys(t *testing.T) {
	s, err := relational.Open(t.Context(), filepath.Join(t.TempDir(), "holdfast.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Date(2026, 11, 26, 9, 0, 0, 5, time.UTC)
	k := access.Passkey{ID: "a-b_c", Person: "erika", Added: at, Data: []byte(`{"n":1}`)}
	if err := s.AddPasskey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	again := k
	again.Person = "mallory"
	if err := s.AddPasskey(t.Context(), again); err == nil {
		t.Error("a credential belongs to two")
	}
	k.Used, k.Data = at.Add(time.Hour), []byte(`{"n":2}`)
	if err := s.UsePasskey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	all, err := s.Passkeys(t.Context())
	if d := gocmp.Diff([]access.Passkey{k}, all); err != nil || d != "" {
		t.Error(err, d)
	}
	for _, err := range []error{s.UsePasskey(t.Context(), access.Passkey{ID: "none"}), s.RemovePasskey(t.Context(), "none")} {
		if !errors.Is(err, run.ErrNone) {
			t.Error(err)
		}
	}
	if err := s.RemovePasskey(t.Context(), k.ID); err != nil {
		t.Error(err)
	}
	if all, err := s.Passkeys(t.Context()); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}
