package advisory

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// importer is one import under way. Nothing of it counts before finish.
type importer struct {
	store  *Store
	now    time.Time
	o      Options
	old    *manifest
	next   *manifest
	feeds  map[string]*feedImport
	whole  map[string]edition // feeds of which the source holds all, with what an update knows of them
	only   string             // the feed that everything belongs to, in an update
	recent string             // feed of the last record: where the next one is most likely
	enc    *zstd.Encoder
	result *Result
	bad    map[string]bool // names of files that could not be read; what is stored under them is not gone
	w      writer
	done   bool
}

// feedImport is what an import does to one ecosystem.
type feedImport struct {
	FeedResult
	held    map[string]held
	seen    map[string]bool // ids that the source has
	log     *logWriter      // nil until something is to be written
	changed bool
}

func (s *Store) begin(now time.Time, o Options) (*importer, error) {
	old, err := s.manifest()
	if errors.Is(err, ErrEmpty) {
		old = &manifest{Feeds: map[string]*entry{}}
	} else if err != nil {
		return nil, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	next := old.copy()
	next.Generation++
	whole := map[string]edition{}
	for _, feed := range o.Whole {
		whole[feed] = edition{}
	}
	return &importer{store: s, now: now, o: o, old: old, next: next, feeds: map[string]*feedImport{}, whole: whole, enc: enc, result: &Result{}, bad: map[string]bool{}}, nil
}

// abandon closes what an error left open; finish leaves nothing for it. Bytes behind the committed length of a log are
// cut off by the next import.
func (i *importer) abandon() {
	for _, f := range i.feeds {
		if f.log != nil {
			f.log.f.Close()
			f.log = nil
		}
	}
	i.enc.Close()
	if !i.done {
		i.store.sweep(i.old)
	}
}

// feed opens a feed for the import.
func (i *importer) feed(name string) (*feedImport, error) {
	if f := i.feeds[name]; f != nil {
		return f, nil
	}
	f := &feedImport{FeedResult: FeedResult{Name: name}, held: map[string]held{}, seen: map[string]bool{}}
	if e := i.next.Feeds[name]; e != nil {
		b, release, err := mapped(i.store.path(e.File), e.Length)
		if err == nil {
			f.held, err = contents(b)
			release()
		}
		if errors.Is(err, errDamaged) || errors.Is(err, fs.ErrNotExist) {
			// What was read up to the damage is kept; the rest comes with this import, if the source has it.
			kept, e2 := i.rescue(name, e, f)
			if e2 != nil {
				return nil, fmt.Errorf("read the advisories of %s: %w", name, e2)
			}
			i.result.corrupt(i.store.path(e.File), fmt.Errorf("the stored records of %s are damaged; %d could be kept, import %s again in full", name, kept, name))
		} else if err != nil {
			return nil, fmt.Errorf("read the advisories of %s: %w", name, err)
		}
	}
	i.feeds[name] = f
	return f, nil
}

// writer opens the log of a feed for appending.
func (i *importer) writer(f *feedImport) (*logWriter, error) {
	f.changed = true
	if f.log != nil {
		return f.log, nil
	}
	e := i.next.Feeds[f.Name]
	if e == nil {
		e = &entry{Feed: Feed{Name: f.Name}, File: fmt.Sprintf("%s-%d.log", fileName(f.Name), i.next.Generation)}
		i.next.Feeds[f.Name] = e
	}
	var err error
	f.log, err = appendLog(i.store.path(e.File), e.Length, i.enc)
	return f.log, err
}

// fileName makes a feed's name one of a file.
func fileName(feed string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, feed)
	if len(s) > 60 {
		s = s[:60]
	}
	if s != feed { // names that differ only in what was replaced
		s += fmt.Sprintf("-%08x", crc32.ChecksumIEEE([]byte(feed)))
	}
	return s
}

// items takes the files of an archive or folder. Those of one name are read together: they may be parts of a record.
func (i *importer) items(ctx context.Context, list []item) error {
	stems := map[string][]int{}
	for n, it := range list {
		stems[stem(it.name)] = append(stems[stem(it.name)], n)
	}
	for n, it := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch all := stems[stem(it.name)]; {
		case len(all) == 1:
			if err := i.item(it); err != nil {
				return err
			}
		case all[0] == n:
			group := make([]item, len(all))
			for k, m := range all {
				group[k] = list[m]
			}
			if err := i.parts(group); err != nil {
				return err
			}
		}
	}
	return nil
}

func stem(name string) string { return strings.TrimSuffix(path.Base(name), ".json") }

// item takes one file that has a name of its own.
func (i *importer) item(it item) error {
	if !strings.HasSuffix(it.name, ".json") {
		return i.other(it)
	}
	if it.known && i.unchanged(it) {
		return nil
	}
	data, err := it.read()
	if err != nil {
		return i.unreadable(it.name, err)
	}
	a, err := parseOSV(data)
	if err != nil {
		if known, e := i.list(data, it.name); known || e != nil {
			return e
		}
		i.corrupt(it.name, err)
		return nil
	}
	return i.add(a, a.feed(it.name), data)
}

