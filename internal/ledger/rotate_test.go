package ledger_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"holdfast.example/holdfast/internal/ledger"
)

func file(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// TestRotated: after two rotations all that was ever signed verifies, by each of the keys, in the folder, an export, a proof and a
// bundle; the old keys are destroyed.
func TestRotated(t *testing.T) {
	l, dir := filled(t, 3)
	keys, secrets := []string{file(t, dir, "verify.pub")}, []string{file(t, dir, "signing.key")}
	var kept []string
	for n := range 2 {
		head, err := ledger.Head(l.FS())
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, head.Text)
		key, err := l.Rotate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if key == keys[n] || key != file(t, dir, "verify.pub") || file(t, dir, "signing.key") == secrets[n] {
			t.Fatal("it is the old one: ", key)
		}
		keys, secrets = append(keys, key), append(secrets, file(t, dir, "signing.key"))
		if _, err := ledger.Verify(t.Context(), l.FS(), "", kept...); err != nil {
			t.Fatal("before the new key signed:", err)
		}
		if _, err := l.Enter(t.Context(), 0, entries(3+n, 4+n)); err != nil {
			t.Fatal(err)
		}
	}
	var export, bundle bytes.Buffer
	if _, err := ledger.Export(l.FS(), &export, now); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(export.Bytes()), int64(export.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WriteBundle(&bundle, ledger.BundleAbout{From: now, Until: now, Made: now}, []ledger.Member{{Name: "verify.pub", Data: []byte(keys[2] + "\n")}, {Name: "keys.json", Data: []byte(file(t, dir, "keys.json"))}}); err != nil {
		t.Fatal(err)
	}
	b, err := zip.NewReader(bytes.NewReader(bundle.Bytes()), int64(bundle.Len()))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ledger.Prove(t.Context(), l.FS(), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, other := filled(t, 1)
	for i, key := range append(keys, "", file(t, other, "verify.pub")) {
		foreign := i == len(keys)+1
		head, err := ledger.Verify(t.Context(), l.FS(), key, kept...)
		if (err != nil) != foreign || !foreign && head.Size != 7 {
			t.Errorf("key %d: %d entries, %v", i, head.Size, err)
		}
		if _, err := ledger.Verify(t.Context(), z, key, kept...); (err != nil) != foreign {
			t.Errorf("key %d, export: %v", i, err)
		}
		if _, _, err := p.Verify(key); (err != nil) != foreign {
			t.Errorf("key %d, proof: %v", i, err)
		}
		if _, err := ledger.OpenBundle(b, key); (err != nil) != foreign {
			t.Errorf("key %d, bundle: %v", i, err)
		}
	}
	for _, s := range secrets[:2] {
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), s) {
					t.Error("an old key lies in", path)
				}
			}
			return nil
		})
	}
}

// TestOldKeyRefused: who kept the old private key signs nothing any more, and a chain that was made up is no chain.
func TestOldKeyRefused(t *testing.T) {
	l, dir := filled(t, 3)
	old, err := note.NewSigner(file(t, dir, "signing.key"))
	if err != nil {
		t.Fatal(err)
	}
	first := file(t, dir, "verify.pub")
	if _, err := l.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	head, err := l.Enter(t.Context(), 0, entries(3, 5))
	if err != nil {
		t.Fatal(err)
	}
	body, _, _ := strings.Cut(head.Text, "\n\n")
	forged, err := note.Sign(&note.Note{Text: body + "\n"}, old)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), forged, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Verify(t.Context(), l.FS(), first); err == nil || !strings.Contains(err.Error(), "signed by a key that was replaced") {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), []byte(head.Text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, stranger, err := note.GenerateKey(nil, old.Name())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(){
		"another key at the end": func() { put(t, dir, "verify.pub", stranger+"\n") },
		"no chain":               func() { put(t, dir, "keys.json", "[]") },
		"no JSON":                func() { put(t, dir, "keys.json", "[") },
		"a changed entry": func() {
			put(t, dir, "keys.json", strings.Replace(file(t, dir, "keys.json"), `"index":3`, `"index":2`, 1))
		},
	} {
		public, chain := file(t, dir, "verify.pub"), file(t, dir, "keys.json")
		change()
		if _, err := ledger.Verify(t.Context(), l.FS(), first); err == nil {
			t.Error(name)
		}
		put(t, dir, "verify.pub", public+"\n")
		put(t, dir, "keys.json", chain)
	}
	if _, err := ledger.Verify(t.Context(), l.FS(), first); err != nil {
		t.Error(err)
	}
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRotationKilled: the files of a rotation are put back to where each step ends; whoever writes next ends it, once.
func TestRotationKilled(t *testing.T) {
	l, dir := filled(t, 3)
	first := file(t, dir, "verify.pub")
	before := map[string]string{"verify.pub": first + "\n", "signing.key": file(t, dir, "signing.key") + "\n"}
	next, err := l.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after := map[string]string{"verify.pub": next + "\n", "signing.key": file(t, dir, "signing.key") + "\n", "keys.json": file(t, dir, "keys.json")}
	for step, files := range []map[string]string{ // the entry is in the ledger already: it is entered once
		{"verify.pub": before["verify.pub"], "signing.key": before["signing.key"]},
		{"verify.pub": before["verify.pub"], "signing.key": before["signing.key"], "keys.json": after["keys.json"]},
		{"verify.pub": after["verify.pub"], "signing.key": before["signing.key"], "keys.json": after["keys.json"]},
		{"verify.pub": after["verify.pub"], "signing.key": after["signing.key"], "keys.json": after["keys.json"]},
	} {
		copied := filepath.Join(t.TempDir(), "ledger")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"verify.pub", "signing.key", "keys.json"} {
			if err := os.Remove(filepath.Join(copied, name)); err != nil {
				t.Fatal(err)
			}
			if text, there := files[name]; there {
				put(t, copied, name, text)
			}
		}
		put(t, copied, "signing.key.next", after["signing.key"]+next+"\n")
		again := ledger.At(copied)
		if _, err := ledger.Verify(t.Context(), again.FS(), first); err != nil {
			t.Errorf("step %d, before it is ended: %v", step, err)
		}
		head, err := again.Enter(t.Context(), 0, entries(3, 4))
		if err != nil || head.Size != 5 {
			t.Errorf("step %d: %d entries, %v", step, head.Size, err)
		}
		if _, err := ledger.Verify(t.Context(), again.FS(), first); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
		if file(t, copied, "verify.pub") != next || file(t, copied, "signing.key") != strings.TrimSpace(after["signing.key"]) {
			t.Errorf("step %d: the old key goes on", step)
		}
		if _, err := os.Stat(filepath.Join(copied, "signing.key.next")); err == nil {
			t.Errorf("step %d: the next key still waits", step)
		}
		n := 0
		if err := ledger.Each(again.FS(), 0, func(_ uint64, e ledger.Entry) error {
			if e.Kind == "key" {
				n++
			}
			return nil
		}); err != nil || n != 1 {
			t.Errorf("step %d: %d entries name the key, %v", step, n, err)
		}
	}
}
