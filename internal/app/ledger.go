package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/drift"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/trace"
	"holdfast.example/holdfast/internal/waiver"
)

// LedgerCheckpoint is the signed head of the ledger, LedgerEntry what is on record, LedgerProof that it is, LedgerCosigned what a witness
// vouches for.
type (
	LedgerCheckpoint = ledger.Checkpoint
	LedgerEntry      = ledger.Entry
	LedgerProof      = ledger.Proof
	LedgerCosigned   = ledger.Cosigned
)

// ErrLedgerEmpty says that nothing was entered yet.
var ErrLedgerEmpty = ledger.ErrEmpty

// entered is the setting that says what of the database is in the ledger.
const entered = "ledger"

// ledgered is its value. It is written after the ledger: what a kill leaves between the two is entered again, and found
// there already.
type ledgered struct {
	Decisions  int    `json:"decisions"`  // entries on decisions, the first so many
	Approvals  int    `json:"approvals"`  // likewise, of baselines
	Events     int    `json:"events"`     // events, up to this one
	Checkpoint string `json:"checkpoint"` // the last that was seen
	Size       uint64 `json:"size"`       // entries of the ledger then
}

func ledgerOf(state string) *ledger.Ledger { return ledger.At(filepath.Join(state, "ledger")) }

// enteredIn names the setting of the ledger of a state folder. A file has one ledger. A database that several control planes
// share has one of each, by its name.
func enteredIn(store *relational.Store, state string) string {
	if store.InFile() {
		return entered
	}
	return entered + ":" + originOf(state)
}

// originOf is the name of the ledger of a state folder; empty: it has none yet.
func originOf(state string) string {
	origin, _, _ := strings.Cut(publicKey(ledgerOf(state).FS()), "+")
	return origin
}

// sameLedger refuses a ledger that is not the one which this control plane wrote before to a database that others share: a folder that is
// gone, or another one in its place, would go on as a new ledger else, and nobody would miss the old one.
func sameLedger(ctx context.Context, store *relational.Store, state string) error {
	if store.InFile() {
		return nil
	}
	wrote, err := store.Setting(ctx, ownLedger(state))
	if err == nil && wrote != "" && wrote != originOf(state) {
		err = fmt.Errorf("the ledger in %s is gone, or another one is in its place: this control plane wrote %s; restore it from a backup, or begin a new one knowingly with another --state", filepath.Join(state, "ledger"), wrote)
	}
	return err
}

// ownLedger names the setting that says which ledger this control plane writes.
func ownLedger(state string) string { return "ledger of " + programName(state) }

func whatIsEntered(ctx context.Context, store *relational.Store, state string) (ledgered, error) {
	var l ledgered
	name := enteredIn(store, state)
	text, err := store.Setting(ctx, name)
	if origin, ours := strings.CutPrefix(name, entered+":"); err == nil && text == "" && ours && origin != "" {
		// What was copied from a file is of the ledger that went on from there.
		if text, err = store.Setting(ctx, entered); err == nil && json.Unmarshal([]byte(text), &l) == nil && !strings.HasPrefix(l.Checkpoint, origin+"\n") {
			l, text = ledgered{}, ""
		}
	}
	if err != nil || text == "" {
		return l, err
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return l, fmt.Errorf("what the ledger holds is noted in %s in a way that cannot be read: %w", store.Path(), err)
	}
	return l, nil
}

// eventsAtOnce is how many events enter the ledger together.
const eventsAtOnce = 1000

// told is what the database holds that belongs into the ledger, kind by kind in its order.
type told struct {
	decisions []waiver.Entry
	approvals []drift.Approval
}

func toldBy(ctx context.Context, store *relational.Store) (t told, err error) {
	if t.decisions, err = store.Decisions(ctx); err != nil {
		return t, err
	}
	t.approvals, err = store.Approvals(ctx)
	return t, err
}

// entries gives what follows after the first so many.
func (t told) entries(after ledgered) (out []ledger.Entry, err error) {
	add := func(id, kind string, at time.Time, what any) {
		body, problem := json.Marshal(what)
		err = errors.Join(err, problem)
		out = append(out, ledger.Entry{ID: id, Kind: kind, At: at, Body: body})
	}
	for _, e := range t.decisions[min(after.Decisions, len(t.decisions)):] {
		add(decisionID(e.Seq), "decision", e.At, e)
	}
	for _, a := range t.approvals[min(after.Approvals, len(t.approvals)):] {
		add(approvalID(a.Seq), "approval", a.At, a)
	}
	return out, err
}

