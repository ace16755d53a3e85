package relational

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/run"
)

// TestFactors: what is kept is given back; of two who show the same code at once one comes in.
func TestFactors(t *testing.T) {
	s, ctx := open(t, filepath.Join(t.TempDir(), "x.db")), t.Context()
	if _, err := s.Factors(ctx, "erika"); !errors.Is(err, run.ErrNone) {
		t.Error(err)
	}
	f := access.Factors{Person: "erika", Password: "$argon2id", Key: []byte{0, 255}, Recovery: []string{"a", "b"}, Made: noon, Step: 7}
	if err := s.SetFactors(ctx, f); err != nil {
		t.Fatal(err)
	}
	got, err := s.Factors(ctx, "erika")
	if d := cmp.Diff(f, got); d != "" || err != nil {
		t.Error(d, err)
	}
	used := got
	used.Step, used.Used, used.Recovery = 8, noon, []string{"b"}
	if err := s.UseFactors(ctx, used, got); err != nil {
		t.Error(err)
	}
	if err := s.UseFactors(ctx, used, got); !errors.Is(err, run.ErrNone) {
		t.Error("the same was shown twice:", err)
	}
	if got, err = s.Factors(ctx, "erika"); err != nil || got.Step != 8 || len(got.Recovery) != 1 {
		t.Errorf("%+v %v", got, err)
	}
	if err := errors.Join(s.RemoveFactors(ctx, "erika")); err != nil {
		t.Error(err)
	}
	if err := s.RemoveFactors(ctx, "erika"); !errors.Is(err, run.ErrNone) {
		t.Error(err)
	}
}
