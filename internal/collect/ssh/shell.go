package ssh

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// The command lines of a channel. Scripts come over standard input, so that no login shell gets to
// read what is quoted for /bin/sh, and so that no limit of a command line applies.
const (
	userShell = `exec /bin/sh`
	rootShell = `exec sudo -n -- /bin/sh`
)

// shell is a /bin/sh that waits for scripts. It serves one after the other: to start one costs the
// host a log-in shell with all its settings, which on some hosts takes longer than an assessment.
type shell struct {
	root     bool
	session  *ssh.Session
	in       io.WriteCloser
	out, err *sink
	gone     chan struct{} // closed when the shell has ended
	exit     error         // after gone
}

func openShell(c *ssh.Client, root bool) (*shell, error) {
	session, err := c.NewSession()
	if err != nil {
		return nil, err
	}
	s := &shell{root: root, session: session, out: newSink(), err: newSink(), gone: make(chan struct{})}
	session.Stdout, session.Stderr = s.out, s.err
	if s.in, err = session.StdinPipe(); err == nil {
		line := userShell
		if root {
			line = rootShell
		}
		err = session.Start(line)
	}
	if err != nil {
		_ = session.Close()
		return nil, errGone
	}
	go func() {
		s.exit = session.Wait()
		close(s.gone)
	}()
	return s, nil
}

// run runs one script and tells whether the shell can take another.
func (s *shell) run(ctx context.Context, j job) (r result, alive bool) {
	word := randomWord()
	end := "\n" + word + "\n"
	out, said := s.out.expect(end, j.limit), s.err.expect(end, 1<<20)
	// The script is a subshell, so that the next one finds nothing of it.
	text := "(\n" + j.script + "\n) </dev/null\nprintf '\\n%s\\n' " + word + "; printf '\\n%s\\n' " + word + " >&2\n"
	written := make(chan struct{})
	go func() {
		defer close(written)
		// A shell that is gone tells so itself.
		_, _ = io.WriteString(s.in, text)
	}()
	alive = true
	for _, done := range []<-chan struct{}{out, said} {
		select {
		case <-done:
		case <-s.gone:
			alive = false
		case <-ctx.Done():
			alive = false
		}
	}
	var over bool
	r.stdout, over = s.out.taken()
	stderr, _ := s.err.taken()
	r.stderr = string(stderr)
	var exit *ssh.ExitError
	switch {
	case over:
		r.err, alive = errSize, false
	case alive:
		<-written
	case ctx.Err() != nil:
		r.err = ended(ctx, nil)
	case s.exit == nil, errors.As(s.exit, &exit) && exit.Signal() == "":
	default:
		r.err = errGone
	}
	return r, alive
}

// close ends the shell. A server that does not even confirm the end of a channel is given up with the
// whole connection; the requests wait for the wire, therefore the timer comes first.
func (s *shell) close(c *ssh.Client) {
	last := time.AfterFunc(2*time.Second, func() { _ = c.Close() })
	defer last.Stop()
	_ = s.session.Signal(ssh.SIGKILL)
	_ = s.session.Close()
}

// sink keeps what a shell prints up to the end of a script: the first max bytes, the rest is
// swallowed.
type sink struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	end  []byte
	max  int64
	over bool
	done chan struct{} // closed at the end, and when more than max came
}

func newSink() *sink { return &sink{done: make(chan struct{})} }

func (s *sink) expect(end string, max int64) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf.Reset()
	s.end, s.max, s.over, s.done = []byte(end), max, false, make(chan struct{})
	return s.done
}

// taken gives what was printed without the end.
func (s *sink) taken() (data []byte, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data = bytes.TrimSuffix(s.buf.Bytes(), s.end)
	s.buf = bytes.Buffer{}
	return data, s.over
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.end == nil {
		return len(p), nil
	}
	s.buf.Write(p)
	if tail := s.buf.Bytes(); bytes.HasSuffix(tail, s.end) {
		s.close()
	} else if int64(len(tail)) > s.max+int64(len(s.end)) {
		s.buf.Truncate(int(s.max))
		s.over = true
		s.close()
	}
	return len(p), nil
}

func (s *sink) close() {
	select {
	case <-s.done:
	default:
		close(s.done)
	}
}

// shells are those that wait for a script.
type shells struct {
	mu   sync.Mutex
	list []*shell
}

func (s *shells) take(root bool) *shell {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.list, func(x *shell) bool { return x.root == root })
	if i < 0 {
		return nil
	}
	x := s.list[i]
	s.list = slices.Delete(s.list, i, i+1)
	return x
}

func (s *shells) give(x *shell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, x)
}

// close ends the waiting shells of one sort, to make room for another.
func (s *shells) close(root bool) {
	for x := s.take(root); x != nil; x = s.take(root) {
		_ = x.session.Close()
		<-x.gone
	}
}