// enter puts into the ledger what is not there yet.
func enter(ctx context.Context, store *relational.Store, state string) error {
	if err := sameLedger(ctx, store, state); err != nil {
		return err
	}
	all, err := toldBy(ctx, store)
	if err != nil {
		return err
	}
	before, err := whatIsEntered(ctx, store, state)
	if err != nil {
		return err
	}
	events, err := store.EventsAfter(ctx, before.Events, eventsAtOnce)
	if err != nil {
		return err
	}
	pending, err := all.entries(before)
	if err != nil || len(pending)+len(events) == 0 {
		return err
	}
	if err := errors.Join(waiver.Verify(all.decisions), drift.Verify(all.approvals)); err != nil {
		return err
	}
	for _, k := range events {
		e, err := event.Parse(k.Data)
		if err != nil {
			return fmt.Errorf("event %d of %s cannot be read: %w", k.Seq, store.Path(), err)
		}
		pending = append(pending, ledger.Entry{ID: eventID(k.Seq), Kind: "event", At: e.At(), Body: k.Data})
		before.Events = k.Seq
	}
	pending = inOrder(pending)
	entering, span := trace.Begin(ctx, "enter ledger")
	span.Say(trace.Count("holdfast.entries", len(pending)))
	head, err := ledgerOf(state).Enter(entering, before.Size, pending)
	span.End(err)
	if err != nil {
		return fmt.Errorf("it is recorded, and not yet in the ledger; it enters with what comes next: %w", err)
	}
	text, err := json.Marshal(ledgered{Decisions: len(all.decisions), Approvals: len(all.approvals), Events: before.Events, Checkpoint: head.Text, Size: head.Size})
	if err != nil {
		return err
	}
	if err := store.Set(ctx, enteredIn(store, state), string(text)); err != nil {
		return err
	}
	if !store.InFile() {
		if err := store.Set(ctx, ownLedger(state), originOf(state)); err != nil {
			return err
		}
	}
	if len(events) < eventsAtOnce {
		return nil
	}
	return enter(ctx, store, state)
}

// inOrder puts entries in the order of their times, but leaves those of a kind in theirs, also when the clock was set back meanwhile.
func inOrder(entries []ledger.Entry) []ledger.Entry {
	at, latest := make([]time.Time, len(entries)), map[string]time.Time{}
	order := make([]int, len(entries))
	for i, e := range entries {
		if at[i] = e.At; at[i].Before(latest[e.Kind]) {
			at[i] = latest[e.Kind]
		}
		latest[e.Kind], order[i] = at[i], i
	}
	slices.SortStableFunc(order, func(a, b int) int { return at[a].Compare(at[b]) })
	out := make([]ledger.Entry, len(entries))
	for i, from := range order {
		out[i] = entries[from]
	}
	return out
}

func eventID(seq int) string { return "event/" + strconv.Itoa(seq) }

func decisionID(seq int) string { return "decision/" + strconv.Itoa(seq) }
func approvalID(seq int) string { return "approval/" + strconv.Itoa(seq) }

// LedgerVerified is what a look at a ledger came to.
type LedgerVerified struct {
	Checkpoint LedgerCheckpoint `json:"checkpoint"`
	Key        string           `json:"key"`
	Decisions  int              `json:"decisions"` // of the database that are in it
	Approvals  int              `json:"approvals"` // of baselines, likewise
	Events     int              `json:"events"`
	Days       int              `json:"days"`               // that were closed, and whose runs and standing are those of then
	Cosigned   []LedgerCosigned `json:"cosigned,omitempty"` // by witnesses
	Entry      *LedgerEntry     `json:"entry,omitempty"`
	Bundle     *BundleVerified  `json:"bundle,omitempty"`
}

// BundleVerified is what a bundle of evidence is about.
type BundleVerified struct {
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Files   []string  `json:"files"`
}

