package advisory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
)

// plain takes content that is not packed.
func (i *importer) plain(ctx context.Context, data []byte, path, name string) (bool, error) {
	switch recognise(data[:min(len(data), headBytes)]) {
	case sortRecord:
		if int64(len(data)) > i.store.limits.record {
			return false, fmt.Errorf("%s has more than %d bytes: %w", path, i.store.limits.record, errTooLarge)
		}
		a, err := parseOSV(data)
		if err != nil {
			return false, err
		}
		return true, i.add(a, a.feed(name), data)
	case sortRecords:
		return true, i.array(ctx, data, name)
	}
	return i.list(data, name)
}

// array takes an array of records.
func (i *importer) array(ctx context.Context, data []byte, name string) error {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for n := 1; d.PeekKind() != ']'; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := d.ReadValue()
		if err != nil {
			return fmt.Errorf("record %d cannot be read, the file may have been cut off: %w", n, err)
		}
		if int64(len(v)) > i.store.limits.record {
			i.result.corrupt(fmt.Sprintf("%s, record %d", name, n), errTooLarge)
			continue
		}
		a, err := parseOSV(v)
		if err != nil {
			i.result.corrupt(fmt.Sprintf("%s, record %d", name, n), err)
			continue
		}
		if err := i.add(a, a.feed(name), v); err != nil {
			return err
		}
	}
	return nil
}

// list takes KEV, EPSS or the ends of life, which come as a whole; false when it is none of them.
func (i *importer) list(data []byte, name string) (bool, error) {
	var feed string
	var records int
	var modified time.Time
	switch recognise(data[:min(len(data), headBytes)]) {
	case sortKEV:
		k, err := parseKEV(data)
		if err != nil {
			return false, err
		}
		feed, records, modified = KEV, len(k.entries), k.released
	case sortEPSS:
		e, err := parseEPSS(data)
		if err != nil {
			return false, err
		}
		feed, records, modified = EPSS, len(e.entries), e.scored
	case sortEOL:
		list, at, err := parseEOL(data, stem(name))
		if err != nil {
			return false, err
		}
		if len(list) == 1 && !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{\"source\"")) {
			if data, list, err = i.withProduct(list[0]); err != nil {
				return false, err
			}
		}
		feed, records, modified = EOL, len(list), at
	default:
		return false, nil
	}
	r := FeedResult{Name: feed, Read: records, Records: records}
	if e := i.next.Feeds[feed]; e != nil {
		if !modified.IsZero() && modified.Before(e.Modified) {
			r.Older, r.Records = records, e.Records
			i.feeds[feed] = &feedImport{FeedResult: r}
			return true, nil
		}
		if old, err := i.store.text(e); err == nil && bytes.Equal(old, data) {
			i.feeds[feed] = &feedImport{FeedResult: r}
			return true, nil
		}
		r.Changed = records
	} else {
		r.Added = records
	}
	file := fmt.Sprintf("%s-%d.zst", feed, i.next.Generation)
	packed := i.enc.EncodeAll(data, nil)
	if err := writeFile(i.store.path(file), packed); err != nil {
		return true, err
	}
	i.next.Feeds[feed] = &entry{Feed: Feed{Name: feed, Records: records, Modified: modified}, File: file, Length: int64(len(packed))}
	i.feeds[feed] = &feedImport{FeedResult: r, changed: true}
	return true, nil
}

// withProduct puts one product of its own file in the place of the same in the whole list.
func (i *importer) withProduct(p Product) ([]byte, []Product, error) {
	var list []Product
	if e := i.next.Feeds[EOL]; e != nil {
		old, err := i.store.text(e)
		if err != nil {
			return nil, nil, err
		}
		if list, _, err = parseEOL(old, ""); err != nil {
			return nil, nil, err
		}
	}
	list = append(slices.DeleteFunc(list, func(o Product) bool { return o.Name == p.Name }), p)
	slices.SortFunc(list, func(a, b Product) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	data, err := json.Marshal(eolFile{Source: "holdfast", License: "MIT", Products: list})
	return data, list, err
}

// text is the content of a list as it came.
func (s *Store) text(e *entry) ([]byte, error) {
	packed, err := os.ReadFile(s.path(e.File))
	if err != nil {
		return nil, err
	}
	return unpacked(packed, s.path(e.File))
}

func unpacked(packed []byte, path string) ([]byte, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(usual.list)+1<<20))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	data, err := d.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged, import it again: %w", path, err)
	}
	return data, nil
}

func writeFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// finish makes the import count: everything is written and durable before the manifest names it.
func (i *importer) finish(ctx context.Context) (*Result, error) {
	if len(i.feeds) == 0 && i.o.Source != "" {
		text := "nothing was imported: no advisories in it"
		if len(i.result.First) > 0 {
			text = fmt.Sprintf("nothing was imported: all %d records are corrupt, the first is %s", i.result.Corrupt, i.result.First[0])
		}
		return i.result, errors.New(text)
	}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(i.feeds)) {
		f := i.feeds[name]
		whole, all := i.whole[name]
		if all {
			if err := i.drop(f); err != nil {
				return nil, fmt.Errorf("write the advisories of %s: %w", name, err)
			}
		}
		if f.log != nil {
			err := f.log.close()
			length := f.log.n
			f.log = nil
			if err != nil {
				return nil, fmt.Errorf("write the advisories of %s: %w", name, err)
			}
			i.next.Feeds[name].Length = length
		}
		if f.held != nil && f.changed {
			if err := i.compact(f); err != nil {
				return nil, fmt.Errorf("write the advisories of %s: %w", name, err)
			}
		}
		changed = changed || f.changed
		e := i.next.Feeds[name]
		if e == nil {
			continue
		}
		if f.held != nil {
			f.Records = len(f.held)
			e.Records, e.Modified = len(f.held), time.Time{}
			for _, h := range f.held {
				if t := time.Unix(h.modified, 0).UTC(); h.modified != zeroTime && t.After(e.Modified) {
					e.Modified = t
				}
			}
		}
		// A record or two by hand do not make a feed fresh.
		if all || e.Checked.IsZero() || f.Read*2 >= e.Records {
			e.Checked, e.Source, e.Offline = i.now.UTC(), i.o.Source, true
			if !i.o.AsOf.IsZero() {
				e.Checked, e.Offline = i.o.AsOf.UTC(), false
			}
		}
		if e.Name = name; f.changed || e.Imported.IsZero() {
			e.Imported = i.now.UTC()
		}
		if all {
			e.URL, e.ETag, e.LastModified = whole.URL, whole.ETag, whole.LastModified
			if whole.URL != "" {
				e.Source, e.Offline = whole.URL, false
			}
		}
		i.result.Feeds = append(i.result.Feeds, f.FeedResult)
	}
	if changed || i.next.Index == "" || !i.store.usable(i.old) {
		known := map[string]map[string]held{}
		for name, f := range i.feeds {
			if f.held != nil {
				known[name] = f.held // as it is written by now
			}
		}
		if err := i.store.compile(ctx, i.next, known); err != nil {
			return nil, err
		}
	} else {
		i.next.Generation = i.old.Generation
	}
	if err := i.store.commit(i.next); err != nil {
		return nil, err
	}
	i.done = true
	return i.result, nil
}
