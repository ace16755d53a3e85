package ssh

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// sudoLimit is how many files are asked of sudo in a round: each refusal is a line in the log of the
// host, and on some hosts a mail to its administrators.
const sudoLimit = 200

// parseProbe reads the user number and the list of sudo.
func parseProbe(out []byte) (uid int, grant sudo, ok bool) {
	first, rest, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	uid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || uid < 0 {
		return 0, sudoNone, false
	}
	if !strings.Contains(rest, "sudo-ok") {
		return uid, sudoNone, true
	}
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		who, what, found := strings.Cut(line, ") NOPASSWD: ")
		if !found || !strings.HasPrefix(who, "(") {
			continue
		}
		who, _, _ = strings.Cut(strings.TrimPrefix(who, "("), " ")
		if (who == "ALL" || who == "root") && (what == "ALL" || strings.HasSuffix(what, " ALL")) {
			return uid, sudoAll, true
		}
	}
	return uid, sudoSome, true
}

// sudoFiles reads denied files one by one, so that a sudoers file can allow them one by one: a line
// "holdfast ALL=(root) NOPASSWD: /usr/bin/cat /etc/shadow". Patterns in closed folders stay denied.
func (t *Transport) sudoFiles(ctx context.Context, denied []host.Need, ev *host.Evidence) {
	var ws []*want
	plain := map[string]bool{}
	add := func(p string, max int64) {
		if refuse(p) != nil || len(ws) >= sudoLimit || strings.ContainsAny(p, "\n") {
			return
		}
		if max <= 0 {
			max = host.MaxFile
		}
		ws = append(ws, &want{path: p, max: max})
	}
	for _, n := range denied {
		switch {
		case n.Op != host.OpRead:
		case !host.IsPattern(n.Pattern):
			plain[n.Pattern] = true
			add(n.Pattern, n.Max)
		default:
			files, _ := ev.Glob(n.Pattern)
			for _, f := range files {
				if f.Err != nil && f.Err.Cause == fact.Denied {
					add(f.Path, n.Max)
				}
			}
		}
	}
	t.sudoCat(ctx, ws)
	for _, w := range ws {
		f := host.File{Info: host.Info{Path: w.path, Real: w.path, UID: -1, GID: -1}, Data: w.data, Err: w.err}
		if plain[w.path] {
			if w.err != nil && w.err.Cause == fact.NotFound {
				ev.PutMatches(host.OpRead, w.path, nil, nil)
				continue
			}
			ev.PutMatches(host.OpRead, w.path, []string{w.path}, nil)
		}
		if w.err == nil {
			f.Size = int64(len(w.data))
			if i, err := ev.Stat(w.path); err == nil {
				f.Info = i
			}
		}
		ev.PutFile(f)
	}
}

// sudoCat reads files as root, one by one.
func (t *Transport) sudoCat(ctx context.Context, ws []*want) {
	if len(ws) == 0 {
		return
	}
	script, word := start(sudoScript)
	var limit int64 = 1 << 20
	for _, w := range ws {
		script.WriteString("u " + strconv.FormatInt(w.max+1, 10) + " " + quote(w.path) + "\n")
		limit = min(limit+w.max+64, 2*channelBytes)
	}
	parseSudo(t.run(ctx, job{script: script.String(), limit: limit, time: filesTime}), word, ws)
}

// parseSudo reads the contents from standard output, and from standard error what was said and the
// exit codes.
func parseSudo(r result, word string, ws []*want) {
	out, errOut := tokens{r.stdout}, tokens{[]byte(r.stderr)}
	for _, w := range ws {
		data, err := out.until([]byte(word + "\x00"))
		said, err2 := errOut.until([]byte("\n" + word + " "))
		code, err3 := errOut.until([]byte("\n"))
		if err != nil || err2 != nil || err3 != nil {
			if err = r.err; err == nil {
				err = errFrame
			}
			w.err, w.done = trouble(w.path, err), true
			continue
		}
		switch {
		case int64(len(data)) > w.max:
			w.large()
		case string(code) == "0":
			w.give(data)
		case string(code) == "124":
			w.fail(fact.TimedOut, "")
		case bytes.HasPrefix(bytes.TrimSpace(said), []byte("cat: ")):
			w.reason(string(said))
		default:
			w.fail(fact.Denied, clip(string(said), 200))
		}
	}
}