// VerifyLedger verifies the ledger of a state folder: its files, that it goes on from the checkpoint that the database
// noted, and that each decision and approval of the database stands in it as it does there.
func VerifyLedger(ctx context.Context, stateFlag, db string, witnesses ...string) (LedgerVerified, error) {
	var out LedgerVerified
	state, err := StateDir(stateFlag)
	if err != nil {
		return out, err
	}
	store, err := openStore(ctx, state, db)
	if err != nil {
		return out, err
	}
	defer store.Close()
	if err := enter(ctx, store, state); err != nil {
		return out, err
	}
	note, err := whatIsEntered(ctx, store, state)
	if err != nil {
		return out, err
	}
	files := ledgerOf(state).FS()
	var earlier []string
	if note.Checkpoint != "" {
		earlier = append(earlier, note.Checkpoint)
	}
	out.Checkpoint, err = ledger.Verify(ctx, files, "", earlier...)
	if errors.Is(err, ledger.ErrEmpty) && note.Size > 0 {
		return out, fmt.Errorf("the ledger in %s is gone: it had %d entries", filepath.Join(state, "ledger"), note.Size)
	} else if err != nil {
		return out, err
	}
	out.Key = publicKey(files)
	if out.Cosigned, err = ledger.Cosignatures(files, witnesses...); err != nil {
		return out, err
	}
	all, err := toldBy(ctx, store)
	if err != nil {
		return out, err
	}
	out.Decisions, out.Approvals = len(all.decisions), len(all.approvals)
	if err := all.sameAs(files); err != nil {
		return out, err
	}
	if out.Events, err = sameEvents(ctx, files, store); err != nil {
		return out, err
	}
	var closed closedDays
	if err := ledger.Each(files, 0, func(index uint64, e ledger.Entry) error { closed.take(index, e); return nil }); err != nil && !errors.Is(err, ledger.ErrEmpty) {
		return out, err
	}
	out.Days, err = closed.same(func(d event.Day) (event.Day, error) { return dayDigest(ctx, store, d) })
	return out, err
}

// sameEvents compares the events of the database with those of the ledger.
func sameEvents(ctx context.Context, files fs.FS, store *relational.Store) (int, error) {
	n := 0
	err := ledger.Each(files, 0, func(index uint64, e ledger.Entry) error {
		if e.Kind != "event" {
			return nil
		}
		var kept []relational.KeptEvent
		var err error
		if kept, err = store.EventsAfter(ctx, n, 1); err != nil {
			return err
		}
		n++
		if len(kept) == 0 {
			return fmt.Errorf("%s is entry %d of the ledger, and no longer in the database", e.ID, index)
		}
		var here, there bytes.Buffer
		if err := errors.Join(json.Compact(&here, kept[0].Data), json.Compact(&there, e.Body)); err != nil {
			return err
		}
		if e.ID != eventID(kept[0].Seq) || !bytes.Equal(here.Bytes(), there.Bytes()) {
			return fmt.Errorf("%s in the database is not what entry %d of the ledger says", eventID(kept[0].Seq), index)
		}
		return nil
	})
	if err != nil {
		return n, err
	}
	left, err := store.EventsAfter(ctx, n, 1)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s of the database is not in the ledger", eventID(left[0].Seq))
	}
	return n, err
}

