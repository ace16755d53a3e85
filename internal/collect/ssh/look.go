package ssh

import (
	"context"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// answer is what is known of one need about files.
type answer struct {
	need    host.Need
	problem *fact.Problem
	entries []entry
}

// files answers OpRead and OpStat. What was denied to the user is asked again as root, where sudo
// allows everything, else file by file where sudo allows something.
func (t *Transport) files(ctx context.Context, needs []host.Need, ev *host.Evidence) {
	denied := t.filesAs(ctx, needs, ev, false)
	if len(denied) == 0 || t.root() || t.sudo == sudoNone {
		return
	}
	if t.sudo == sudoAll {
		t.filesAs(ctx, denied, ev, true)
		return
	}
	t.sudoFiles(ctx, denied, ev)
}

// filesAs answers needs and gives back those of which something was denied.
func (t *Transport) filesAs(ctx context.Context, needs []host.Need, ev *host.Evidence, root bool) (denied []host.Need) {
	answers := t.look(ctx, needs, root)
	c := newCatch()
	for _, a := range answers {
		for _, e := range a.entries {
			c.see(e)
		}
	}
	t.stat(ctx, c, root)
	for _, a := range answers {
		if a.need.Op != host.OpRead {
			continue
		}
		for _, e := range a.entries {
			c.want(e, a.need.Max)
		}
	}
	t.fetch(ctx, c, root)
	for _, a := range answers {
		short := a.problem != nil && a.problem.Cause == fact.Denied
		paths := make([]string, 0, len(a.entries))
		for _, e := range a.entries {
			own := c.seen[e.path].own
			if !own.ok && a.need.Op == host.OpStat {
				if c.lost == nil {
					continue // gone since it was named
				}
				if a.problem == nil {
					a.problem = trouble(a.need.Pattern, c.lost)
				}
				continue
			}
			paths = append(paths, e.path)
			if a.need.Op == host.OpStat {
				ev.PutStat(c.stat(e))
				continue
			}
			f := c.file(e)
			ev.PutFile(f)
			if f.Err != nil && f.Err.Cause == fact.Denied {
				short = true
			}
		}
		ev.PutMatches(a.need.Op, a.need.Pattern, paths, a.problem)
		if short {
			denied = append(denied, a.need)
		}
	}
	return denied
}

// look finds what matches, in one channel for all needs.
func (t *Transport) look(ctx context.Context, needs []host.Need, root bool) []answer {
	out := make([]answer, len(needs))
	script, _ := start(lookScript)
	asked := 0
	ask := func(call, words string) int {
		script.WriteString(call + " " + strconv.Itoa(asked) + " " + words + "\n")
		asked++
		return asked - 1
	}
	ways := map[folder]int{}       // many patterns go through the same folders
	own := make([]int, len(needs)) // the answer to the pattern, -1 when it was not asked
	via := make([][]int, len(needs))
	for i, n := range needs {
		out[i].need, own[i] = n, -1
		if out[i].problem = refuse(n.Pattern); out[i].problem != nil {
			continue
		}
		if !host.IsPattern(n.Pattern) {
			own[i] = ask("g", quote(n.Pattern))
			continue
		}
		word, way, ok := glob(n.Pattern)
		if !ok {
			continue // a malformed pattern matches nothing
		}
		own[i] = ask("g", word)
		for _, f := range way {
			if _, ok := ways[f]; !ok {
				mode := "x "
				if f.list {
					mode = "r "
				}
				ways[f] = ask("k", mode+f.word)
			}
			via[i] = append(via[i], ways[f])
		}
	}
	if asked == 0 {
		return out
	}
	script.WriteString("printf '.\\0'\n")
	r := t.run(ctx, job{script: script.String(), root: root, limit: 64 << 20, time: filesTime})
	answers, err := parseLook(r.stdout, asked)
	switch {
	case r.err != nil:
		err = r.err
	case err == nil:
		err = errFrame
	}
	for i, k := range own {
		if k < 0 {
			continue
		}
		l := answers[k]
		for _, w := range via[i] {
			l.done = l.done && answers[w].done
			l.denied = append(l.denied, answers[w].denied...)
		}
		if l.done {
			out[i].judge(l)
		} else {
			out[i].problem = trouble(out[i].need.Pattern, err)
		}
	}
	return out
}

// judge turns what the shell saw into what a need gets.
func (a *answer) judge(l looked) {
	p := a.need.Pattern
	many := &fact.Problem{Cause: fact.TooLarge, Source: p, Text: "matches more than " + strconv.Itoa(host.MaxMatches) + " paths"}
	if !host.IsPattern(p) {
		switch l.why {
		case 'd':
			a.problem = deniedAt(p)
		case 'o':
			a.problem = &fact.Problem{Cause: fact.Failed, Source: p, Text: "a loop of symbolic links"}
		}
		a.entries = l.entries
		return
	}
	if l.many {
		a.problem = many
		return
	}
	seen := map[string]bool{}
	for _, e := range l.entries {
		if e.path = path.Clean(e.path); picks(p, e.path) && !seen[e.path] {
			seen[e.path] = true
			a.entries = append(a.entries, e)
		}
	}
	if len(l.denied) > 0 {
		a.problem = deniedAt(l.denied[0])
	}
}

func deniedAt(p string) *fact.Problem {
	return &fact.Problem{Cause: fact.Denied, Source: p, How: "sudo cat " + p}
}

// stat gives the status of a path itself.
func (c *catch) stat(e entry) host.Info {
	i := c.seen[e.path].own.info(e.path, e.path)
	switch {
	case i.Mode&fs.ModeSymlink != 0:
		l := c.ends[e.path]
		i.Link = l.target
		if l.real != "" {
			i.Real = l.real
		}
	case e.dir != "":
		i.Real = path.Join(e.dir, path.Base(e.path))
	}
	return i
}

// file gives a file as it was read. Without content there is no status but of what was opened.
func (c *catch) file(e entry) host.File {
	w := c.wants[e.path]
	f := host.File{Info: host.Info{Path: e.path, Real: e.path}, Data: w.data, Err: w.err, Shared: w.shared}
	end := c.seen[e.path].end
	if !end.ok || w.err != nil && w.err.Cause != fact.NotRegular && w.err.Cause != fact.TooLarge {
		return f
	}
	f.Info = end.info(e.path, e.path)
	switch l := c.ends[e.path]; {
	case strings.HasPrefix(e.path, "/proc/"):
	case e.link && l.real != "":
		f.Real = l.real
	case !e.link && e.dir != "":
		f.Real = path.Join(e.dir, path.Base(e.path))
	}
	return f
}
