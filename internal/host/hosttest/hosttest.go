// Package hosttest gathers evidence from bytes, for tests and fuzzing of subjects: a host that
// consists of a map of files and command outputs.
package hosttest

import (
	"io/fs"
	"path"

	"golang.org/x/tools/txtar"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Host is what a subject will see.
type Host struct {
	Files     map[string]string        // path to content, mode 0644 root:root unless Modes says otherwise
	Infos     map[string]host.Info     // status of paths, also of those without content (folders, links)
	Problems  map[string]*fact.Problem // paths or command names that cannot be had
	Outputs   map[string]string        // command name to standard output
	Processes []host.Process
	Special   *host.Special
	Rootfs    bool
}

// Txtar makes a Host from a txtar archive: each file is a path (the leading slash may be left
// out), except $NAME, which is the output of the command of that name.
func Txtar(data []byte) Host {
	h := Host{Files: map[string]string{}, Outputs: map[string]string{}}
	for _, f := range txtar.Parse(data).Files {
		if f.Name[0] == '$' {
			h.Outputs[f.Name[1:]] = string(f.Data)
			continue
		}
		h.Files[path.Clean("/"+f.Name)] = string(f.Data)
	}
	return h
}

// Observe gathers what the source needs, follows, and parses, as the real engine does.
func Observe(src host.Source, h Host) fact.Fact {
	return src.Parse(Gather(src, h), fact.Key{})
}

// Gather gives the evidence of one source.
func Gather(src host.Source, h Host) *host.Evidence {
	ev := host.NewEvidence()
	ev.Rootfs = h.Rootfs
	h.answer(ev, ev.Claim(src.Needs))
	for range host.Rounds {
		if src.Follow == nil {
			break
		}
		more := ev.Claim(src.Follow(ev))
		if len(more) == 0 {
			break
		}
		h.answer(ev, more)
	}
	return ev
}

func (h Host) answer(ev *host.Evidence, needs []host.Need) {
	for _, n := range needs {
		switch n.Op {
		case host.OpRead, host.OpStat:
			h.match(ev, n)
		case host.OpRun:
			h.run(ev, n.Command)
		case host.OpProcesses:
			ev.PutProcesses(h.Processes, h.Problems["processes"])
		case host.OpWalk:
			if h.Special != nil {
				ev.PutSpecial(*h.Special)
			}
		}
	}
}

func (h Host) run(ev *host.Evidence, c *host.Command) {
	if p := h.Problems[c.Name]; p != nil {
		ev.PutOutput(c.Name, host.Output{Exit: -1, Err: p})
		return
	}
	out, ok := h.Outputs[c.Name]
	if !ok {
		ev.PutOutput(c.Name, host.Output{Exit: -1, Err: &fact.Problem{Cause: fact.NotFound, Source: c.String()}})
		return
	}
	ev.PutOutput(c.Name, host.Output{Stdout: []byte(out)})
}

func (h Host) match(ev *host.Evidence, n host.Need) {
	if p := h.Problems[n.Pattern]; p != nil {
		ev.PutMatches(n.Op, n.Pattern, nil, p)
		return
	}
	var paths []string
	add := func(p string) {
		if ok, _ := path.Match(n.Pattern, p); !ok && n.Pattern != p {
			return
		}
		paths = append(paths, p)
		info := h.info(p)
		if n.Op == host.OpStat {
			ev.PutStat(info)
			return
		}
		ev.PutFile(host.File{Info: info, Data: []byte(h.Files[p]), Err: h.Problems[p]})
	}
	for p := range h.Files {
		add(p)
	}
	for p := range h.Infos {
		if _, ok := h.Files[p]; !ok && n.Op == host.OpStat {
			add(p)
		}
	}
	ev.PutMatches(n.Op, n.Pattern, paths, nil)
}

func (h Host) info(p string) host.Info {
	i, ok := h.Infos[p]
	if !ok {
		i = host.Info{Mode: fs.FileMode(0o644), Size: int64(len(h.Files[p]))}
	}
	i.Path = p
	if i.Real == "" {
		i.Real = p
	}
	return i
}