// sameAs compares what the database holds with what the ledger does, each kind in its order.
func (t told) sameAs(files fs.FS) error {
	entries, err := t.entries(ledgered{})
	if err != nil {
		return err
	}
	want := map[string][]ledger.Entry{}
	for _, e := range entries {
		want[e.Kind] = append(want[e.Kind], e)
	}
	kinds := []string{"decision", "approval"}
	met := map[string]int{}
	if err := ledger.Each(files, 0, func(index uint64, e ledger.Entry) error {
		if !slices.Contains(kinds, e.Kind) {
			return nil
		}
		n := met[e.Kind]
		if met[e.Kind]++; n >= len(want[e.Kind]) {
			return fmt.Errorf("%s is entry %d of the ledger, and no longer in the database", e.ID, index)
		}
		ours := want[e.Kind][n]
		var there bytes.Buffer
		if err := json.Compact(&there, e.Body); err != nil {
			return err
		}
		if e.ID != ours.ID || !bytes.Equal(ours.Body, there.Bytes()) {
			return fmt.Errorf("%s in the database is not what entry %d of the ledger says", ours.ID, index)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, k := range kinds {
		if n := met[k]; n < len(want[k]) {
			return fmt.Errorf("%s of the database is not in the ledger", want[k][n].ID)
		}
	}
	return nil
}

// VerifyLedgerFile verifies what somebody was given: an export, or a proof for one entry.
func VerifyLedgerFile(ctx context.Context, path, key string, witnesses ...string) (LedgerVerified, error) {
	out := LedgerVerified{Key: key}
	f, err := os.Open(path)
	if err != nil {
		return out, &UsageError{err.Error()}
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return out, err
	}
	if st.IsDir() {
		files := os.DirFS(path)
		if out.Checkpoint, err = ledger.Verify(ctx, files, key); err == nil {
			out.Cosigned, err = ledger.Cosignatures(files, witnesses...)
		}
		out.Key = publicKey(files)
		return out, err
	}
	if z, err := zip.NewReader(f, st.Size()); err == nil {
		if b, err := verifyBundle(ctx, z, key, witnesses...); !errors.Is(err, ledger.ErrNoBundle) {
			return b, err
		}
		if key == "" {
			out.Key = publicKey(z)
		}
		if out.Checkpoint, err = ledger.Verify(ctx, z, key); err == nil {
			out.Cosigned, err = ledger.Cosignatures(z, witnesses...)
		}
		return out, err
	}
	if len(witnesses) > 0 {
		return out, &UsageError{"--witness is for a ledger, an export or a bundle; a proof carries the ledger's signature alone"}
	}
	data, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return out, err
	}
	p, err := ledger.ParseProof(data)
	if err != nil {
		return out, &UsageError{fmt.Sprintf("%s is neither an export of a ledger nor a proof from one: %v", path, err)}
	}
	head, e, err := p.Verify(key)
	out.Checkpoint, out.Entry = head, &e
	if key == "" {
		out.Key = p.Key
	}
	return out, err
}

func publicKey(files fs.FS) string {
	data, _ := fs.ReadFile(files, "verify.pub")
	return strings.TrimSpace(string(data))
}

// LedgerEntries gives what is on record, oldest first, each with its index.
func LedgerEntries(stateFlag string) ([]LedgerEntry, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, err
	}
	out := []LedgerEntry{}
	err = ledger.Each(ledgerOf(state).FS(), 0, func(_ uint64, e ledger.Entry) error {
		out = append(out, e)
		return nil
	})
	if errors.Is(err, ledger.ErrEmpty) {
		err = nil
	}
	return out, err
}

// ProveLedger makes the proof for one entry, by its index or id, or for the last that tells of a decision W-….
func ProveLedger(ctx context.Context, stateFlag, what string) (LedgerProof, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return LedgerProof{}, err
	}
	files := ledgerOf(state).FS()
	index, err := strconv.ParseUint(what, 10, 64)
	if err != nil {
		found := false
		err = ledger.Each(files, 0, func(i uint64, e ledger.Entry) error {
			var body struct {
				Waiver string `json:"waiver"`
			}
			if e.ID == what || json.Unmarshal(e.Body, &body) == nil && body.Waiver != "" && strings.EqualFold(body.Waiver, what) {
				index, found = i, true
			}
			return nil
		})
		if err == nil && !found {
			err = &UsageError{fmt.Sprintf("nothing in the ledger is %q; what is there: holdfast ledger list", what)}
		}
	}
	if err != nil {
		return LedgerProof{}, err
	}
	return ledger.Prove(ctx, files, index)
}

// RotateLedgerKey replaces the key that signs, and gives the new public one. Who is at the keyboard stands in the ledger.
func RotateLedgerKey(ctx context.Context, stateFlag, db, version string, now time.Time) (key string, err error) {
	err = holding(ctx, stateFlag, db, func(s *relational.Store, by string) error {
		state, err := StateDir(stateFlag)
		if err != nil {
			return err
		}
		if err := s.Happened(ctx, event.Maker{Version: version}.LedgerKeyReplaced(by, now)); err != nil {
			return err
		}
		if err := enter(ctx, s, state); err != nil {
			return err
		}
		key, err = ledgerOf(state).Rotate(ctx)
		return err
	})
	return key, err
}

// ExportLedger writes the ledger into a file that verifies without anything else.
func ExportLedger(stateFlag, path string, now time.Time) (LedgerCheckpoint, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return LedgerCheckpoint{}, err
	}
	files := ledgerOf(state).FS()
	if _, err := ledger.Head(files); err != nil {
		return LedgerCheckpoint{}, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return LedgerCheckpoint{}, &UsageError{err.Error()}
	}
	head, err := ledger.Export(files, f, now)
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path)
		return head, err
	}
	return head, nil
}
