package app

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/waiver"
)

// EvidenceOptions say what goes into a bundle for an auditor.
type EvidenceOptions struct {
	State, DB, Estate, Version string
	From, Until                time.Time
	File                       string
}

// evidenceRun is a run of the period with what it saw, by digest.
type evidenceRun struct {
	run.Run
	Seen []relational.SeenFact `json:"seen"`
}

// Evidence writes a bundle for an auditor: how requirements stood on each day of the period, findings as of its end with their
// history, decisions, runs with digests of what they saw, events, and the whole ledger. It gives how many files it holds.
func Evidence(ctx context.Context, o EvidenceOptions, now time.Time) (int, error) {
	if !o.From.Before(o.Until) {
		return 0, &UsageError{fmt.Sprintf("the period ends at %s, before it begins at %s", o.Until.Format(time.RFC3339), o.From.Format(time.RFC3339))}
	}
	if _, err := os.Lstat(o.File); err == nil {
		return 0, &UsageError{o.File + " is there already; give another name"}
	}
	d, err := openDesk(ctx, o.State, o.DB, o.Estate, nil, now)
	if err != nil {
		return 0, err
	}
	defer d.store.Close()
	if err := enter(ctx, d.store, d.state); err != nil {
		return 0, err
	}
	log := ledgerOf(d.state)
	var exported bytes.Buffer
	if _, err := ledger.Export(log.FS(), &exported, now); errors.Is(err, ledger.ErrEmpty) {
		return 0, &UsageError{"nothing is on record yet, so that there is nothing to sign with: decisions and log-ins make the ledger"}
	} else if err != nil {
		return 0, err
	}
	members := []ledger.Member{{Name: "ledger.zip", Data: exported.Bytes()}, {Name: "verify.pub", Data: []byte(publicKey(log.FS()) + "\n")}}
	if chain, err := fs.ReadFile(log.FS(), "keys.json"); err == nil {
		members = append(members, ledger.Member{Name: "keys.json", Data: chain})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	for _, part := range []struct {
		name string
		make func() (any, error)
	}{
		{"days.json", func() (any, error) { return d.evidenceDays(ctx, o) }},
		{"findings.json", func() (any, error) { return d.evidenceFindings(ctx, o) }},
		{"decisions.json", func() (any, error) { return d.evidenceDecisions(ctx, o) }},
		{"runs.json", func() (any, error) { return d.evidenceRuns(ctx, o) }},
		{"events.json", func() (any, error) { return d.evidenceEvents(ctx, o) }},
	} {
		v, err := part.make()
		if err != nil {
			return 0, err
		}
		data, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			return 0, err
		}
		members = append(members, ledger.Member{Name: part.name, Data: append(data, '\n')})
	}
	out, err := os.CreateTemp(filepath.Dir(o.File), ".holdfast-evidence-*")
	if err != nil {
		return 0, fmt.Errorf("write the bundle: %w", err)
	}
	defer os.Remove(out.Name())
	err = log.WriteBundle(out, ledger.BundleAbout{From: o.From, Until: o.Until, Made: now.Truncate(time.Second), Version: o.Version}, members)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return 0, fmt.Errorf("write the bundle %s: %w", o.File, err)
	}
	return len(members), os.Rename(out.Name(), o.File)
}

func (o EvidenceOptions) within(at time.Time) bool { return !at.Before(o.From) && at.Before(o.Until) }

// evidenceDays are how requirements stood at the end of each day, by application.
func (d *desk) evidenceDays(ctx context.Context, o EvidenceOptions) (any, error) {
	type told struct {
		Day      string            `json:"day"`
		Statuses map[string]string `json:"requirements"`
		Standing json.RawMessage   `json:"standing"`
	}
	out := []told{}
	err := d.store.Days(ctx, o.From.In(d.now.Location()).Format(time.DateOnly), func(name string, data []byte) error {
		if name >= o.Until.In(d.now.Location()).Format(time.DateOnly) {
			return nil
		}
		x := told{Day: name, Statuses: map[string]string{}, Standing: data}
		var d day
		if err := json.Unmarshal(data, &d); err != nil {
			return err
		}
		for i, id := range d.IDs {
			if i < len(d.All.Statuses) {
				x.Statuses[id] = string(statusOf(d.All.Statuses[i]))
			}
		}
		out = append(out, x)
		return nil
	})
	return out, err
}

// evidenceFindings are all that were known at the end of the period, as they stood then, with what happened to them in it.
func (d *desk) evidenceFindings(ctx context.Context, o EvidenceOptions) (any, error) {
	list, err := d.store.Findings(ctx)
	if err != nil {
		return nil, err
	}
	events, err := d.store.Events(ctx)
	if err != nil {
		return nil, err
	}
	out := struct {
		AsOf     time.Time         `json:"as_of"`
		Findings []finding.Finding `json:"findings"`
		History  []finding.Event   `json:"history"`
	}{o.Until, finding.AsOf(list, events, o.Until), []finding.Event{}}
	for i := range out.Findings {
		out.Findings[i].Standing = d.clock.Stand(out.Findings[i], o.Until)
	}
	for _, e := range events {
		if o.within(e.At) {
			out.History = append(out.History, e)
		}
	}
	return out, nil
}

