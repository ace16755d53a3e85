package backup

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func files(t testing.TB, content map[string]string) []File {
	t.Helper()
	dir := t.TempDir()
	var out []File
	for _, name := range []string{"holdfast.db", "ledger/tile/0/000", "key"} {
		path := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(path, []byte(content[name]), 0o644); err != nil {
			t.Fatal(err)
		}
		out = append(out, File{name, path})
	}
	return out
}

var content = map[string]string{"holdfast.db": "rows", "ledger/tile/0/000": "leaves", "key": ""}

func archive(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	m, err := Write(&b, "1.0", time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), files(t, content))
	if err != nil || len(m.Files) != 3 {
		t.Fatal(m, err)
	}
	return b.Bytes()
}

func TestBackAndForth(t *testing.T) {
	dir := t.TempDir()
	m, err := Extract(bytes.NewReader(archive(t)), dir)
	if err != nil || m.Version != "1.0" || m.Format != Format {
		t.Fatal(m, err)
	}
	got := map[string]string{}
	for name := range content {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(path); err != nil || st.Mode() != 0o600 {
			t.Error(name, st.Mode(), err)
		}
		got[name] = string(data)
	}
	if d := cmp.Diff(content, got); d != "" {
		t.Error(d)
	}
}

// TestCutOff: no beginning of a backup passes for a whole one, and no byte of it can be changed.
func TestCutOff(t *testing.T) {
	whole := archive(t)
	for n := range whole {
		if _, err := Extract(bytes.NewReader(whole[:n]), t.TempDir()); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
		changed := bytes.Clone(whole)
		changed[n] ^= 0x20
		dir := t.TempDir()
		m, err := Extract(bytes.NewReader(changed), dir)
		if err != nil {
			continue
		}
		for name, want := range content { // a bit of the frame that means nothing may change
			if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want || len(m.Files) != 3 {
				t.Errorf("byte %d changed: %q %v", n, data, err)
			}
		}
	}
}

type member struct {
	h    tar.Header
	data string
}

func packed(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, m := range members {
		m.h.Size = int64(len(m.data))
		if err := w.WriteHeader(&m.h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestHostile: what leads out of the folder, or is no plain file, is not written.
func TestHostile(t *testing.T) {
	manifest := func(m Manifest) member {
		data, _ := json.Marshal(m)
		return member{tar.Header{Name: manifestName, Typeflag: tar.TypeReg, Mode: 0o600}, string(data)}
	}
	plain := member{tar.Header{Name: "a", Typeflag: tar.TypeReg, Mode: 0o600}, "x"}
	for name, members := range map[string][]member{
		"up":              {{tar.Header{Name: "../a", Typeflag: tar.TypeReg, Mode: 0o600}, "x"}},
		"up in between":   {{tar.Header{Name: "b/../../a", Typeflag: tar.TypeReg, Mode: 0o600}, "x"}},
		"absolute":        {{tar.Header{Name: "/tmp/a", Typeflag: tar.TypeReg, Mode: 0o600}, "x"}},
		"symbolic link":   {{tar.Header{Name: "a", Linkname: "/etc", Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}},
		"hard link":       {{tar.Header{Name: "a", Linkname: "/etc/passwd", Typeflag: tar.TypeLink, Mode: 0o600}, ""}},
		"device":          {{tar.Header{Name: "a", Typeflag: tar.TypeChar, Mode: 0o600}, ""}},
		"folder":          {{tar.Header{Name: "a/", Typeflag: tar.TypeDir, Mode: 0o700}, ""}},
		"twice":           {plain, plain},
		"no manifest":     {plain},
		"not named":       {plain, manifest(Manifest{Format: 1})},
		"named, not here": {manifest(Manifest{Format: 1, Files: []Member{{Name: "a"}}})},
		"another digest":  {plain, manifest(Manifest{Format: 1, Files: []Member{{Name: "a", Size: 1, SHA256: "00"}}})},
		"more after it":   {manifest(Manifest{Format: 1}), plain},
		"no JSON":         {{tar.Header{Name: manifestName, Typeflag: tar.TypeReg, Mode: 0o600}, "{"}},
	} {
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Extract(bytes.NewReader(packed(t, members...)), dir); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if all, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(all) != 1 {
			t.Errorf("%s: something lies beside the folder: %v", name, all)
		}
	}
	if _, err := Extract(bytes.NewReader(packed(t, manifest(Manifest{Format: 2, Version: "9.0"}))), t.TempDir()); err == nil || errors.Is(err, ErrDamaged) {
		t.Error("a later format:", err)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(archive(f))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		_, _ = Extract(bytes.NewReader(data), dir)
		if all, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(all) != 1 {
			t.Error("something lies beside the folder")
		}
	})
}
