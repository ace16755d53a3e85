package advisory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast.example/holdfast/internal/vuln"
)

// compiler writes the index of a manifest. Records stream through; what stays in memory are the keys of the tables.
type compiler struct {
	store    *Store
	m        *manifest
	contents map[string]map[string]held
	out      *indexWriter
	packages map[string][]uint64 // ecosystem, 0, name: where affected ones lie
	names    map[string][]uint64 // id or other name: where records lie, with what the name is to them
	aff      writer
}

// compile writes the index of m into a file of its own and names it in m. Known are the contents of logs that whoever
// imports has read already.
func (s *Store) compile(ctx context.Context, m *manifest, known map[string]map[string]held) error {
	m.Index = fmt.Sprintf("index-%d", m.Generation)
	path := s.path(m.Index)
	err := s.write(ctx, m, path, known)
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("compile the advisories: %w", err)
	}
	return nil
}

func (s *Store) write(ctx context.Context, m *manifest, path string, known map[string]map[string]held) error {
	out, err := createIndex(path, m.Generation)
	if err != nil {
		return err
	}
	defer out.f.Close()
	c := &compiler{store: s, m: m, out: out, contents: map[string]map[string]held{}, packages: map[string][]uint64{}, names: map[string][]uint64{}}
	logs := map[string][]byte{}
	for _, name := range m.names() {
		if name == KEV || name == EPSS || name == EOL {
			continue
		}
		e := m.Feeds[name]
		b, release, err := mapped(s.path(e.File), e.Length)
		if err == nil {
			defer release()
			if c.contents[name] = known[name]; known[name] == nil {
				c.contents[name], err = contents(b)
			}
		}
		if err != nil {
			return fmt.Errorf("the stored records of %s in %s: %w; import %s again", name, s.path(e.File), err, name)
		}
		logs[name] = b
	}
	for _, name := range m.names() {
		if err := c.feed(ctx, name, logs[name]); err != nil {
			return err
		}
	}
	if err := c.tables(); err != nil {
		return err
	}
	return out.finish()
}

// atOnce is how many records are worked out together before they are written.
const atOnce = 2048

