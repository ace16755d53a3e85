package relational

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/run"
)

// door is a fact for tests: which doors are open.
type door struct {
	fact.Gaps `json:"gaps,omitempty"`
	Open      []string `json:"open,omitempty"`
}

func (door) Kind() fact.Kind { return fact.Kind{Name: "door", Version: 1} }

var shut = &check.Check{ID: "door-shut", Title: "Doors are shut", Needs: []string{"doors"}, Rule: check.On(func(d door, _ estate.View, _ check.Params) check.Result {
	var vs []check.Violation
	for _, o := range d.Open {
		vs = append(vs, check.Violation{Key: "door:" + o, Detail: o + " is open"})
	}
	return check.Failed("all shut", vs)
})}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// look records one look at a subject and gives the findings that it touched.
func look(t *testing.T, s *Store, id, subject string, at time.Time, d door) (map[string]finding.Finding, error) {
	t.Helper()
	data, err := fact.Canonical(d)
	if err != nil {
		t.Fatal(err)
	}
	obs := []fact.Observation{{Subject: subject, Kind: d.Kind(), Fact: d, Digest: fact.Digest(data), ObservedAt: at, Collector: "test"}}
	return s.Record(t.Context(), run.Run{ID: id, Started: at, Finished: at, Version: "test", Targets: []string{"test"}}, obs, check.Judge(shut, nil, obs, nil, at), nil)
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := opened(t, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestFindingLives(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	day := 24 * time.Hour
	step := func(id string, at time.Time, d door) finding.Finding {
		t.Helper()
		if _, err := look(t, s, id, "a", at, d); err != nil {
			t.Fatal(err)
		}
		f, _, err := s.Finding(t.Context(), finding.ID("door-shut", "door", "a", "door:front"))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := step("1", noon, door{Open: []string{"front"}})
	if f.State != finding.Open || !f.Identified.Equal(noon) {
		t.Errorf("opened: %+v", f)
	}
	f = step("2", noon.Add(day), door{Open: []string{"back", "front"}})
	if !f.Identified.Equal(noon) || !f.LastSeen.Equal(noon.Add(day)) {
		t.Errorf("seen again: %+v", f)
	}
	f = step("3", noon.Add(2*day), door{Gaps: fact.Gaps{"doors": {Cause: fact.Denied}}})
	if f.State != finding.Open {
		t.Error("what could not be seen must stay open")
	}
	f = step("4", noon.Add(3*day), door{})
	if f.State != finding.Closed || f.ClosedBy != "4" {
		t.Errorf("closed: %+v", f)
	}
	f = step("5", noon.Add(4*day), door{Open: []string{"front"}})
	if f.State != finding.Open || f.Occurrence != 2 || !f.Identified.Equal(noon.Add(4*day)) || !f.FirstSeen.Equal(noon) {
		t.Errorf("reopened: %+v", f)
	}
	_, history, err := s.Finding(t.Context(), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	var happened []string
	for _, e := range history {
		happened = append(happened, string(e.Happened))
	}
	if got := strings.Join(happened, " "); got != "opened closed reopened" {
		t.Errorf("history: %s", got)
	}
}

func TestHistoryIsNotRewritten(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	if _, err := look(t, s, "1", "a", noon, door{}); err != nil {
		t.Fatal(err)
	}
	if _, err := look(t, s, "2", "a", noon.Add(-time.Second), door{}); !errors.Is(err, run.ErrHistory) {
		t.Errorf("err = %v", err)
	}
	if _, err := look(t, s, "3", "b", noon.Add(-time.Second), door{}); err != nil {
		t.Errorf("another subject has its own history: %v", err)
	}
}

func TestEqualFactsAreKeptOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	for i, id := range []string{"1", "2", "3"} {
		if _, err := look(t, s, id, "a", noon.Add(time.Duration(i)*time.Hour), door{Open: []string{"front"}}); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := s.db.QueryRow("SELECT count(*) FROM facts").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d facts, %v", n, err)
	}
}

func TestTwoProcessesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			s, err := opened(t, path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i := range 5 {
				if _, err := look(t, s, name+string(rune('0'+i)), "subject-"+name, noon.Add(time.Duration(i)*time.Second), door{Open: []string{"front"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s := open(t, path)
	all, err := s.Findings(t.Context())
	if err != nil || len(all) != 4 {
		t.Errorf("%d findings, %v", len(all), err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	sqliteOnly(t)
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	if _, err := s.db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("err = %v", err)
	}
}

func TestDamageIsNoticed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	if _, err := look(t, s, "1", "a", noon, door{Open: []string{"front"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("UPDATE facts SET data = ?", s.enc.EncodeAll([]byte(`{"open":["other"]}`), nil)); err != nil {
		t.Fatal(err)
	}
	_, err := s.Observations(t.Context(), "1", door{}.Kind().String(), "", 10, func(string, []byte) (fact.Fact, error) { return door{}, nil })
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("err = %v", err)
	}
}

// TestKill kills a process that records without end, again and again, and counts: every run that
// it had told of must be there, with its finding.
func TestKill(t *testing.T) {
	if path := os.Getenv("HOLDFAST_KILL_TEST"); path != "" {
		recordForever(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "x.db")
	open(t, path).Close()
	told := 0
	for range 5 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		cmd.Env = append(os.Environ(), "HOLDFAST_KILL_TEST="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 4096)
		for lines := 0; lines < 7; {
			n, err := out.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			lines += strings.Count(string(buf[:n]), "told\n")
			told += strings.Count(string(buf[:n]), "told\n")
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for {
			n, err := out.Read(buf)
			told += strings.Count(string(buf[:n]), "told\n")
			if err != nil {
				break
			}
		}
		cmd.Wait()
	}
	s := open(t, path)
	var runs, events int
	if err := s.db.QueryRow("SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM finding_events)").Scan(&runs, &events); err != nil {
		t.Fatal(err)
	}
	if runs < told || events != runs {
		t.Errorf("told of %d runs, recorded %d with %d events", told, runs, events)
	}
	if !s.file() {
		return
	}
	var ok string
	if err := s.db.QueryRow("PRAGMA integrity_check").Scan(&ok); err != nil || ok != "ok" {
		t.Errorf("integrity: %s, %v", ok, err)
	}
}

func recordForever(t *testing.T, path string) {
	s := open(t, path)
	for i := 0; ; i++ {
		id := time.Now().Format(time.RFC3339Nano)
		if _, err := look(t, s, id, "subject "+id, noon, door{Open: []string{"front"}}); err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("told\n")
	}
}

func TestFullDisk(t *testing.T) {
	sqliteOnly(t)
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	if _, err := look(t, s, "1", "a", noon, door{Open: []string{"front"}}); err != nil {
		t.Fatal(err)
	}
	var pages int
	if err := s.db.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	// SQLite's own limit makes it answer as a full disk does (SQLITE_FULL).
	if _, err := s.db.Exec("PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	var last error
	for i := range 2000 {
		if _, last = look(t, s, "x"+time.Duration(i).String(), "b"+time.Duration(i).String(), noon, door{Open: []string{strings.Repeat("x", 3000)}}); last != nil {
			break
		}
	}
	if last == nil || !strings.Contains(last.Error(), "full") {
		t.Fatalf("err = %v", last)
	}
	f, _, err := s.Finding(t.Context(), finding.ID("door-shut", "door", "a", "door:front"))
	if err != nil || f.State != finding.Open {
		t.Errorf("what was told before is lost: %v %v", f, err)
	}
}

// Pages of a run give every subject once, in order, with the facts that it had; equal ones are decoded once.
func TestObservationsInPages(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	var obs []fact.Observation
	for i := range 7 {
		d := door{Open: []string{"front"}}
		if i == 3 {
			d.Open = []string{"back"}
		}
		data, err := fact.Canonical(d)
		if err != nil {
			t.Fatal(err)
		}
		o := fact.Observation{Subject: fmt.Sprint("h", i), Kind: d.Kind(), Fact: d, Digest: fact.Digest(data), ObservedAt: noon, Collector: "test"}
		if i == 5 {
			o.Fact, o.Digest, o.Problem = nil, "", &fact.Problem{Cause: fact.Unreachable, Source: "h5"}
		}
		obs = append(obs, o)
	}
	if _, err := s.Record(t.Context(), run.Run{ID: "1", Started: noon, Finished: noon, Version: "test"}, obs, nil, nil); err != nil {
		t.Fatal(err)
	}
	var decoded atomic.Int64
	decode := func(_ string, data []byte) (fact.Fact, error) {
		decoded.Add(1)
		var d door
		err := json.Unmarshal(data, &d)
		return d, err
	}
	var got []string
	for after := ""; ; {
		page, err := s.Observations(t.Context(), "1", door{}.Kind().String(), after, 3, decode)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page {
			text := o.Subject + " "
			if o.Problem != nil {
				text += string(o.Problem.Cause)
			} else {
				text += o.Fact.(door).Open[0]
			}
			got = append(got, text)
		}
		if len(page) < 3 {
			break
		}
		after = page[2].Subject
	}
	want := []string{"h0 front", "h1 front", "h2 front", "h3 back", "h4 front", "h5 unreachable", "h6 front"}
	if !slices.Equal(got, want) || decoded.Load() != 4 {
		t.Errorf("%q, decoded %d times, want %q, 4 times", got, decoded.Load(), want)
	}
}

// TestAddressesInPages: a page holds all addresses of its subjects.
func TestAddressesInPages(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	var obs []fact.Observation
	for i := range 6 {
		obs = append(obs, fact.Observation{Subject: fmt.Sprint("h", i/3), Place: fmt.Sprint("p", i%3), Kind: door{}.Kind(),
			Problem: &fact.Problem{Cause: fact.Unreachable}, ObservedAt: noon, Collector: "test"})
	}
	if _, err := s.Record(t.Context(), run.Run{ID: "1", Started: noon, Finished: noon, Version: "test"}, obs, nil, nil); err != nil {
		t.Fatal(err)
	}
	page, err := s.Observations(t.Context(), "1", door{}.Kind().String(), "", 1, nil)
	if err != nil || len(page) != 3 || page[0].Subject != "h0" || page[2].Subject != "h0" || page[2].Place != "p2" {
		t.Errorf("%v %+v", err, page)
	}
}

// TestUpgrade: what an older database holds is there after the upgrade, and one can go back.
func TestUpgrade(t *testing.T) {
	sqliteOnly(t)
	path := filepath.Join(t.TempDir(), "x.db")
	s := open(t, path)
	if _, err := look(t, s, "1", "a", noon, door{Open: []string{"front"}}); err != nil {
		t.Fatal(err)
	}
	sub, err := fs.Sub(migrations, "sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.db, sub)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, path)
	decode := func(_ string, data []byte) (fact.Fact, error) {
		var d door
		err := json.Unmarshal(data, &d)
		return d, err
	}
	page, err := s.Observations(t.Context(), "1", door{}.Kind().String(), "", 10, decode)
	if err != nil || len(page) != 1 || page[0].Fact.(door).Open[0] != "front" {
		t.Errorf("%v %+v", err, page)
	}
}
