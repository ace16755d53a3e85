package app

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/listeners"
)

// Discover looks at targets and drafts an estate. Guesses are marked "# guess"; the draft is
// checked before it is given away, so that it passes "estate validate" unchanged.
func Discover(ctx context.Context, o Options) (string, error) {
	w := &world{sources: all.Sources(), now: time.Now}
	targets, err := w.hostTargets(o, "discover")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(draftHead)
	names := map[string]bool{}
	answered := 0
	for _, t := range targets {
		l := w.look(ctx, t, fact.Key{}, o.Timeout)
		if l.seen.problem != nil {
			fmt.Fprintf(&b, "  # %s did not answer: %s\n", t.text, oneLine(l.seen.problem.Error()))
			continue
		}
		answered++
		w.draftSystem(&b, l, names)
	}
	if answered == 0 {
		return "", ErrNoTarget
	}
	return b.String(), nil
}

const draftHead = `# Drafted by holdfast discover from what was seen. Lines marked "guess" are guesses: read them,
# put them right, take the mark away. Then: holdfast estate validate estate.yaml
organization: My organisation           # guess
timezone: UTC                           # guess
people:
  - {id: owner, name: Name of the owner}      # guess
roles:
  security: [owner]                     # guess
teams:
  - {name: operations, lead: owner, members: [owner]}   # guess
environments:
  - {name: prod, stage: production}     # guess
applications:
  - {name: main, team: operations, management: owner, criticality: high, exposure: internal, environments: [prod]}   # guess
systems:
`

var notName = regexp.MustCompile(`[^a-z0-9-]+`)

func (w *world) draftSystem(b *strings.Builder, l looked, names map[string]bool) {
	hostname := "host"
	if f, ok := l.seen.facts["linuxhost"].(linuxhost.Fact); ok && f.Hostname() != "" {
		hostname = f.Hostname()
	}
	first, _, _ := strings.Cut(strings.ToLower(hostname), ".")
	name := strings.Trim(notName.ReplaceAllString(first, "-"), "-")
	if name == "" {
		name = "host"
	}
	for base, n := name, 2; names[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	names[name] = true
	fmt.Fprintf(b, "  - name: %s\n    application: main                   # guess\n    environment: prod                   # guess\n    target: %q\n", name, l.target.text)
	f, ok := l.seen.facts["listeners"].(listeners.Fact)
	if !ok {
		return
	}
	lines, runs := services(f)
	if len(lines) > 0 {
		b.WriteString("    services:\n" + strings.Join(lines, ""))
	}
	if len(runs) > 0 {
		slices.Sort(runs)
		for i, r := range runs {
			runs[i] = fmt.Sprintf("%q", r)
		}
		fmt.Fprintf(b, "    runs: [%s]   # guess\n", strings.Join(runs, ", "))
	}
}

// services drafts what listens: one line for a port, local only when nothing else reaches it.
func services(f listeners.Fact) (lines, runs []string) {
	type port struct {
		number   int
		protocol string
	}
	reachable, program := map[port]bool{}, map[port]string{}
	var order []port
	for _, l := range f.Listeners {
		p := port{l.Port, l.Protocol}
		if _, ok := program[p]; !ok {
			order = append(order, p)
			program[p] = "unknown program"
		}
		a, err := netip.ParseAddr(l.Address)
		reachable[p] = reachable[p] || err != nil || !a.Unmap().IsLoopback()
		for _, x := range l.Programs {
			program[p] = x.Name
			if x.Unit != "" && !slices.Contains(runs, x.Unit) {
				runs = append(runs, x.Unit)
			}
		}
	}
	for _, p := range order {
		audience := "local"
		if reachable[p] {
			audience = "internal"
		}
		lines = append(lines, fmt.Sprintf("      - {port: %d, protocol: %s, audience: %s}   # guess: %s was seen listening\n", p.number, p.protocol, audience, oneLine(program[p])))
	}
	return lines, runs
}

func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return ' '
		}
		return r
	}, s)
}
