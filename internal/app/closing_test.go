package app

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// books is a state folder of which three days are closed, with a run in each.
func books(t *testing.T) (string, *bookkeeping, time.Time) {
	t.Helper()
	state := t.TempDir()
	store, err := openStore(t.Context(), state, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	first := time.Date(2026, 11, 20, 13, 0, 0, 5, time.UTC)
	b := &bookkeeping{o: ServeOptions{State: state, Log: t.Logf}, store: store, make: event.Maker{Version: "1.0"}, wake: func() {}}
	for i, id := range []string{"a", "b", "c"} {
		at := first.AddDate(0, 0, i)
		saw := tlsserver.Fact{Name: "shop.test", Address: id}
		data, err := fact.Canonical(saw)
		if err != nil {
			t.Fatal(err)
		}
		seen := fact.Observation{Subject: "shop.test:443", Kind: saw.Kind(), Fact: saw, Digest: fact.Digest(data), ObservedAt: at, Collector: "tls://shop.test:443"}
		if _, err := store.Record(t.Context(), run.Run{ID: id, Started: at, Finished: at, Targets: []string{"tls://shop.test:443"}}, []fact.Observation{seen}, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.PutDay(t.Context(), at.Format(time.DateOnly), day{IDs: []string{"A.5.1.1"}, All: standingOf{Statuses: "f"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.closeDays(t.Context(), nil, first); err != nil { // the first day is under way
		t.Fatal(err)
	}
	return state, b, first.AddDate(0, 0, 3)
}

// TestClosedDays: each day is closed once, also those that were missed, and what is changed of one afterwards is named.
func TestClosedDays(t *testing.T) {
	state, b, now := books(t)
	tooSoon := time.Date(2026, 11, 23, 0, 5, 0, 0, time.UTC)
	for _, at := range []time.Time{tooSoon, now, now, now.Add(time.Hour)} {
		if err := b.closeDays(t.Context(), nil, at); err != nil {
			t.Fatal(err)
		}
	}
	v, err := VerifyLedger(t.Context(), state, "")
	if err != nil || v.Days != 3 || v.Events != 3 {
		t.Fatalf("%+v, %v", v, err)
	}
	list, err := LedgerEntries(state)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"the day 2026-11-20 is closed: 1 runs", "the day 2026-11-21 is closed: 1 runs", "the day 2026-11-22 is closed: 1 runs"} {
		e, err := event.Parse(list[i].Body)
		if err != nil || !strings.HasPrefix(e.Words(), want) {
			t.Errorf("%d: %q, %v", i, e.Words(), err)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(state, "holdfast.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, x := range []struct{ change, back, want string }{
		{"UPDATE observations SET kind = 'y/1' WHERE run = 'b'", "UPDATE observations SET kind = 'tlsserver/1' WHERE run = 'b'", "what the runs of 2026-11-21 saw is not what entry 1 of the ledger tells"},
		{"UPDATE runs SET finished_at = '2026-11-22T01:00:00Z' WHERE id = 'b'", "UPDATE runs SET finished_at = started_at WHERE id = 'b'", "of 2026-11-21 there are 0 runs, and entry 1 of the ledger tells of 1"},
		{"UPDATE days SET data = replace(data, '\"f\"', '\"p\"') WHERE day = '2026-11-22'", "UPDATE days SET data = replace(data, '\"p\"', '\"f\"') WHERE day = '2026-11-22'", "how requirements stood on 2026-11-22 is not what entry 2"},
	} {
		if r, err := db.Exec(x.change); err != nil {
			t.Fatal(x.change, err)
		} else if n, _ := r.RowsAffected(); n == 0 {
			t.Fatal(x.change, " changed nothing")
		}
		if _, err := VerifyLedger(t.Context(), state, ""); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", x.change, err)
		}
		if _, err := db.Exec(x.back); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := VerifyLedger(t.Context(), state, ""); err != nil {
		t.Error(err)
	}
}

// TestClosedDaysOfBundle: a bundle whose runs or days are not those of its ledger is refused, though it is signed.
func TestClosedDaysOfBundle(t *testing.T) {
	state, b, now := books(t)
	if err := b.closeDays(t.Context(), nil, now); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bundle.zip")
	from := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	about := ledger.BundleAbout{From: from, Until: from.AddDate(0, 0, 2), Made: now.Truncate(time.Second), Version: "1.0"}
	if _, err := Evidence(t.Context(), EvidenceOptions{State: state, Version: "1.0", From: about.From, Until: about.Until, File: file}, now); err != nil {
		t.Fatal(err)
	}
	v, err := VerifyLedgerFile(t.Context(), file, "")
	if err != nil || v.Days != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := ledger.OpenBundle(z, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ file, from, to, want string }{
		{"runs.json", `"kind": "tlsserver/1"`, `"kind": "y/1"`, "what the runs of 2026-11-21 saw"},
		{"runs.json", "2026-11-21T13:", "2026-11-22T14:", "of 2026-11-21 there are 0 runs"},
		{"days.json", `"statuses": "f"`, `"statuses": "p"`, "how requirements stood on 2026-11-21"},
	} {
		var members []ledger.Member
		for _, name := range whole.Names {
			data, err := whole.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			if name == x.file {
				changed := bytes.ReplaceAll(data, []byte(x.from), []byte(x.to))
				if bytes.Equal(changed, data) {
					t.Fatalf("%s has no %s:\n%s", x.file, x.from, data)
				}
				data = changed
			}
			members = append(members, ledger.Member{Name: name, Data: data})
		}
		forged := filepath.Join(t.TempDir(), "forged.zip")
		out, err := os.Create(forged)
		if err != nil {
			t.Fatal(err)
		}
		if err := ledgerOf(state).WriteBundle(out, about, members); err != nil {
			t.Fatal(err)
		}
		out.Close()
		if _, err := VerifyLedgerFile(t.Context(), forged, ""); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s %s: %v", x.file, x.from, err)
		}
	}
}

// TestEstateNoted: an estate enters the ledger when it is read first, and each time it changes, with what changed; no other time.
func TestEstateNoted(t *testing.T) {
	state, b, now := books(t)
	b.o.Estate = filepath.Join(t.TempDir(), "estate.yaml")
	for i, text := range []string{"", "", "# a word\n", "roles: {security: [ana]}\n", "roles: {security: [ana]}\nteams: [{name: core, members: [ana]}]\n"} {
		if err := os.WriteFile(b.o.Estate, []byte("organization: Northwind\npeople: [{id: ana, name: Ana, email: ana@example.com}]\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.once(t.Context(), now.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := VerifyLedger(t.Context(), state, ""); err != nil {
		t.Fatal(err)
	}
	list, err := LedgerEntries(state)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range list {
		if x, err := event.Parse(e.Body); err == nil && strings.Contains(x.Words(), "estate") {
			told = append(told, x.Words())
		}
	}
	if want := "the estate was read for the first time|the estate changed: roles: security added|the estate changed: teams: core added"; strings.Join(told, "|") != want {
		t.Errorf("%q", told)
	}
	if err := os.WriteFile(b.o.Estate, []byte("organization: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.once(t.Context(), now.Add(time.Hour)); err == nil {
		t.Error("an estate that cannot be read is no change, and is told")
	}
}

// TestForget: what is older than it is kept goes, once a day is closed; what was seen last and what is held stays, and the ledger
// verifies all along. Days of which runs are gone are no longer compared.
func TestForget(t *testing.T) {
	state, b, now := books(t)
	b.o.Keep = 1
	h, err := PlaceHold(t.Context(), state, "", "1.0", Hold{Reason: "case 12", Subject: "shop.test:443", From: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Made: now})
	if err != nil {
		t.Fatal(err)
	}
	kept := func() (out string) {
		t.Helper()
		runs, err := b.store.Runs(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			out += r.ID
		}
		if _, err := VerifyLedger(t.Context(), state, ""); err != nil {
			t.Error(err)
		}
		return out
	}
	for _, x := range []struct {
		at      time.Time
		release bool
		kept    string
	}{
		{now.AddDate(0, 0, -1), false, "cb"}, // the 22nd: kept from the 21st, and a goes
		{now.AddDate(0, 0, 6), false, "cb"},  // b is held, c was seen last
		{now.AddDate(0, 0, 7), true, "c"},
	} {
		if x.release {
			if err := ReleaseHold(t.Context(), state, "", "1.0", h.ID, x.at); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.closeDays(t.Context(), nil, x.at); err != nil {
			t.Fatal(err)
		}
		if got := kept(); got != x.kept {
			t.Errorf("%s: %s are kept, want %s", x.at, got, x.kept)
		}
		last, err := b.store.Latest(t.Context(), "tlsserver/"+strconv.Itoa(tlsserver.Fact{}.Kind().Version), x.at, func(string, []byte) (fact.Fact, error) { return tlsserver.Fact{}, nil })
		if err != nil || len(last) != 1 || last[0].Fact == nil {
			t.Errorf("%s: seen last: %v, %v", x.at, last, err)
		}
	}
	for name, h := range map[string]Hold{"no reason": {}, "backwards": {Reason: "x", From: now, Until: now.Add(-1)}} {
		if _, err := PlaceHold(t.Context(), state, "", "1.0", h); err == nil {
			t.Error(name)
		}
	}
	if err := ReleaseHold(t.Context(), state, "", "1.0", h.ID, now); err == nil {
		t.Error("a hold is released once")
	}
}

// TestClockJumps: that the clock was set stands in the ledger, and no day is closed by a clock that may be wrong.
func TestClockJumps(t *testing.T) {
	state, b, now := books(t)
	b.steady = time.Time{}
	ahead := now.AddDate(0, 0, 5)
	if err := b.noteJump(t.Context(), 5*24*time.Hour, ahead); err != nil {
		t.Fatal(err)
	}
	if err := b.once(t.Context(), ahead); err != nil {
		t.Fatal(err)
	}
	if err := b.noteJump(t.Context(), -5*24*time.Hour, now); err != nil {
		t.Fatal(err)
	}
	if err := b.noteJump(t.Context(), time.Minute, now); err != nil { // which is none
		t.Fatal(err)
	}
	for _, at := range []time.Time{now, now.Add(2 * time.Hour)} {
		if err := b.once(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	v, err := VerifyLedger(t.Context(), state, "")
	if err != nil || v.Days != 3 || v.Events != 5 {
		t.Errorf("%+v, %v", v, err)
	}
	list, err := LedgerEntries(state)
	if err != nil || len(list) != 5 {
		t.Fatal(list, err)
	}
	told := ""
	for _, e := range list {
		if x, err := event.Parse(e.Body); err == nil {
			told += x.Words() + "\n"
		}
	}
	if !strings.Contains(told, "jumped ahead by 120h0m0s") || !strings.Contains(told, "jumped back by 120h0m0s") || strings.Contains(told, "2026-11-27 is closed") {
		t.Error(told)
	}
	if from := time.Now(); jumped(from, from.Add(time.Hour)) != 0 {
		t.Error("time that passed is no jump")
	}
}
