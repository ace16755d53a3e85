// Package ssh gathers evidence from a host over SSH. It reads and never writes: nothing is installed,
// no file is made, and what is run is a fixed family of commands (Commands) inside a few constant
// shell scripts that travel over standard input. A round of needs takes a handful of channels, not
// one for each file, so that many hosts can be assessed at once.
//
// Limits: the remote shell must be POSIX (dash, bash, busybox ash) with GNU or busybox tools and
// /proc mounted. The package decides nothing about what it reads, asks no questions (no passwords, no
// prompts), and never accepts a host key that known_hosts does not hold.
package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"holdfast.example/holdfast/internal/host"
)

// Times that bound every part of a round.
const (
	filesTime   = 30 * time.Second // one channel that looks for or reads files
	commandTime = 15 * time.Second // one of the needs' commands
	processTime = 30 * time.Second
	walkTime    = 30 * time.Second
	keepalive   = 5 * time.Second // how often the host must prove that it lives
)

// Transport is one connection. Make it by Dial; after Close, or after the end of a context that a
// Gather ran under, it gives only problems. Gather is not for concurrent use.
type Transport struct {
	name   string
	client *ssh.Client
	via    []*ssh.Client // jump hosts, nearest first
	uid    int
	sudo   sudo
	deep   bool
	blobs  *Blobs
	idle   shells
	runs   atomic.Int64 // scripts, each of which waits for the network once
	slots  sync.RWMutex // write-locked while a channel that was refused is tried alone
}

// sudo is what sudo -n grants.
type sudo int

const (
	sudoNone sudo = iota
	sudoSome      // single commands
	sudoAll
)

// Name is the collector's name in observations: ssh://user@host:port.
func (t *Transport) Name() string { return t.name }

// Privileged tells whether everything can be read: root, or sudo without password for all commands.
func (t *Transport) Privileged() bool { return t.root() || t.sudo == sudoAll }

func (t *Transport) root() bool { return t.uid == 0 }

// Close ends the connection and those through which it went.
func (t *Transport) Close() error {
	err := t.client.Close()
	for i := len(t.via) - 1; i >= 0; i-- {
		// A jump host that already went away is no failure of this host.
		_ = t.via[i].Close()
	}
	if errors.Is(err, errClosed) {
		return nil
	}
	return err
}

// Gather answers needs into ev. What cannot be had is recorded there as a problem, also when the
// host goes away in the middle; the error is only for the end of the context. The end of the context
// closes the connection.
func (t *Transport) Gather(ctx context.Context, needs []host.Need, ev *host.Evidence) error {
	ev.Rootfs = false
	stop := context.AfterFunc(ctx, func() { _ = t.client.Close() })
	defer stop()

	var files, runs []host.Need
	processes, walk := false, false
	for _, n := range needs {
		switch n.Op {
		case host.OpRead, host.OpStat:
			files = append(files, n)
		case host.OpRun:
			runs = append(runs, n)
		case host.OpProcesses:
			processes = true
		case host.OpWalk:
			walk = true
		}
	}

	watch, rest := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { t.watch(watch) })
	// One after the other, in one shell: a log-in shell costs some hosts more than all of this.
	if len(files) > 0 {
		t.files(ctx, files, ev)
	}
	t.commands(ctx, runs, ev)
	if processes {
		ev.PutProcesses(t.processes(ctx))
	}
	if walk {
		ev.PutSpecial(t.walk(ctx))
	}
	rest()
	watching.Wait()
	return ctx.Err()
}

// watch closes the connection when the host stops answering: TCP alone would wait for minutes.
func (t *Transport) watch(ctx context.Context) {
	tick := time.NewTicker(keepalive)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		dead := time.AfterFunc(2*keepalive, func() { _ = t.client.Close() })
		_, _, err := t.client.SendRequest("keepalive@openssh.com", true, nil)
		dead.Stop()
		if err != nil {
			return
		}
	}
}

// probe asks who we are there and what sudo grants.
func (t *Transport) probe(ctx context.Context, limit time.Duration) error {
	r := t.run(ctx, job{script: probeScript, limit: 1 << 16, time: limit})
	if r.err != nil {
		return fmt.Errorf("%s: run /bin/sh: %w", t.name, r.err)
	}
	uid, grant, ok := parseProbe(r.stdout)
	if !ok {
		return fmt.Errorf("%s: run /bin/sh: the answer is no user number (%s); Holdfast needs a login that may run commands",
			t.name, clip(string(r.stdout)+r.stderr, 200))
	}
	t.uid, t.sudo = uid, grant
	return nil
}
