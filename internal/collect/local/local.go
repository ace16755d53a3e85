// Package local gathers evidence from the machine that it runs on and from file trees on it. It
// only reads: nothing is written, and no command runs but the fixed ones that needs name. Every
// read is bounded in size, number and time, and never blocks on a FIFO or a device.
package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"holdfast.example/holdfast/internal/host"
)

// Transport reads one file tree. Make it by New.
type Transport struct {
	root string // "" for the running machine, else the absolute folder
	tree tree
	deep bool // walks go everywhere
}

// Machine gives the transport for this running machine. Its walk leaves out what host.Bulky names.
func Machine() *Transport { return &Transport{tree: machineTree{}} }

// WholeMachine is Machine with a walk that visits every local file: seconds to minutes.
func WholeMachine() *Transport { return &Transport{tree: machineTree{}, deep: true} }

// Rootfs gives the transport for a file tree that does not run. Links are resolved inside the
// folder as a chroot would, and never followed outside it.
func Rootfs(dir string) (*Transport, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("rootfs %s: %w", dir, err)
	}
	st, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("rootfs %s: %w", dir, err)
	}
	if !st.IsDir() {
		return nil, fmt.Errorf("rootfs %s: is not a folder", dir)
	}
	r, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("rootfs %s: %w", dir, err)
	}
	return &Transport{root: abs, tree: rootTree{r}, deep: true}, nil
}

// Name is the collector's name in observations: host:local or rootfs:DIR.
func (t *Transport) Name() string {
	if t.root == "" {
		return "host:local"
	}
	return "rootfs:" + t.root
}

// Privileged tells whether everything can be read.
func (t *Transport) Privileged() bool { return os.Geteuid() == 0 }

// Close frees the handle on the tree.
func (t *Transport) Close() error { return t.tree.close() }

// Gather answers needs into ev. What cannot be had is recorded there as a problem; the error is
// only for the end of the context.
func (t *Transport) Gather(ctx context.Context, needs []host.Need, ev *host.Evidence) error {
	ev.Rootfs = t.root != ""
	for _, n := range needs {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch n.Op {
		case host.OpRead:
			t.read(n, ev)
		case host.OpStat:
			t.stat(n, ev)
		case host.OpRun:
			if t.root == "" {
				ev.PutOutput(n.Pattern, run(ctx, n.Command))
			}
		case host.OpProcesses:
			if t.root == "" {
				ps, problem := processes()
				ev.PutProcesses(ps, problem)
			}
		case host.OpWalk:
			ev.PutSpecial(t.walk(ctx))
		}
	}
	return ctx.Err()
}

func (t *Transport) read(n host.Need, ev *host.Evidence) {
	paths, problem := glob(t.tree, n.Pattern)
	ev.PutMatches(host.OpRead, n.Pattern, paths, problem)
	for _, p := range paths {
		ev.PutFile(readFile(t.tree, p, n.Max))
	}
}

func (t *Transport) stat(n host.Need, ev *host.Evidence) {
	paths, problem := glob(t.tree, n.Pattern)
	ev.PutMatches(host.OpStat, n.Pattern, paths, problem)
	for _, p := range paths {
		if i, err := t.tree.lstat(p); err == nil {
			ev.PutStat(i)
		}
	}
}
