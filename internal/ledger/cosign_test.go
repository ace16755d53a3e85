package ledger_test

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/witness"
)

// vouching is a witness that vouches for ledgers.
func vouching(t *testing.T, dir string, logs ...string) (*witness.Witness, *httptest.Server) {
	t.Helper()
	w, err := witness.Open(dir, logs)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(w.Handler())
	t.Cleanup(func() { s.Close(); w.Close() })
	return w, s
}

func cosigned(t *testing.T, l *ledger.Ledger, keys ...string) []ledger.Cosigned {
	t.Helper()
	if _, err := ledger.Verify(t.Context(), l.FS(), ""); err != nil {
		t.Fatal(err)
	}
	out, err := ledger.Cosignatures(l.FS(), keys...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWitnessed: two witnesses cosign a ledger as it grows, also over a change of its key; an export carries that, and who demands a witness
// that never cosigned is told.
func TestWitnessed(t *testing.T) {
	l, dir := filled(t, 3)
	first := file(t, dir, "verify.pub")
	one, at := vouching(t, t.TempDir(), first)
	two, second := vouching(t, t.TempDir(), first)
	for _, w := range []ledger.Witness{{Key: one.Key(), URL: at.URL}, {Key: two.Key(), URL: second.URL + "/"}} {
		if err := l.AddWitness(w); err != nil {
			t.Fatal(err)
		}
	}
	for n := 3; n < 6; n++ {
		if _, err := l.Enter(t.Context(), 0, entries(0, n)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nothing to do
			if err := l.Cosign(t.Context(), http.DefaultClient); err != nil {
				t.Fatal(err)
			}
		}
		if got := cosigned(t, l, one.Key(), two.Key()); len(got) != 2 || got[0].Size != uint64(n) || got[1].Size != uint64(n) || time.Since(got[0].At) > time.Minute {
			t.Errorf("%+v", got)
		}
	}
	if found, err := l.RemoveWitness(name(two)); !found || err != nil {
		t.Error(found, err)
	}
	if _, err := l.Enter(t.Context(), 0, entries(0, 7)); err != nil {
		t.Fatal(err)
	}
	if err := l.Cosign(t.Context(), http.DefaultClient); err != nil {
		t.Fatal(err)
	}
	sizes := map[string]uint64{}
	for _, c := range cosigned(t, l) {
		sizes[c.Witness] = c.Size
	}
	if sizes[name(one)] != 7 || sizes[name(two)] != 5 {
		t.Error(sizes)
	}
	var export bytes.Buffer
	if _, err := ledger.Export(l.FS(), &export, now); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(export.Bytes()), int64(export.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ledger.Cosignatures(z, one.Key(), two.Key()); err != nil || len(got) != 2 {
		t.Error(got, err)
	}
	three, _ := vouching(t, t.TempDir(), first)
	if _, err := ledger.Cosignatures(z, three.Key()); err == nil || !strings.Contains(err.Error(), "has not cosigned") {
		t.Error(err)
	}
	// A key that the witness was not told signs: it refuses until it is told.
	if _, err := l.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Enter(t.Context(), 0, entries(0, 8)); err != nil {
		t.Fatal(err)
	}
	if err := l.Cosign(t.Context(), http.DefaultClient); err == nil || !strings.Contains(err.Error(), "403") {
		t.Error(err)
	}
	for name, w := range map[string]ledger.Witness{"no key": {Key: "x", URL: at.URL}, "no address": {Key: one.Key(), URL: "file:///etc"}, "a password": {Key: one.Key(), URL: "https://a:b@example.com"}} {
		if err := l.AddWitness(w); err == nil {
			t.Error(name)
		}
	}
}

// TestWitnessAway: a witness that is away keeps nobody from entering, and is asked again.
func TestWitnessAway(t *testing.T) {
	l, dir := filled(t, 3)
	state := t.TempDir()
	w, s := vouching(t, state, file(t, dir, "verify.pub"))
	if err := l.AddWitness(ledger.Witness{Key: w.Key(), URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := l.Enter(t.Context(), 0, entries(0, 4)); err != nil {
		t.Fatal(err)
	}
	if err := l.Cosign(t.Context(), http.DefaultClient); err == nil || !strings.Contains(err.Error(), name(w)) {
		t.Error(err)
	}
	if got := cosigned(t, l); len(got) != 0 {
		t.Error(got)
	}
	w.Close()
	again, s := vouching(t, state, file(t, dir, "verify.pub"))
	if again.Key() != w.Key() {
		t.Fatal("it has another key after a restart")
	}
	if err := l.AddWitness(ledger.Witness{Key: w.Key(), URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	if err := l.Cosign(t.Context(), http.DefaultClient); err != nil {
		t.Fatal(err)
	}
	if got := cosigned(t, l, w.Key()); len(got) != 1 || got[0].Size != 4 {
		t.Error(got)
	}
}

// TestWitnessRefusesFork: two copies of a ledger go on differently, and one is cut off. The witness cosigns the first, and the others are
// told; so is a ledger whose cosigned past is not its own.
func TestWitnessRefusesFork(t *testing.T) {
	l, dir := filled(t, 3)
	w, s := vouching(t, t.TempDir(), file(t, dir, "verify.pub"))
	if err := l.AddWitness(ledger.Witness{Key: w.Key(), URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	copied := func() *ledger.Ledger {
		to := filepath.Join(t.TempDir(), "ledger")
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		return ledger.At(to)
	}
	fork, longer, cut := copied(), copied(), copied()
	if _, err := l.Enter(t.Context(), 0, entries(0, 5)); err != nil {
		t.Fatal(err)
	}
	if err := l.Cosign(t.Context(), http.DefaultClient); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		l    *ledger.Ledger
		to   int
		says string
	}{
		"the same size":  {fork, 5, "forked"},
		"a larger size":  {longer, 9, "forked"},
		"a smaller size": {cut, 0, "the end was cut off"},
	} {
		if x.to > 0 {
			if _, err := x.l.Enter(t.Context(), 0, entries(10, 10+x.to-3)); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.l.Cosign(t.Context(), http.DefaultClient); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What the witness cosigned of the one is put beside the other.
	forged := filepath.Join(t.TempDir(), "ledger")
	if err := os.CopyFS(forged, longer.FS()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(forged, "tile/cosigned"), os.DirFS(filepath.Join(dir, "tile/cosigned"))); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Verify(t.Context(), os.DirFS(forged), ""); err == nil || !strings.Contains(err.Error(), "the first 5 entries are not those that were signed") {
		t.Error(err)
	}
}

func name(w *witness.Witness) string { return ledger.Witness{Key: w.Key()}.Name() }
