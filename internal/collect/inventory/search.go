package inventory

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	scalibrfs "github.com/google/osv-scalibr/fs"

	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/components"
)

// farAtOnce is how many files of a host far away are read at once: each waits for the network several times, and what
// waits together is asked for together.
const farAtOnce = 64

// marks are what programs hold whose components can be told: the header of Go's build information, and the name of the
// section that cargo-auditable writes. Source: debug/buildinfo, cargo-auditable's PARSING.md.
var marks = []string{" Go buildinf:", ".dep-v0"}

// Search says which files a walk of a machine will ask for, when it looks at the given roots or, without any, where
// applications are installed; deep, everywhere.
func Search(in []string, deep bool) (host.Search, error) {
	x, err := newExtractors(Limits{}.filled())
	if err != nil {
		return host.Search{}, err
	}
	if len(in) == 0 {
		in = roots
	}
	if deep {
		in = []string{"/"}
	}
	return host.Search{
		Roots: in, PassNames: passed, PassEnds: passedEnds, PassPaths: pseudo,
		Foreign: func(mountinfo string) []string { return slices.Sorted(maps.Keys(foreignMounts(mountinfo))) },
		Names:   append(slices.Sorted(maps.Keys(x.byName)), "package.json"), Ends: slices.Sorted(maps.Keys(x.ends)),
		Plain: plain, Marks: marks, Use: x.use,
	}, nil
}

func (x *extractors) use(p string) host.Use {
	switch base := path.Base(p); {
	case slices.ContainsFunc(archives, func(end string) bool { return strings.HasSuffix(base, end) }):
		return host.InParts
	case x.named(p) != nil:
		return host.Whole
	case maybeProgram(base):
		return host.Program
	}
	return host.Useless
}

// Far looks through a tree of files far away that were found by a search. Gaps are what the search could not list.
func Far(ctx context.Context, fsys scalibrfs.FS, name string, s host.Search, gaps []error) components.Fact {
	t := Tree{FS: fsys, Name: name, Roots: s.Roots, Gaps: gaps, AtOnce: farAtOnce}
	if slices.Contains(s.Roots, "/") {
		t.Roots = nil
	}
	return Components(ctx, t)
}
