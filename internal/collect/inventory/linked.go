package inventory

import (
	"cmp"
	"io"
	"io/fs"
	"slices"

	"github.com/google/osv-scalibr/extractor"

	"holdfast.example/holdfast/internal/gosym"
	"holdfast.example/holdfast/internal/subject/components"
)

// link keeps what a Go program is linked of. Of one far away it would take megabytes over the network, and of one that
// tells nothing nobody knows: neither is a gap, what may be vulnerable is then taken for linked.
func (w *walk) link(p string, f fs.File, found []*extractor.Package) {
	if len(found) == 0 || found[0].Ecosystem().String() != "Go" {
		return
	}
	if _, far := f.(failing); far {
		return
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		return
	}
	set, err := gosym.Of(r)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links = append(w.links, components.Linked{Place: p, Set: set})
}

// linked orders the sets, and leaves out those that are too much.
func linked(all []components.Linked) []components.Linked {
	slices.SortFunc(all, func(a, b components.Linked) int { return cmp.Compare(a.Place, b.Place) })
	room := components.MaxLinked
	return slices.DeleteFunc(all, func(l components.Linked) bool { room -= len(l.Set); return room < 0 })
}
