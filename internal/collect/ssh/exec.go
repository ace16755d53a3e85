package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"holdfast.example/holdfast/internal/fact"
)

// shell is the command line of every channel. The script comes over standard input, so that no login
// shell gets to read what is quoted for /bin/sh, and so that no limit of a command line applies.
const (
	shell     = `exec /bin/sh -c 'eval "$(cat)"'`
	rootShell = `exec sudo -n -- /bin/sh -c 'eval "$(cat)"'`
)

var errClosed = net.ErrClosed

// job is one script to run.
type job struct {
	script string
	root   bool  // through sudo
	limit  int64 // bytes of standard output
	time   time.Duration
}

// result is what a script printed. The output may be partial when err is set.
type result struct {
	stdout []byte
	stderr string
	err    error
}

var (
	errTime = errors.New("took too long")
	errSize = errors.New("printed too much")
	errGone = errors.New("the connection was lost")
)

// run runs one script in a channel of its own. An exit code is no error: scripts frame their answers.
func (t *Transport) run(ctx context.Context, j job) result {
	t.slots.RLock()
	r, refused := t.try(ctx, j)
	t.slots.RUnlock()
	if refused {
		// MaxSessions of the server: wait until we are alone, then once more.
		t.slots.Lock()
		defer t.slots.Unlock()
		r, _ = t.try(ctx, j)
	}
	return r
}

func (t *Transport) try(ctx context.Context, j job) (r result, refused bool) {
	ctx, cancel := context.WithTimeout(ctx, j.time)
	defer cancel()
	var mu sync.Mutex
	var session *ssh.Session
	var last *time.Timer
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if session == nil {
			_ = t.client.Close()
			return
		}
		// A server that does not even confirm the end of a channel is given up. The requests
		// wait for the wire, therefore the timer comes first.
		last = time.AfterFunc(2*time.Second, func() { _ = t.client.Close() })
		_ = session.Signal(ssh.SIGKILL)
		_ = session.Close()
	})
	defer func() {
		stop()
		mu.Lock()
		if last != nil {
			last.Stop()
		}
		mu.Unlock()
	}()

	s, err := t.client.NewSession()
	if err != nil {
		var no *ssh.OpenChannelError
		if errors.As(err, &no) {
			return result{err: err}, true
		}
		return result{err: errGone}, false
	}
	defer s.Close()
	mu.Lock()
	session = s
	mu.Unlock()

	out := &bounded{max: j.limit, full: cancel}
	errOut := &bounded{max: 1 << 20}
	s.Stdin, s.Stdout, s.Stderr = strings.NewReader(j.script), out, errOut
	line := shell
	if j.root {
		line = rootShell
	}
	err = s.Run(line)
	r = result{stdout: out.Bytes(), stderr: errOut.String()}
	var exit *ssh.ExitError
	switch {
	case out.over:
		r.err = errSize
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		r.err = errTime
	case ctx.Err() != nil:
		r.err = ctx.Err()
	case err == nil, errors.As(err, &exit) && exit.Signal() == "", errors.Is(err, io.EOF) && len(r.stdout) > 0:
	default:
		r.err = errGone
	}
	return r, false
}

// bounded keeps the first max bytes, swallows the rest and tells once that it is full.
type bounded struct {
	bytes.Buffer
	max  int64
	over bool
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.max - int64(b.Len())
	if int64(len(p)) <= room {
		return b.Buffer.Write(p)
	}
	b.Buffer.Write(p[:max(room, 0)])
	if !b.over && b.full != nil {
		b.full()
	}
	b.over = true
	return len(p), nil
}

// trouble turns the failure of a whole channel into the problem of one thing that it was to show.
func trouble(source string, err error) *fact.Problem {
	p := &fact.Problem{Cause: fact.Unreachable, Source: source, Text: err.Error()}
	switch {
	case errors.Is(err, errTime), errors.Is(err, context.DeadlineExceeded):
		p.Cause, p.Text = fact.TimedOut, ""
	case errors.Is(err, errSize):
		p.Cause, p.Text = fact.TooLarge, "one round of answers"
	case errors.Is(err, errFrame):
		p.Cause = fact.Failed
	}
	return p
}

func clip(s string, n int) string {
	s = strings.TrimSpace(s)
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "?")
}
