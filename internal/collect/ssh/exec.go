package ssh

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"holdfast.example/holdfast/internal/fact"
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

// run runs one script in a shell that has nothing else to do. An exit code is no error: scripts frame
// their answers. A shell whose script took too long or printed too much is given up.
func (t *Transport) run(ctx context.Context, j job) result {
	ctx, cancel := context.WithTimeout(ctx, j.time)
	defer cancel()
	t.runs.Add(1)
	t.slots.RLock()
	r, refused := t.try(ctx, j)
	t.slots.RUnlock()
	if refused {
		// MaxSessions of the server: wait until we are alone, then once more.
		t.slots.Lock()
		defer t.slots.Unlock()
		t.idle.close(!j.root)
		r, _ = t.try(ctx, j)
	}
	return r
}

func (t *Transport) try(ctx context.Context, j job) (r result, refused bool) {
	s := t.idle.take(j.root)
	if s == nil {
		var err error
		if s, err = t.open(ctx, j.root); err != nil {
			var no *ssh.OpenChannelError
			if errors.As(err, &no) {
				return result{err: err}, true
			}
			return result{err: ended(ctx, errGone)}, false
		}
	}
	r, alive := s.run(ctx, j)
	if alive {
		t.idle.give(s)
	} else {
		s.close(t.client)
	}
	return r, false
}

// open starts a shell. A server that does not answer to that is given up with the whole connection. It is waited for beside:
// x/crypto/ssh (v0.58.0) never answers who opens a channel in the moment in which the connection ends, also when it is closed
// then; what waits there is all that stays.
func (t *Transport) open(ctx context.Context, root bool) (*shell, error) {
	type opened struct {
		shell *shell
		err   error
	}
	done := make(chan opened)
	go func() {
		s, err := openShell(t.client, root)
		select {
		case done <- opened{s, err}:
		case <-ctx.Done():
			if s != nil {
				s.close(t.client)
			}
		}
	}()
	select {
	case o := <-done:
		return o.shell, o.err
	case <-ctx.Done():
		_ = t.client.Close()
		return nil, errGone
	}
}

// ended gives the reason why a context ended, or else.
func ended(ctx context.Context, otherwise error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errTime
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return otherwise
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