// unchanged tells by name, length and sum that the record is there already as it is, without unpacking it.
func (i *importer) unchanged(it item) bool {
	f := i.feeds[i.recent]
	if f == nil {
		if f = i.guess(it.name); f == nil {
			return false
		}
	}
	id := stem(it.name)
	h, ok := f.held[id]
	if !ok || h.crc != it.crc || int64(h.length) != it.length || f.seen[id] {
		return false
	}
	f.seen[id] = true
	f.Read++
	return true
}

// guess opens the feed that a folder of the path is named for, if there is one.
func (i *importer) guess(name string) *feedImport {
	for _, folder := range slices.Backward(strings.Split(name, "/")) {
		if i.old.Feeds[folder] != nil && folder != KEV && folder != EPSS && folder != EOL {
			if f, err := i.feed(folder); err == nil {
				i.recent = folder
				return f
			}
		}
	}
	return nil
}

// other takes a file of an archive that is no JSON: a list, perhaps.
func (i *importer) other(it item) error {
	if strings.HasSuffix(it.name, ".csv") {
		data, err := it.read()
		if err != nil {
			return i.unreadable(it.name, err)
		}
		if known, err := i.list(data, it.name); known || err != nil {
			return err
		}
	}
	i.result.passed(it.name)
	return nil
}

// parts takes files of one name in several folders. Those of one id and feed are one record.
func (i *importer) parts(group []item) error {
	type part struct {
		a    *advisory
		data [][]byte
		read int
	}
	var parts []*part
	for _, it := range group {
		if !strings.HasSuffix(it.name, ".json") {
			if err := i.other(it); err != nil {
				return err
			}
			continue
		}
		data, err := it.read()
		if err != nil {
			if err := i.unreadable(it.name, err); err != nil {
				return err
			}
			continue
		}
		a, err := parseOSV(data)
		if err != nil {
			i.corrupt(it.name, err)
			continue
		}
		a.Feed = a.feed(it.name)
		n := slices.IndexFunc(parts, func(p *part) bool { return p.a.ID == a.ID && p.a.Feed == a.Feed })
		switch {
		case n < 0:
			parts = append(parts, &part{a, [][]byte{slices.Clone(data)}, 1})
		case slices.ContainsFunc(parts[n].data, func(b []byte) bool { return string(b) == string(data) }):
			parts[n].read++
		default:
			parts[n].a.merge(a)
			parts[n].data = append(parts[n].data, slices.Clone(data))
			parts[n].read++
		}
	}
	for _, p := range parts {
		data := p.data[0]
		if len(p.data) > 1 {
			data = []byte("[")
			for k, d := range p.data {
				if k > 0 {
					data = append(data, ',')
				}
				data = append(data, d...)
			}
			data = append(data, ']')
		}
		if err := i.add(p.a, p.a.Feed, data); err != nil {
			return err
		}
		i.feeds[i.recent].Read += p.read - 1
	}
	return nil
}

func (i *importer) corrupt(name string, err error) {
	i.bad[stem(name)] = true
	i.result.corrupt(name, err)
}

// unreadable notes one file of an archive that cannot be unpacked; that it is too large is no fault of its own, but
// the archive's.
func (i *importer) unreadable(name string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, os.ErrPermission) {
		return err
	}
	i.corrupt(name, err)
	return nil
}

// add keeps a record, unless a newer one or just this one is there.
func (i *importer) add(a *advisory, feed string, data []byte) error {
	if i.only != "" {
		feed = i.only // a record that was withdrawn may name no package any more
	}
	f, err := i.feed(feed)
	if err != nil {
		return err
	}
	i.recent = feed
	a.Feed = feed
	f.Read++
	f.seen[a.ID] = true
	h, there := f.held[a.ID]
	if there {
		if a.Modified.Unix() < h.modified {
			f.Older++
			return nil
		}
		if h.length == uint32(len(data)) && h.crc == crc32.ChecksumIEEE(data) {
			return nil
		}
	}
	log, err := i.writer(f)
	if err != nil {
		return err
	}
	i.w.b = i.w.b[:0]
	i.w.advisory(a)
	n, err := log.add(frameRecord, i.w.b, data)
	if err != nil {
		return err
	}
	n.modified = a.Modified.Unix()
	f.held[strings.Clone(a.ID)] = n
	if there {
		f.Changed++
		i.next.Feeds[feed].Dead += h.size
	} else {
		f.Added++
	}
	return nil
}

// tar takes the files of a tar in two passes: the names first, so that parts of a record are found and what is wrong
// with the archive stops it before anything is read.
func (i *importer) tar(ctx context.Context, path, name string, first io.Reader, again func() (io.Reader, func(), error)) error {
	stems := map[string]int{}
	if err := untar(path, first, i.store.limits, func(it item) error { stems[stem(it.name)]++; return ctx.Err() }); err != nil {
		return err
	}
	r, done, err := again()
	if err != nil {
		return err
	}
	defer done()
	waiting := map[string][]item{}
	return untar(path, r, i.store.limits, func(it item) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := stem(it.name)
		it.name = folderOf(name) + it.name
		if stems[s] == 1 {
			return i.item(it)
		}
		data, err := it.read()
		it.read = func() ([]byte, error) { return data, err }
		waiting[s] = append(waiting[s], it)
		if len(waiting[s]) < stems[s] {
			return nil
		}
		group := waiting[s]
		delete(waiting, s)
		return i.parts(group)
	})
}
