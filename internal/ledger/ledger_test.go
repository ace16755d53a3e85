package ledger_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/ledger"
)

var now = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func entries(from, to int) (out []ledger.Entry) {
	for n := from; n < to; n++ {
		out = append(out, ledger.Entry{ID: fmt.Sprintf("decision/%d", n), Kind: "decision", At: now.Add(time.Duration(n) * time.Minute),
			Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))})
	}
	return out
}

func filled(t testing.TB, n int) (*ledger.Ledger, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ledger")
	l := ledger.At(dir)
	head, err := l.Enter(t.Context(), 0, entries(0, n))
	if err != nil {
		t.Fatal(err)
	}
	if head.Size != uint64(n) {
		t.Fatalf("%d entries, want %d", head.Size, n)
	}
	return l, dir
}

func TestEnter(t *testing.T) {
	l, _ := filled(t, 3)
	first, err := ledger.Verify(t.Context(), l.FS(), "")
	if err != nil {
		t.Fatal(err)
	}
	// The same again, as after a kill, and two new ones.
	if _, err := l.Enter(t.Context(), 1, entries(1, 5)); err != nil {
		t.Fatal(err)
	}
	head, err := ledger.Verify(t.Context(), l.FS(), "", first.Text)
	if err != nil || head.Size != 5 {
		t.Fatal(head.Size, err)
	}
	n := 0
	if err := ledger.Each(l.FS(), 0, func(i uint64, e ledger.Entry) error {
		if want := fmt.Sprintf("decision/%d", n); e.ID != want || i != uint64(n) {
			t.Errorf("%d %s, want %s", i, e.ID, want)
		}
		n++
		return nil
	}); err != nil || n != 5 {
		t.Error(n, err)
	}
}

func TestEmpty(t *testing.T) {
	l := ledger.At(filepath.Join(t.TempDir(), "none"))
	if _, err := ledger.Verify(t.Context(), l.FS(), ""); !errors.Is(err, ledger.ErrEmpty) {
		t.Error(err)
	}
	if _, err := ledger.Prove(t.Context(), l.FS(), 0); !errors.Is(err, ledger.ErrEmpty) {
		t.Error(err)
	}
}

// TestMany crosses the border of a bundle, at 256 entries.
func TestMany(t *testing.T) {
	l, _ := filled(t, 255)
	kept, err := ledger.Head(l.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{256, 257, 600} {
		if _, err := l.Enter(t.Context(), 0, entries(0, n)); err != nil {
			t.Fatal(err)
		}
		head, err := ledger.Verify(t.Context(), l.FS(), "", kept.Text)
		if err != nil || head.Size != uint64(n) {
			t.Fatal(n, head.Size, err)
		}
		kept = head
	}
	for _, i := range []uint64{0, 255, 256, 599} {
		p, err := ledger.Prove(t.Context(), l.FS(), i)
		if err != nil {
			t.Fatal(i, err)
		}
		if _, e, err := p.Verify(p.Key); err != nil || e.ID != fmt.Sprintf("decision/%d", i) {
			t.Error(i, e.ID, err)
		}
	}
	if _, err := ledger.Prove(t.Context(), l.FS(), 600); err == nil {
		t.Error("an entry that is not there is proved")
	}
}

// TestTampered changes what lies on disk in every way that the package promises to tell, each in a copy.
func TestTampered(t *testing.T) {
	l, dir := filled(t, 300)
	kept, err := ledger.Head(l.FS())
	if err != nil {
		t.Fatal(err)
	}
	other, _ := filled(t, 300)
	foreign, err := ledger.Head(other.FS())
	if err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Enter(t.Context(), 0, entries(300, 310)); err != nil {
		t.Fatal(err)
	}
	newer, err := ledger.Verify(t.Context(), l.FS(), "", kept.Text)
	if err != nil {
		t.Fatal("untouched:", err)
	}
	edit := func(name string, f func([]byte) []byte) func(string) {
		return func(dir string) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), f(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	const first = "tile/entries/000"
	for name, x := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"an entry changed": {edit(first, func(b []byte) []byte { return bytes.Replace(b, []byte(`{"n":7}`), []byte(`{"n":8}`), 1) }), "entries"},
		"two entries exchanged": {edit(first, func(b []byte) []byte {
			b = bytes.Replace(b, []byte(`decision/7"`), []byte(`decision/X"`), 1)
			b = bytes.Replace(b, []byte(`decision/8"`), []byte(`decision/7"`), 1)
			return bytes.Replace(b, []byte(`decision/X"`), []byte(`decision/8"`), 1)
		}), "entries"},
		"a bundle cut off":   {edit(first, func(b []byte) []byte { return b[:len(b)/2] }), "damaged"},
		"a bundle gone":      {func(dir string) { _ = os.Remove(filepath.Join(dir, first)) }, "cannot be read"},
		"a tile changed":     {edit("tile/0/000", func(b []byte) []byte { b[5] ^= 1; return b }), "tiles"},
		"the root changed":   {edit("checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte("\n310\n"), []byte("\n309\n"), 1) }), "not signed"},
		"the signature gone": {edit("checkpoint", func(b []byte) []byte { return b[:bytes.Index(b, []byte("\n\n"))+2] }), "not signed"},
		"another key": {func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "verify.pub"), mustRead(t, other.FS(), "verify.pub"), 0o644)
		}, "not signed"},
		"another ledger":  {func(dir string) { _ = os.RemoveAll(dir); _ = os.CopyFS(dir, other.FS()) }, "not signed"},
		"the end cut off": {func(dir string) { _ = os.RemoveAll(dir); _ = os.CopyFS(dir, os.DirFS(older)) }, "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if _, err := ledger.Verify(t.Context(), os.DirFS(copied), "", kept.Text, newer.Text); err != nil {
				t.Fatal("untouched:", err)
			}
			x.change(copied)
			_, err := ledger.Verify(t.Context(), os.DirFS(copied), "", kept.Text, newer.Text)
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("%v, want %q", err, x.want)
			}
		})
	}
	if _, err := ledger.Verify(t.Context(), l.FS(), "", foreign.Text); err == nil {
		t.Error("a checkpoint of another ledger is taken for one of this")
	}
	key := strings.TrimSpace(string(mustRead(t, other.FS(), "verify.pub")))
	if _, err := ledger.Verify(t.Context(), l.FS(), key); err == nil {
		t.Error("a key that did not sign is taken")
	}
}

