package ssh

import (
	"context"
	"io/fs"
	"strings"
)

// sight is the status of one path: of itself, and of what it leads to, which is the same unless it
// is a link.
type sight struct{ own, end status }

// end is where a link leads.
type end struct{ target, real string }

// see adds a path that was named.
func (c *catch) see(e entry) {
	if _, ok := c.seen[e.path]; ok {
		return
	}
	c.seen[e.path] = sight{}
	c.paths = append(c.paths, e.path)
	if e.link {
		c.links = append(c.links, e.path)
	}
	if e.live {
		c.live = append(c.live, e.path)
	}
}

// stat asks for the status of all paths that were seen and for the ends of links, in one channel, or
// a few more where links change meanwhile.
func (t *Transport) stat(ctx context.Context, c *catch, root bool) {
	own, live, links := batches(c.paths, batchPaths), batches(c.live, batchPaths), batches(c.links, batchFiles)
	for len(own) > 0 || len(links) > 0 {
		script, word := start(statScript)
		calls(script, "s", own)
		calls(script, "S", live)
		calls(script, "L", links)
		r := t.run(ctx, job{script: script.String(), root: root, limit: channelBytes, time: filesTime})
		in := tokens{r.stdout}
		err := c.statuses(&in, own, live)
		if err == nil {
			links, err = parseLinks(&in, word, links, c.ends)
		}
		if err != nil {
			if c.lost = r.err; c.lost == nil {
				c.lost = err
			}
			return
		}
		own, live = nil, nil
	}
}

// calls writes one call of a function for each batch.
func calls(script *strings.Builder, function string, batches [][]string) {
	for _, b := range batches {
		script.WriteString(function)
		for _, p := range b {
			script.WriteString(" " + quote(p))
		}
		script.WriteString("\n")
	}
}

func (c *catch) statuses(in *tokens, own, live [][]string) error {
	for _, b := range own {
		all, err := parseStatuses(in, 's', len(b))
		if err != nil {
			return err
		}
		for i, p := range b {
			v := sight{own: all[i]}
			if v.own.mode&fs.ModeSymlink == 0 {
				v.end = v.own
			}
			c.seen[p] = v
		}
	}
	for _, b := range live {
		all, err := parseStatuses(in, 'S', len(b))
		if err != nil {
			return err
		}
		for i, p := range b {
			c.seen[p] = sight{c.seen[p].own, all[i]}
		}
	}
	return nil
}

func batches(all []string, size int) (out [][]string) {
	for len(all) > size {
		out, all = append(out, all[:size]), all[size:]
	}
	if len(all) > 0 {
		out = append(out, all)
	}
	return out
}

// parseLinks reads the answers of L. A link that changes or differs for each process (/dev/stdout)
// gives no end and spoils its batch, because nothing tells whose end is missing. The links of such a
// batch are given back: those into /proc alone, the others together, a second time each alone.
func parseLinks(in *tokens, word string, links [][]string, ends map[string]end) (spoiled [][]string, err error) {
	for _, b := range links {
		there, err := in.expect('k')
		if err != nil || len(there) != len(b) {
			return nil, errFrame
		}
		targets, err := in.list(word)
		if err != nil {
			return nil, err
		}
		reals, err := in.list(word)
		if err != nil {
			return nil, err
		}
		if len(targets) == len(b) {
			for i, p := range b {
				ends[p] = end{target: targets[i]}
			}
		}
		if len(targets) != len(b) || len(reals) != strings.Count(there, "y") {
			spoiled = append(spoiled, apart(b, ends)...)
			continue
		}
		for i, p := range b {
			if there[i] == 'y' {
				e := ends[p]
				e.real, reals = reals[0], reals[1:]
				ends[p] = e
			}
		}
	}
	return spoiled, nil
}

// apart splits a spoiled batch; one of a single link ends there.
func apart(b []string, ends map[string]end) (out [][]string) {
	if len(b) == 1 {
		return nil
	}
	var together []string
	for _, p := range b {
		if strings.HasPrefix(ends[p].target, "/proc/") {
			out = append(out, []string{p})
		} else {
			together = append(together, p)
		}
	}
	if len(out) > 0 && len(together) > 0 {
		return append(out, together)
	}
	out = nil
	for _, p := range b {
		out = append(out, []string{p})
	}
	return out
}
