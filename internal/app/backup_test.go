package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/store/relational"
)

// TestBackupUnderWay takes backups while events are recorded and enter the ledger: each that comes back is whole, holds at
// least what was recorded before it, and its ledger verifies and goes on.
func TestBackupUnderWay(t *testing.T) {
	state, files := t.TempDir(), t.TempDir()
	put(t, state, map[string]string{"agents/authority.pem": "key", "agent/identity.json": "{}", "bus/junk": "x", "advisories/index": "x", ".tmp": "x"})
	if _, err := loadKey(state); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	done, stop := 0, make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		s, err := openStore(t.Context(), state, "")
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.Happened(t.Context(), event.Maker{}.LogIn(fmt.Sprint("p", n), time.Now())); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			done = n
			mu.Unlock()
			if err := enter(t.Context(), s, state); err != nil {
				t.Error(err)
				return
			}
		}
	})
	recorded := func() int { mu.Lock(); defer mu.Unlock(); return done }
	for round := range 5 {
		for before := recorded(); recorded() < before+3; time.Sleep(time.Millisecond) {
			if t.Failed() {
				break
			}
		}
		least := recorded()
		file := filepath.Join(files, fmt.Sprint(round))
		if _, err := Backup(t.Context(), BackupOptions{State: state, Version: "1.0", File: file}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
			t.Error(st.Mode(), err)
		}
		back := filepath.Join(t.TempDir(), "state")
		if _, err := Restore(back, file); err != nil {
			t.Fatal(err)
		}
		v, err := VerifyLedger(t.Context(), back, "")
		if err != nil || v.Events < least || int(v.Checkpoint.Size) != v.Events {
			t.Errorf("%d recorded before, %+v %v", least, v, err)
		}
		if err := withStore(t.Context(), back, "", func(s *relational.Store) error {
			return s.Happened(context.WithoutCancel(t.Context()), event.Maker{}.LogIn("after", time.Now()))
		}); err != nil {
			t.Error(err)
		}
		if w, err := VerifyLedger(t.Context(), back, ""); err != nil || w.Events != v.Events+1 {
			t.Error("the restored ledger does not go on:", w, err)
		}
		got := map[string]bool{}
		for _, name := range []string{"agents/authority.pem", "agent/identity.json", "fingerprint.key", "ledger/signing.key", "bus/junk", "advisories/index", ".tmp"} {
			_, err := os.Stat(filepath.Join(back, name))
			got[name] = err == nil
		}
		want := map[string]bool{"agents/authority.pem": true, "agent/identity.json": true, "fingerprint.key": true, "ledger/signing.key": true, "bus/junk": false, "advisories/index": false, ".tmp": false}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	close(stop)
	writing.Wait()
	for _, dir := range []string{state, files} {
		if junk, _ := filepath.Glob(filepath.Join(dir, ".*backup*")); len(junk) > 0 {
			t.Error(junk)
		}
	}
}
