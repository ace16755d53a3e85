package link

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
)

func id() string { return uuid.Must(uuid.NewV7()).String() }

func TestSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s, err := OpenSpool(dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, waits, err := s.Oldest(); waits || err != nil {
		t.Error(waits, err)
	}
	ids := []string{id(), id(), id(), id()}
	for i, x := range ids {
		dropped, err := s.Add(x, bytes.Repeat([]byte{byte(i)}, 40))
		if want := max(0, min(i-1, 1)); err != nil || dropped != want {
			t.Error(i, dropped, want, err)
		}
	}
	if n, lost := s.Waiting(); n != 2 || lost != 2 {
		t.Error(n, lost)
	}
	// What waits is there after a restart, without what was being written.
	for _, junk := range []string{keepPrefix + "1", "note", "x" + spoolSuffix} {
		if err := os.WriteFile(filepath.Join(dir, junk), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = OpenSpool(dir, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, keepPrefix+"1")); !os.IsNotExist(err) {
		t.Error("half a report is left")
	}
	select {
	case <-s.Added():
	default:
		t.Error("nothing says that reports wait")
	}
	for _, want := range ids[2:] {
		got, data, waits, err := s.Oldest()
		if got != want || len(data) != 40 || !waits || err != nil {
			t.Error(got, want, len(data), waits, err)
		}
		if err := s.Done(got); err != nil {
			t.Error(err)
		}
	}
	if _, _, waits, err := s.Oldest(); waits || err != nil {
		t.Error(waits, err)
	}
	// One that is larger than all the room is kept all the same: it is the newest.
	if dropped, err := s.Add(id(), make([]byte, 1000)); dropped != 0 || err != nil {
		t.Error(dropped, err)
	}
	// Who cleans up by hand takes reports away, and nothing breaks.
	name, _, _, _ := s.Oldest()
	if err := os.Remove(s.path(name)); err != nil {
		t.Fatal(err)
	}
	if _, _, waits, err := s.Oldest(); waits || err != nil {
		t.Error(waits, err)
	}
}

func TestIdentity(t *testing.T) {
	dir := t.TempDir()
	for _, data := range []string{"", "{}", "null", `{"id":"A-ABCDEFGHIJ"}`, `{"id":"A-ABCDEFGHIJ","certificate":"AA==","private_key":"AA==","key":"AA=="}`} {
		if err := os.WriteFile(filepath.Join(dir, identityFile), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if i, err := ReadIdentity(dir); err == nil {
			t.Errorf("%q is an identity: %+v", data, i)
		}
	}
}
