package witness

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func key(t testing.TB, name string) (note.Signer, string) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s, public
}

func checkpoint(t testing.TB, s note.Signer, size uint64, root string) string {
	t.Helper()
	text := log.Checkpoint{Origin: s.Name(), Size: size, Hash: rfc6962.DefaultHasher.HashLeaf([]byte(root))}.Marshal()
	n, err := note.Sign(&note.Note{Text: string(text)}, s)
	if err != nil {
		t.Fatal(err)
	}
	return string(n)
}

// TestTessera has the library that ledgers are written by ask the witness, by its own client.
func TestTessera(t *testing.T) {
	s, public := key(t, "log.example/one")
	w, err := Open(t.TempDir(), []string{public})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	vouches, err := tessera.NewWitness(w.Key(), at)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(t.Context(), posix.Config{Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	group := tessera.NewWitnessGroup(1, vouches)
	appender, shutdown, reader, err := tessera.NewAppender(t.Context(), driver, tessera.NewAppendOptions().WithCheckpointSigner(s).
		WithCheckpointInterval(100*time.Millisecond).WithBatching(1, time.Millisecond).WithWitnesses(group, nil))
	if err != nil {
		t.Fatal(err)
	}
	awaiter := tessera.NewPublicationAwaiter(t.Context(), reader.ReadCheckpoint, 10*time.Millisecond)
	for i := range 5 {
		if _, cp, err := awaiter.Await(t.Context(), appender.Add(t.Context(), tessera.NewEntry(fmt.Append(nil, i)))); err != nil || !group.Satisfied(cp) {
			t.Fatalf("%d: %v\n%s", i, err, cp)
		}
	}
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if h, err := w.last(s.Name()); err != nil || h.Size != 5 {
		t.Error(h, err)
	}
}

// TestAdd is what the protocol says of each request.
func TestAdd(t *testing.T) {
	s, public := key(t, "log.example/one")
	stranger, _ := key(t, "log.example/one")
	other, _ := key(t, "log.example/other")
	dir := t.TempDir()
	w, err := Open(dir, []string{public})
	if err != nil {
		t.Fatal(err)
	}
	five := checkpoint(t, s, 5, "five")
	for _, x := range []struct {
		what, body string
		status     int
		says       string
	}{
		{"nothing", "", 400, ""},
		{"no size", "\n\n" + five, 400, "old size"},
		{"a size with a zero before it", "old 05\n\n" + five, 400, "old size"},
		{"a negative size", "old -1\n\n" + five, 400, "old size"},
		{"no hash", "old 0\nx\n\n" + five, 400, "hash"},
		{"too many hashes", "old 0" + strings.Repeat("\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 64) + "\n\n" + five, 400, "hashes"},
		{"a log that nobody told of", "old 0\n\n" + checkpoint(t, other, 5, "five"), 404, ""},
		{"another key", "old 0\n\n" + checkpoint(t, stranger, 5, "five"), 403, ""},
		{"a changed checkpoint", "old 0\n\n" + strings.Replace(five, "\n5\n", "\n6\n", 1), 403, ""},
		{"an old size that is larger", "old 6\n\n" + five, 400, "larger"},
		{"an old size that is not known", "old 4\n\n" + five, 409, "0\n"},
		{"a proof for the first", "old 0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n" + five, 422, ""},
		{"the first", "old 0\n\n" + five, 200, "— " + w.signer.Name()},
		{"the same", "old 5\n\n" + five, 200, "— " + w.signer.Name()},
		{"the first again", "old 0\n\n" + five, 409, "5\n"},
		{"another one of the same size", "old 5\n\n" + checkpoint(t, s, 5, "forked"), 409, "5\n"},
		{"a later one without a proof", "old 5\n\n" + checkpoint(t, s, 6, "six"), 422, ""},
		{"an earlier one", "old 4\n\n" + checkpoint(t, s, 4, "four"), 409, "5\n"},
	} {
		status, text := w.add(t.Context(), []byte(x.body))
		if status != x.status || !strings.Contains(text, x.says) {
			t.Errorf("%s: %d %s", x.what, status, text)
		}
	}
	if _, err := Open(dir, []string{public}); err == nil {
		t.Error("two have the same folder")
	}
	w.Close()
	again, err := Open(dir, []string{public})
	if err != nil || again.Key() != w.Key() {
		t.Fatal(err)
	}
	defer again.Close()
	if status, text := again.add(t.Context(), []byte("old 0\n\n"+five)); status != 409 || text != "5\n" {
		t.Error("after a restart:", status, text)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(again.path(s.Name()))), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := again.add(t.Context(), []byte("old 0\n\n"+five)); status != 500 {
		t.Error("what cannot be read is taken for nothing:", status)
	}
	for name, logs := range map[string][]string{"none": nil, "no key": {"x"}} {
		if _, err := Open(t.TempDir(), logs); err == nil {
			t.Error(name)
		}
	}
	server := httptest.NewServer(again.Handler())
	defer server.Close()
	for path, want := range map[string]int{"/add-checkpoint": 400, "/": 404} {
		r, err := http.Post(server.URL+path, "text/plain", strings.NewReader(strings.Repeat("a", maxRequest+1)))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Error(path, r.StatusCode)
		}
	}
}

// FuzzAdd: whatever is asked, the witness answers, and nothing but what goes on from the last head is kept.
func FuzzAdd(f *testing.F) {
	s, public := key(f, "log.example/one")
	five := checkpoint(f, s, 5, "five")
	for _, text := range []string{"old 0\n\n" + five, "old 5\n\n" + five, "old 5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n" + five, "old 4\n\n", "\n\n"} {
		f.Add([]byte(text))
	}
	w, err := Open(f.TempDir(), []string{public})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { w.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		before, _ := w.last(s.Name())
		status, text := w.add(t.Context(), data)
		after, err := w.last(s.Name())
		if err != nil || after.Size < before.Size || status != 200 && after.Size != before.Size || text == "" {
			t.Error(status, text, before, after, err)
		}
	})
}