// feed takes the records of one feed that count: they are worked out on all processors, and written in their sequence.
func (c *compiler) feed(ctx context.Context, name string, log []byte) error {
	if log == nil {
		return nil
	}
	live := c.contents[name]
	batch := make([]frame, 0, atOnce)
	flush := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		drafts := make([]*draft, len(batch))
		parallel(len(batch), func(n int) {
			r := reader{s: batch[n].parsed}
			if a := r.advisory(); !r.bad {
				drafts[n] = c.draft(a)
			}
		})
		for n, d := range drafts {
			if d == nil {
				return fmt.Errorf("record at %d of %s: %w", batch[n].at, c.m.Feeds[name].File, errDamaged)
			}
			if err := c.write(d); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return nil
	}
	err := frames(log, func(f frame) error {
		r := reader{s: f.parsed}
		if f.kind != frameRecord || live[r.string()].at != f.at {
			return nil // a later one took its place
		}
		if batch = append(batch, f); len(batch) == atOnce {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// parallel does n independent things on all processors, and waits for them.
func parallel(n int, do func(n int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// draft is a record as it will be written.
type draft struct {
	*advisory
	record, keys []byte
	packages     []part
}

// part is what a record says of one package, without the place of the record that stands before it.
type part struct {
	key  string // ecosystem, 0, name
	body []byte
}

// draft works out what is to be written of a record. It changes nothing of the compiler: many are worked out at once.
func (c *compiler) draft(a *advisory) *draft {
	d := &draft{advisory: a, packages: make([]part, 0, len(a.affected))}
	var all, keys, rec writer
	said := map[string]bool{} // packages that the record named already
	for _, x := range a.affected {
		base := vuln.Base(x.ecosystem)
		if base != a.Feed && c.elsewhere(base, a.ID) {
			continue // the feed of that ecosystem has the same record
		}
		p, start := part{key: x.ecosystem + "\x00" + x.name}, len(all.b)
		all.affected(c.store.affected(a, x))
		p.body = all.b[start:len(all.b):len(all.b)]
		// Two repositories of one release may say the same, Red Hat's for example.
		if said[p.key] && slices.ContainsFunc(d.packages, func(o part) bool { return o.key == p.key && bytes.Equal(o.body, p.body) }) {
			continue
		}
		said[p.key] = true
		d.packages = append(d.packages, p)
	}
	rec.record(&a.Record)
	keys.len(len(d.packages))
	for _, p := range d.packages {
		keys.string(p.key)
	}
	d.record, d.keys = rec.b, keys.b
	return d
}

// write writes a record and, right behind it, what it says of each package.
func (c *compiler) write(d *draft) error {
	at := c.out.at()
	if _, err := c.out.blob(d.record); err != nil {
		return err
	}
	// In a blob of its own: an erratum names a hundred packages, and who asks for one of them does not need the others.
	if _, err := c.out.blob(d.keys); err != nil {
		return err
	}
	for _, p := range d.packages {
		c.aff.b = c.aff.b[:0]
		c.aff.uint(at)
		c.aff.b = append(c.aff.b, p.body...)
		where, err := c.out.blob(c.aff.b)
		if err != nil {
			return err
		}
		c.packages[p.key] = append(c.packages[p.key], where)
	}
	c.name(d.ID, at, isID)
	for _, l := range []struct {
		list []string
		as   uint64
	}{{d.Aliases, isAlias}, {d.Upstream, isUpstream}, {d.Related, isRelated}} {
		for _, n := range l.list {
			if n != d.ID {
				c.name(n, at, l.as)
			}
		}
	}
	return nil
}

// What a name is to a record that has it.
const (
	isID = iota
	isAlias
	isUpstream
	isRelated // only of distributions: an erratum names the flaws that it mends so
	roles
)

func (c *compiler) name(name string, at, as uint64) {
	if name != "" {
		c.names[name] = append(c.names[name], at*roles+as)
	}
}

// elsewhere tells whether the feed of an ecosystem has a record.
func (c *compiler) elsewhere(feed, id string) bool {
	_, ok := c.contents[feed][id]
	return ok
}

// affected compares the versions that a record tells of one package.
func (s *Store) affected(a *advisory, x affected) vuln.Affected {
	out := vuln.Affected{Record: &a.Record, Versions: x.versions, Rating: x.rating, Scores: x.scores, Imports: x.imports}
	o, ok := s.orders(x.ecosystem)
	if !ok {
		return out // nobody can tell what lies between two versions; those that are named can still be found
	}
	for _, events := range x.ranges {
		out.Intervals = append(out.Intervals, vuln.Intervals(o, events)...)
	}
	if len(out.Versions) > 0 && len(out.Intervals) > 0 {
		out.Versions = slices.DeleteFunc(slices.Clone(out.Versions), func(v string) bool {
			return slices.ContainsFunc(out.Intervals, func(i vuln.Interval) bool { return i.Holds(o, v) })
		})
	}
	return out
}

// tables writes what is looked up.
func (c *compiler) tables() error {
	var w writer
	offsets := func(list []uint64) []byte {
		w.b = w.b[:0]
		w.len(len(list))
		last := uint64(0)
		for _, n := range list {
			w.uint(n - last) // they ascend: records are written one behind the other
			last = n
		}
		return w.b
	}
	for _, list := range c.names {
		slices.Sort(list) // a name that a record has twice
	}
	return errors.Join(
		writeTable(c.out, sectionPackages, c.packages, offsets),
		writeTable(c.out, sectionNames, c.names, offsets),
		c.lists(),
	)
}

// lists writes KEV, EPSS and the ends of life.
func (c *compiler) lists() error {
	var w writer
	if data, err := c.text(KEV); err != nil {
		return err
	} else if data != nil {
		k, err := parseKEV(data)
		if err != nil {
			return err
		}
		all := map[string]Exploit{}
		for _, e := range k.entries {
			all[e.CVE] = e
		}
		if err := writeTable(c.out, sectionKEV, all, func(e Exploit) []byte {
			w.b = w.b[:0]
			w.exploit(e)
			return w.b
		}); err != nil {
			return err
		}
	}
	if data, err := c.text(EPSS); err != nil {
		return err
	} else if data != nil {
		e, err := parseEPSS(data)
		if err != nil {
			return err
		}
		all := make(map[string]probability, len(e.entries))
		for _, p := range e.entries {
			all[p.cve] = p
		}
		if err := writeTable(c.out, sectionEPSS, all, func(p probability) []byte {
			w.b = w.b[:0]
			w.float(p.epss)
			w.float(p.percentile)
			return w.b
		}); err != nil {
			return err
		}
	}
	data, err := c.text(EOL)
	if err != nil || data == nil {
		return err
	}
	list, _, err := parseEOL(data, "")
	if err != nil {
		return err
	}
	return writeTable(c.out, sectionEOL, eolKeys(list), func(p eolValue) []byte {
		w.b = w.b[:0]
		w.eol(p)
		return w.b
	})
}

// text is the content of a list; nil when there is none.
func (c *compiler) text(feed string) ([]byte, error) {
	e := c.m.Feeds[feed]
	if e == nil {
		return nil, nil
	}
	return c.store.text(e)
}
