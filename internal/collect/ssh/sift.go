package ssh

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// markScript tells which files hold a mark: of each y or, when it may not be read, n, then for those a line of 1 or
// 0. A grep that could not read one gives a line less.
const markScript = prelude + timeoutScript + `m() {
  printf m
  for p; do
    shift
    if [ -f "$p" ] && [ -r "$p" ]; then printf y; set -- "$@" "$p"; else printf n; fi
  done
  printf '\0c'
  if [ $# -gt 0 ]; then x "$@" </dev/null 2>/dev/null; fi
  printf '\0'
}
`

// mark keeps of the programs those that hold a mark.
func (tree *Tree) mark(ctx context.Context) {
	var programs []*node
	for _, n := range tree.order {
		switch {
		case n.use != host.Program:
		case n.status.size > programMax:
			n.err = &fact.Problem{Cause: fact.TooLarge, Text: "larger than 4 GB"}
		default:
			programs = append(programs, n)
		}
	}
	// A batch of which a file could not be read gives no answer, and is asked for again one by one.
	for _, size := range []int{markBatch, 1} {
		programs = tree.marked(ctx, programs, size)
	}
	for _, n := range programs {
		n.err = &fact.Problem{Cause: fact.Failed, Text: "could not be looked through"}
		if ctx.Err() != nil {
			n.err = &fact.Problem{Cause: fact.TimedOut}
		}
	}
}

// marked asks about programs in batches, and gives back those that got no answer.
func (tree *Tree) marked(ctx context.Context, programs []*node, size int) (without []*node) {
	if len(programs) == 0 {
		return nil
	}
	script, _ := start(markScript)
	script.WriteString("x() { $T grep -c -h -a -F -m 1")
	for _, m := range tree.search.Marks {
		script.WriteString(" -e " + quote(m))
	}
	script.WriteString(" -- \"$@\"; }\n")
	all := slices.Collect(slices.Chunk(programs, size))
	for _, b := range all {
		script.WriteString("m")
		for _, n := range b {
			script.WriteString(" " + quote(n.path()))
		}
		script.WriteString("\n")
	}
	r := tree.t.run(ctx, job{script: script.String(), root: tree.root, limit: 16 << 20, time: filesTime})
	in := tokens{r.stdout}
	for i, b := range all {
		kinds, err1 := in.expect('m')
		counts, err2 := in.expect('c')
		if errors.Join(err1, err2) != nil || len(kinds) != len(b) {
			return append(without, slices.Concat(all[i:]...)...)
		}
		lines := strings.Fields(counts)
		if len(lines) != strings.Count(kinds, "y") {
			without = append(without, b...)
			continue
		}
		for j, n := range b {
			if kinds[j] != 'y' {
				n.err = &fact.Problem{Cause: fact.Denied}
				continue
			}
			if lines[0] == "0" {
				n.use = host.Useless
			}
			lines = lines[1:]
		}
	}
	return without
}

// readWhole reads the small files, in few channels; where sudo allows single files, those that are denied by it.
func (tree *Tree) readWhole(ctx context.Context) {
	c, total := newCatch(), int64(0)
	byPath := map[string]*node{}
	for _, n := range tree.order {
		if n.use != host.Whole {
			continue
		}
		if total += n.status.size; n.status.size > searchFile || total > searchWhole {
			n.err = &fact.Problem{Cause: fact.TooLarge, Text: "more than would be sent"}
			total -= n.status.size
			continue
		}
		p := n.path()
		byPath[p] = n
		c.seen[p] = sight{own: n.status, end: n.status}
		c.want(entry{path: p, dir: path.Dir(p)}, searchFile)
	}
	tree.t.fetch(ctx, c, tree.root)
	if tree.t.sudo == sudoSome && !tree.t.root() {
		var denied []*want
		for _, w := range c.order {
			if w.err != nil && w.err.Cause == fact.Denied && len(denied) < sudoLimit && !strings.Contains(w.path, "\n") {
				denied = append(denied, w)
				w.err, w.done = nil, false
			}
		}
		tree.t.sudoCat(ctx, denied)
	}
	for _, w := range c.order {
		n := byPath[w.path]
		n.data, n.err = w.data, w.err
	}
}