// TestForked lets one key sign two pasts: who kept a checkpoint of the one is told by the other.
func TestForked(t *testing.T) {
	l, dir := filled(t, 2)
	fork := filepath.Join(t.TempDir(), "fork")
	if err := os.CopyFS(fork, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(fork, "signing.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := l.Enter(t.Context(), 0, entries(2, 4))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.At(fork).Enter(t.Context(), 0, entries(7, 12)); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Verify(t.Context(), os.DirFS(fork), ""); err != nil {
		t.Error("a fork alone fits together:", err)
	}
	if _, err := ledger.Verify(t.Context(), os.DirFS(fork), "", kept.Text); err == nil || !strings.Contains(err.Error(), "first 4 entries") {
		t.Error(err)
	}
}

func TestExport(t *testing.T) {
	l, _ := filled(t, 300)
	var b bytes.Buffer
	if _, err := ledger.Export(l.FS(), &b, now); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.Name == "signing.key" || strings.HasPrefix(f.Name, ".") {
			t.Error("exported:", f.Name)
		}
	}
	head, err := ledger.Verify(t.Context(), z, "")
	if err != nil || head.Size != 300 {
		t.Error(head.Size, err)
	}
}

func TestProofOfAnother(t *testing.T) {
	l, _ := filled(t, 5)
	p, err := ledger.Prove(t.Context(), l.FS(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ledger.Proof){
		"entry":      func(p *ledger.Proof) { p.Entry = bytes.Replace(p.Entry, []byte(`{"n":2}`), []byte(`{"n":3}`), 1) },
		"index":      func(p *ledger.Proof) { p.Index = 3 },
		"hash":       func(p *ledger.Proof) { p.Hashes[0] = bytes.Clone(p.Hashes[0]); p.Hashes[0][0] ^= 1 },
		"missing":    func(p *ledger.Proof) { p.Hashes = p.Hashes[1:] },
		"checkpoint": func(p *ledger.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n5\n", "\n6\n", 1) },
	} {
		q := p
		q.Hashes = append([][]byte{}, p.Hashes...)
		change(&q)
		if _, _, err := q.Verify(p.Key); err == nil {
			t.Error("a proof with another", name, "holds")
		}
	}
	if _, _, err := p.Verify(p.Key); err != nil {
		t.Error(err)
	}
}

// TestTogether lets several write at once: each entry is there once.
func TestTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			if _, err := ledger.At(dir).Enter(t.Context(), 0, entries(w*3, w*3+6)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	seen := map[string]int{}
	if err := ledger.Each(os.DirFS(dir), 0, func(_ uint64, e ledger.Entry) error { seen[e.ID]++; return nil }); err != nil {
		t.Fatal(err)
	}
	for id, n := range seen {
		if n != 1 {
			t.Error(id, n)
		}
	}
	if _, err := ledger.Verify(t.Context(), os.DirFS(dir), ""); err != nil || len(seen) != 15 {
		t.Error(len(seen), err)
	}
}

func TestRefused(t *testing.T) {
	l, dir := filled(t, 1)
	big := entries(1, 2)
	big[0].Body = json.RawMessage(`"` + strings.Repeat("x", ledger.MaxEntry) + `"`)
	if _, err := l.Enter(t.Context(), 0, big); err == nil || !strings.Contains(err.Error(), "hash") {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "signing.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Enter(t.Context(), 0, entries(1, 2)); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Error("a ledger whose key is gone goes on:", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Enter(ctx, 0, entries(1, 2)); err == nil {
		t.Error("cancelled")
	}
}

func mustRead(t testing.TB, files fs.FS, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(files, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func FuzzProof(f *testing.F) {
	l, _ := filled(f, 5)
	p, err := ledger.Prove(f.Context(), l.FS(), 2)
	if err != nil {
		f.Fatal(err)
	}
	data, _ := json.Marshal(p)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := ledger.ParseProof(data)
		if err != nil {
			return
		}
		if _, _, err := q.Verify(p.Key); err == nil && !bytes.Equal(q.Entry, p.Entry) {
			t.Errorf("proved: %s", q.Entry)
		}
	})
}

func BenchmarkEnter(b *testing.B) {
	l, _ := filled(b, 1)
	n := 1
	for b.Loop() {
		if _, err := l.Enter(b.Context(), uint64(n), entries(n, n+1)); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
