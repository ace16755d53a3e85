package ledger_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/ledger"
)

// bundle makes one of two files, and gives the key that signed it.
func bundle(t testing.TB) ([]byte, string) {
	t.Helper()
	l := ledger.At(t.TempDir())
	if _, err := l.Enter(t.Context(), 0, []ledger.Entry{{ID: "event/1", Kind: "event", At: time.Now(), Body: []byte(`{}`)}}); err != nil {
		t.Fatal(err)
	}
	f, err := l.FS().Open("verify.pub")
	if err != nil {
		t.Fatal(err)
	}
	var key bytes.Buffer
	_, err = key.ReadFrom(f)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	members := []ledger.Member{{Name: "verify.pub", Data: key.Bytes()}, {Name: "days.json", Data: []byte(`[{"day":"2026-01-01"}]`)}, {Name: "empty.json"}}
	var out, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&out, &again} {
		if err := l.WriteBundle(w, ledger.BundleAbout{From: at.AddDate(0, -3, 0), Until: at, Made: at, Version: "1.0"}, members); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Error("the same files make other bytes")
	}
	return out.Bytes(), strings.TrimSpace(key.String())
}

// rewritten is a bundle after somebody did something to its files; nil takes one out.
func rewritten(t *testing.T, data []byte, change func(name string, data []byte) []byte, added ...string) *zip.Reader {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	put := func(name string, data []byte) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if now := change(f.Name, b.Bytes()); now != nil {
			put(f.Name, now)
		}
	}
	for _, name := range added {
		put(name, []byte("x"))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBundle: what was made verifies; whatever is done to it is named.
func TestBundle(t *testing.T) {
	data, key := bundle(t)
	_, other := bundle(t)
	same := func(_ string, d []byte) []byte { return d }
	for _, trusted := range []string{"", key} {
		b, err := ledger.OpenBundle(rewritten(t, data, same), trusted)
		if err != nil || len(b.Names) != 3 || b.Key != key || b.Version != "1.0" || b.Until.Month() != time.April {
			t.Fatalf("%+v %v", b, err)
		}
		if d, err := b.Read("days.json"); err != nil || !strings.Contains(string(d), "2026-01-01") {
			t.Error(err)
		}
		if _, err := b.Read("manifest.txt"); err == nil {
			t.Error("something that is not on the list is read")
		}
	}
	of := func(want string, now []byte) func(string, []byte) []byte {
		return func(name string, d []byte) []byte {
			if name == want {
				return now
			}
			return d
		}
	}
	for _, x := range []struct {
		what string
		z    *zip.Reader
		key  string
		says string
	}{
		{"changed", rewritten(t, data, of("days.json", []byte(`[{"day":"2026-01-02"}]`))), key, "days.json was changed: its digest"},
		{"longer", rewritten(t, data, of("days.json", []byte(`[{"day":"2026-01-01"}] `))), key, "days.json was changed: it is not as long"},
		{"missing", rewritten(t, data, of("empty.json", nil)), key, "empty.json is on the list of the bundle and is missing"},
		{"added", rewritten(t, data, same, "more.json"), key, "more.json is in the bundle and not on its list"},
		{"twice", rewritten(t, data, same, "days.json"), key, "days.json is in the bundle twice"},
		{"another key", rewritten(t, data, same), other, "nor follows from it"},
		{"list", rewritten(t, data, func(name string, d []byte) []byte {
			return bytes.Replace(d, []byte("2026-04-01"), []byte("2026-05-01"), 1)
		}), key, "is not signed by"},
		{"no list", rewritten(t, data, of("manifest.txt", nil)), key, "no bundle"},
		{"no key", rewritten(t, data, of("verify.pub", nil)), "", "carries no public key"},
		{"nonsense", rewritten(t, data, same), "nonsense", "no public key"},
	} {
		if _, err := ledger.OpenBundle(x.z, x.key); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %q", x.what, err, x.says)
		}
	}
}

// FuzzBundle: whatever is given, nothing breaks, and nothing that was not signed is taken.
func FuzzBundle(f *testing.F) {
	data, key := bundle(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, in []byte) {
		z, err := zip.NewReader(bytes.NewReader(in), int64(len(in)))
		if err != nil {
			return
		}
		b, err := ledger.OpenBundle(z, key)
		if err != nil {
			return
		}
		if d, err := b.Read("days.json"); err != nil || string(d) != `[{"day":"2026-01-01"}]` {
			t.Errorf("%q %v", d, err)
		}
	})
}
