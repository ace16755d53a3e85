package advisory

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// drop takes out what a feed no longer has, where the source is known to hold the whole feed.
func (i *importer) drop(f *feedImport) error {
	if f.held == nil {
		return nil
	}
	var gone []string
	for id := range f.held {
		if !f.seen[id] && !i.bad[id] {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	// A feed that lost a tenth overnight is more likely broken than mended. What stays can only be found once too often.
	if len(gone) > 10 && len(gone) > len(f.held)/10 {
		i.result.Kept += len(gone)
		return nil
	}
	slices.Sort(gone)
	log, err := i.writer(f)
	if err != nil {
		return err
	}
	for _, id := range gone {
		var w writer
		w.string(id)
		h, err := log.add(frameGone, w.b, nil)
		if err != nil {
			return err
		}
		i.next.Feeds[f.Name].Dead += f.held[id].size + h.size
		delete(f.held, id)
		f.Gone++
	}
	return nil
}

// compact copies what counts of a log into a new one when most of it no longer does.
func (i *importer) compact(f *feedImport) error {
	e := i.next.Feeds[f.Name]
	if e.Dead < 4<<20 || e.Dead < e.Length/2 {
		return nil
	}
	return i.rewrite(f, e)
}

// rewrite copies what counts of a log into a new one.
func (i *importer) rewrite(f *feedImport, e *entry) error {
	b, release, err := mapped(i.store.path(e.File), e.Length)
	if err != nil {
		return err
	}
	defer release()
	file := fmt.Sprintf("%s-%d-compact.log", fileName(f.Name), i.next.Generation)
	log, err := appendLog(i.store.path(file), 0, i.enc)
	if err != nil {
		return err
	}
	order := make([]string, 0, len(f.held))
	for id := range f.held {
		order = append(order, id)
	}
	slices.SortFunc(order, func(a, b string) int { return int(f.held[a].at - f.held[b].at) })
	for _, id := range order {
		h := f.held[id]
		at := log.n
		if err := log.copyFrame(b[h.at : h.at+h.size]); err != nil {
			log.f.Close()
			return err
		}
		h.at = at
		f.held[id] = h
	}
	if err := log.close(); err != nil {
		return err
	}
	e.File, e.Length, e.Dead = file, log.n, 0
	return nil
}

// rescue copies what can be read of a damaged log into a new one.
func (i *importer) rescue(name string, e *entry, f *feedImport) (int, error) {
	f.Name, f.changed = name, true
	f.held = map[string]held{}
	b, release, err := mapped(i.store.path(e.File), -1)
	if err == nil {
		f.held, _ = contents(b[:min(int64(len(b)), e.Length)])
		release()
	} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errDamaged) {
		return 0, err
	}
	if len(f.held) == 0 {
		delete(i.next.Feeds, name)
		return 0, nil
	}
	e.Length = -1
	return len(f.held), i.rewrite(f, e)
}
