package ssh

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Limits of one round, above those of each file.
const (
	batchFiles   = 64  // a shell takes time with the square of it
	batchPaths   = 400 // of one stat
	batchBytes   = 16 << 20
	channelBytes = 32 << 20
	roundBytes   = 256 << 20
)

// catch is what one round sees and reads, each path once.
type catch struct {
	paths []string // in order of appearance, links among them
	live  []string // links that lead somewhere
	links []string
	seen  map[string]sight
	ends  map[string]end
	lost  error // why statuses are missing, nil when none is
	wants map[string]*want
	order []*want
}

// want is one file to read.
type want struct {
	path  string
	max   int64
	size  int64 // expected
	end   status
	blob  // shared: with other hosts' files of the same digest
	err   *fact.Problem
	done  bool // data or err counts
	doubt bool // cat reported something: ask what
}

func newCatch() *catch {
	return &catch{seen: map[string]sight{}, ends: map[string]end{}, wants: map[string]*want{}}
}

// want adds a file; of several limits the largest counts.
func (c *catch) want(e entry, max int64) {
	if max <= 0 {
		max = host.MaxFile
	}
	if w, ok := c.wants[e.path]; ok {
		if max > w.max {
			w.max = max
			w.judge()
		}
		return
	}
	w := &want{path: e.path, max: max, end: c.seen[e.path].end}
	w.judge()
	c.wants[e.path] = w
	c.order = append(c.order, w)
}

// judge answers from the status alone what must not or need not be opened.
func (w *want) judge() {
	w.done, w.err, w.size = false, nil, w.end.size
	switch {
	case !w.end.ok:
		w.doubt = true
	case !w.end.mode.IsRegular():
		w.fail(fact.NotRegular, "it is a "+sort(w.end.mode))
	case unreadable(w.path):
		w.fail(fact.NotRegular, "it is a stream of the kernel")
	case w.end.size > w.max:
		w.large()
	}
}

func (w *want) fail(c fact.Cause, text string) {
	w.err, w.done, w.data = &fact.Problem{Cause: c, Source: w.path, Text: text}, true, nil
	if c == fact.Denied {
		w.err.How = "sudo cat " + w.path
	}
}

func (w *want) large() { w.fail(fact.TooLarge, "more than "+strconv.FormatInt(w.max>>10, 10)+" KiB") }

func (w *want) give(data []byte) {
	if int64(len(data)) > w.max {
		w.large()
		return
	}
	// A copy, so that a small file does not keep the whole round in memory.
	w.data, w.done = append([]byte{}, data...), true
}

// fetch reads everything in few channels, then asks about files that gave nothing and should have.
func (t *Transport) fetch(ctx context.Context, c *catch, root bool) {
	t.recall(ctx, c, root)
	defer t.remember(c)
	var total int64
	pending := c.order
	for len(pending) > 0 {
		var plan [][]*want
		plan, pending = planned(pending)
		for _, b := range plan {
			for _, w := range b {
				total += w.size
			}
		}
		if total > roundBytes {
			for _, b := range plan {
				for _, w := range b {
					w.fail(fact.TooLarge, "the files of one round are larger than 256 MiB together")
				}
			}
			plan = nil
		}
		if len(plan) > 0 {
			t.fetchOnce(ctx, plan, root)
		}
	}
	t.ask(ctx, c, root)
}

// planned takes the files that one channel reads, in batches of one cat each.
func planned(ws []*want) (plan [][]*want, rest []*want) {
	var batch []*want
	var inBatch, inAll int64
	for i, w := range ws {
		if w.done || w.doubt {
			continue
		}
		if inAll+w.size > channelBytes && inAll > 0 {
			rest = ws[i:]
			break
		}
		if len(batch) >= batchFiles || inBatch+w.size > batchBytes && inBatch > 0 {
			plan, batch, inBatch = append(plan, batch), nil, 0
		}
		batch = append(batch, w)
		inBatch += w.size
		inAll += w.size
	}
	if len(batch) > 0 {
		plan = append(plan, batch)
	}
	return plan, rest
}

// fetchOnce reads one channel's worth.
func (t *Transport) fetchOnce(ctx context.Context, plan [][]*want, root bool) {
	script, word := start(fetchScript)
	for _, b := range plan {
		script.WriteString("f")
		for _, w := range b {
			script.WriteString(" " + quote(w.path))
		}
		script.WriteString("\n")
	}
	r := t.run(ctx, job{script: script.String(), root: root, limit: 3 * channelBytes, time: filesTime})
	in := tokens{r.stdout}
	var err error
	for _, b := range plan {
		if err == nil {
			err = parseFetch(&in, word, b)
		}
		if err == nil {
			continue
		}
		if r.err != nil {
			err = r.err
		}
		for _, w := range b {
			if !w.done {
				w.err, w.done = trouble(w.path, err), true
			}
		}
	}
}

// parseFetch reads the answer of f to one batch. With an error, files that were read before it keep
// their content.
func parseFetch(in *tokens, word string, batch []*want) error {
	kinds, err := in.expect('f')
	if err != nil || len(kinds) != len(batch) {
		return errFrame
	}
	sep := []byte("N=" + word + "\x00")
	var read []*want
	for i, w := range batch {
		switch kinds[i] {
		case 'y':
			data, err := in.until(sep)
			if err != nil {
				return err
			}
			w.give(data)
			read = append(read, w)
		case 'n':
			w.fail(fact.Denied, "")
		case 's':
			w.fail(fact.NotRegular, "it is a special file")
		case 'x':
			w.fail(fact.NotFound, "")
		default:
			return errFrame
		}
	}
	code, err := in.expect('q')
	if err != nil {
		return err
	}
	if code != "0" {
		// cat complained about one of them. It says about which only in words, which names
		// can imitate; so each is asked about, the empty ones being the likely.
		for _, w := range read {
			w.doubt = true
		}
	}
	return nil
}

var message = regexp.MustCompile(`(?i)(permission denied|operation not permitted|no such file or directory|not a directory|no such process|too many levels of symbolic links|[^:]*)\s*$`)

// reason reads the words of a tool of the C locale.
func (w *want) reason(text string) {
	text = strings.TrimSpace(text)
	last := message.FindString(text)
	switch strings.ToLower(strings.TrimSpace(last)) {
	case "permission denied", "operation not permitted":
		w.fail(fact.Denied, "")
	case "no such file or directory", "not a directory", "no such process":
		w.fail(fact.NotFound, "")
	case "too many levels of symbolic links":
		w.fail(fact.Failed, "a loop of symbolic links")
	default:
		w.fail(fact.Failed, clip(last, 200))
	}
}

// ask finds out why files gave nothing, one cat each.
func (t *Transport) ask(ctx context.Context, c *catch, root bool) {
	var doubtful []*want
	script, _ := start(fetchScript)
	for _, w := range c.order {
		if w.doubt && (w.err == nil || !w.done) {
			doubtful = append(doubtful, w)
			script.WriteString("e " + quote(w.path) + "\n")
		}
	}
	if len(doubtful) == 0 {
		return
	}
	r := t.run(ctx, job{script: script.String(), root: root, limit: 16 << 20, time: filesTime})
	in := tokens{r.stdout}
	for _, w := range doubtful {
		text, err := in.expect('e')
		switch {
		case err != nil && r.err != nil:
			w.data, w.err, w.done = nil, trouble(w.path, r.err), true
		case err != nil:
			w.data, w.err, w.done = nil, trouble(w.path, err), true
		case text != "":
			w.reason(text)
		case !w.done:
			w.fail(fact.Failed, "it changed while it was read")
		}
	}
}