func (d *desk) evidenceDecisions(ctx context.Context, o EvidenceOptions) (any, error) {
	all, err := d.store.Decisions(ctx)
	out := []waiver.Entry{}
	for _, e := range all {
		if o.within(e.At) {
			out = append(out, e)
		}
	}
	return out, err
}

func (d *desk) evidenceRuns(ctx context.Context, o EvidenceOptions) (any, error) {
	out := []evidenceRun{}
	runs, err := d.store.RunsBetween(ctx, o.From, o.Until)
	for _, r := range runs {
		seen, err := d.store.SeenIn(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, evidenceRun{r, seen})
	}
	return out, err
}

func (d *desk) evidenceEvents(ctx context.Context, o EvidenceOptions) (any, error) {
	out := []json.RawMessage{}
	for after := 0; ; {
		some, err := d.store.EventsAfter(ctx, after, 1000)
		if err != nil || len(some) == 0 {
			return out, err
		}
		for _, e := range some {
			after = e.Seq
			var x struct{ Time int64 }
			if err := json.Unmarshal(e.Data, &x); err != nil {
				return nil, err
			}
			if o.within(time.UnixMilli(x.Time)) {
				out = append(out, e.Data)
			}
		}
	}
}

// verifyBundle verifies a bundle with nothing else: its list, its files, its ledger, and that every decision and event in it
// stands in that ledger.
func verifyBundle(ctx context.Context, z *zip.Reader, key string, witnesses ...string) (out LedgerVerified, err error) {
	b, err := ledger.OpenBundle(z, key)
	if err != nil {
		return out, err
	}
	out.Key, out.Bundle = b.Key, &BundleVerified{From: b.From, Until: b.Until, Made: b.Made, Version: b.Version, Files: b.Names}
	data, err := b.Read("ledger.zip")
	if err != nil {
		return out, err
	}
	inner, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return out, fmt.Errorf("ledger.zip of the bundle: %w", err)
	}
	if out.Checkpoint, err = ledger.Verify(ctx, inner, b.Key); err != nil {
		return out, fmt.Errorf("the ledger of the bundle: %w", err)
	}
	if out.Cosigned, err = ledger.Cosignatures(inner, witnesses...); err != nil {
		return out, err
	}
	recorded := map[string]bool{}
	var closed closedDays
	if err := ledger.Each(inner, 0, func(index uint64, e ledger.Entry) error {
		recorded[e.Kind+" "+string(compact(e.Body))] = true
		closed.take(index, e)
		return nil
	}); err != nil {
		return out, err
	}
	for file, kind := range map[string]string{"decisions.json": "decision", "events.json": "event"} {
		n, err := allRecorded(b, file, kind, recorded)
		if err != nil {
			return out, err
		}
		if kind == "decision" {
			out.Decisions = n
		} else {
			out.Events = n
		}
	}
	closed.days = slices.DeleteFunc(closed.days, func(d closedDay) bool { return d.From.Before(b.From) || d.Until.After(b.Until) })
	out.Days, err = daysOfBundle(b, closed)
	return out, err
}

// daysOfBundle compares runs and days of a bundle with the digests that its ledger tells of them.
func daysOfBundle(b *ledger.Bundle, closed closedDays) (int, error) {
	if len(closed.days) == 0 {
		return 0, nil
	}
	var runs []evidenceRun
	var days []struct {
		Day      string          `json:"day"`
		Standing json.RawMessage `json:"standing"`
	}
	for name, to := range map[string]any{"runs.json": &runs, "days.json": &days} {
		data, err := b.Read(name)
		if err != nil {
			return 0, err
		}
		if err := json.Unmarshal(data, to); err != nil {
			return 0, fmt.Errorf("%s of the bundle: %w", name, err)
		}
	}
	return closed.same(func(d event.Day) (event.Day, error) {
		sum := sha256.New()
		d.Runs, d.Standing = 0, ""
		for _, r := range runs {
			if !r.Finished.Before(d.From) && r.Finished.Before(d.Until) {
				d.Runs++
				if err := writeRun(sum, r); err != nil {
					return d, err
				}
			}
		}
		d.Seen = hex.EncodeToString(sum.Sum(nil))
		for _, x := range days {
			if x.Day == d.Day {
				d.Standing = standingDigest(x.Standing)
			}
		}
		return d, nil
	})
}

func allRecorded(b *ledger.Bundle, file, kind string, recorded map[string]bool) (int, error) {
	data, err := b.Read(file)
	if err != nil {
		return 0, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return 0, fmt.Errorf("%s of the bundle: %w", file, err)
	}
	for i, x := range list {
		if !recorded[kind+" "+string(compact(x))] {
			return 0, fmt.Errorf("entry %d of %s is not in the ledger of the bundle", i+1, file)
		}
	}
	return len(list), nil
}

func compact(data []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return data
	}
	return b.Bytes()
}

// Zone gives the time zone of an estate; without one UTC.
func Zone(path string) (*time.Location, error) {
	if path == "" {
		return time.UTC, nil
	}
	e, err := soundEstate(path)
	if err != nil {
		return nil, err
	}
	return zoneOf(e), nil
}
