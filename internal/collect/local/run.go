package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// commandTime is how long one command may take.
const commandTime = 10 * time.Second

// run runs one of the fixed commands with an empty environment and no input.
func run(ctx context.Context, c *host.Command) host.Output {
	bin := find(c.Argv[0])
	if bin == "" {
		return host.Output{Exit: -1, Err: &fact.Problem{Cause: fact.NotFound, Source: c.String()}}
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, c.Argv[1:]...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER=", "HOME=/nonexistent"}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	stdout, stderr := &bounded{max: host.MaxOutput}, &bounded{max: 1 << 10}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	out := host.Output{Stdout: stdout.Bytes(), Stderr: stderr.String(), Exit: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		out.Err = &fact.Problem{Cause: fact.TimedOut, Source: c.String()}
	case stdout.over:
		out.Err = &fact.Problem{Cause: fact.TooLarge, Source: c.String()}
	case errors.As(err, &exit) && slices.Contains(c.Exits, out.Exit):
	case err != nil:
		out.Err = host.Refused(c, out.Stderr, err.Error(), os.Geteuid() == 0)
	}
	return out
}

func find(name string) string {
	for _, dir := range []string{"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"} {
		if st, err := os.Stat(dir + name); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return dir + name
		}
	}
	return ""
}

// bounded keeps the first max bytes and swallows the rest, so that the writer never blocks.
type bounded struct {
	bytes.Buffer
	max  int
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.max - b.Len()
	if len(p) > room {
		b.over = true
		b.Buffer.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}
