package advisory

import "holdfast.example/holdfast/internal/vuln"

// The form of a record in the files of feeds and in the index. A change of meaning here needs another number in
// logMagic and indexFormat.

func (w *writer) record(r *vuln.Record) {
	w.string(r.ID)
	w.time(r.Modified)
	w.string(r.Feed)
	w.strings(r.Aliases)
	w.strings(r.Upstream)
	w.strings(r.Related)
	w.string(r.Summary)
	w.time(r.Published)
	w.time(r.Withdrawn)
	w.string(r.Rating)
	w.scores(r.Scores)
}

func (r *reader) record(out *vuln.Record) {
	out.ID = r.string()
	out.Modified = r.time()
	out.Feed = r.string()
	out.Aliases = r.strings()
	out.Upstream = r.strings()
	out.Related = r.strings()
	out.Summary = r.string()
	out.Published = r.time()
	out.Withdrawn = r.time()
	out.Rating = r.string()
	out.Scores = r.scores()
}

func (w *writer) scores(list []vuln.Score) {
	w.len(len(list))
	for _, s := range list {
		w.string(s.Type)
		w.string(s.Vector)
	}
}

func (r *reader) scores() []vuln.Score {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]vuln.Score, n)
	for i := range out {
		out[i] = vuln.Score{Type: r.string(), Vector: r.string()}
	}
	return out
}

func (w *writer) imports(list []vuln.Import) {
	w.len(len(list))
	for _, i := range list {
		w.string(i.Path)
		w.strings(i.Symbols)
	}
}

func (r *reader) imports() []vuln.Import {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]vuln.Import, n)
	for i := range out {
		out[i] = vuln.Import{Path: r.string(), Symbols: r.strings()}
	}
	return out
}

// advisory writes a whole record as it was read: for the files of feeds.
func (w *writer) advisory(a *advisory) {
	w.record(&a.Record)
	w.len(len(a.affected))
	for _, x := range a.affected {
		w.string(x.ecosystem)
		w.string(x.name)
		w.len(len(x.ranges))
		for _, events := range x.ranges {
			w.len(len(events))
			for _, e := range events {
				w.string(e.Introduced)
				w.string(e.Fixed)
				w.string(e.LastAffected)
				w.string(e.Limit)
			}
		}
		w.strings(x.versions)
		w.string(x.rating)
		w.scores(x.scores)
		w.imports(x.imports)
	}
}

func (r *reader) advisory() *advisory {
	a := &advisory{}
	r.record(&a.Record)
	a.affected = make([]affected, r.count())
	for i := range a.affected {
		x := &a.affected[i]
		x.ecosystem = r.string()
		x.name = r.string()
		x.ranges = make([][]vuln.Event, r.count())
		for j := range x.ranges {
			events := make([]vuln.Event, r.count())
			for k := range events {
				events[k] = vuln.Event{Introduced: r.string(), Fixed: r.string(), LastAffected: r.string(), Limit: r.string()}
			}
			x.ranges[j] = events
		}
		x.versions = r.strings()
		x.rating = r.string()
		x.scores = r.scores()
		x.imports = r.imports()
	}
	return a
}

// affected writes what a record says of one package with its versions compared: for the index.
func (w *writer) affected(a vuln.Affected) {
	w.len(len(a.Intervals))
	for _, i := range a.Intervals {
		w.string(i.Introduced)
		w.string(i.Fixed)
		w.string(i.Last)
		n := uint64(0)
		if i.Limit {
			n = 1
		}
		w.uint(n)
	}
	w.strings(a.Versions)
	w.string(a.Rating)
	w.scores(a.Scores)
	w.imports(a.Imports)
}

func (r *reader) affected(a *vuln.Affected) {
	if n := r.count(); n > 0 {
		a.Intervals = make([]vuln.Interval, n)
		for i := range a.Intervals {
			a.Intervals[i] = vuln.Interval{Introduced: r.string(), Fixed: r.string(), Last: r.string(), Limit: r.uint() == 1}
		}
	}
	a.Versions = r.strings()
	a.Rating = r.string()
	a.Scores = r.scores()
	a.Imports = r.imports()
}
