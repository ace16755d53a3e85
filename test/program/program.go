// Package program runs holdfast as a process of its own, out of the binary of a test.
package program

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/cli"
)

// inTest makes the binary of a test be holdfast.
const inTest = "HOLDFAST_IN_TEST"

// Patience is how long a test waits for what should come at once.
const Patience = 60 * time.Second

// Main is what TestMain does: it makes this binary be holdfast where Command started it.
func Main(m *testing.M) {
	if os.Getenv(inTest) != "" {
		os.Exit(cli.Run(context.Background(), "1.0", os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Command gives a holdfast that does not run yet; words before it run it, ip netns exec NAME for example.
func Command(before []string, args ...string) *exec.Cmd {
	argv := append(append(append([]string{}, before...), os.Args[0]), args...)
	c := exec.Command(argv[0], argv[1:]...)
	c.Env = append(os.Environ(), inTest+"=1")
	return c
}

// Run runs one to its end, which is to be a good one, and gives what it printed.
func Run(tb testing.TB, args ...string) string {
	tb.Helper()
	c := Command(nil, args...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		tb.Fatalf("holdfast %s: %v: %s%s", strings.Join(args, " "), err, stderr.String(), out)
	}
	return string(out)
}

// Process is a holdfast that runs.
type Process struct {
	*exec.Cmd
	tb    testing.TB
	lines chan string
}

// Start starts one, which is killed at the end of the test.
func Start(tb testing.TB, before []string, args ...string) *Process {
	tb.Helper()
	p := &Process{Command(before, args...), tb, make(chan string, 100000)}
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	for _, pipe := range []func() (io.ReadCloser, error){p.StdoutPipe, p.StderrPipe} {
		r, err := pipe()
		if err != nil {
			tb.Fatal(err)
		}
		go func() {
			for s := bufio.NewScanner(r); s.Scan(); {
				p.lines <- s.Text()
			}
		}()
	}
	if err := p.Cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Kill)
	return p
}

// Kill ends it as a loss of power would end the process.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
	_ = p.Wait()
}

// Heard gives what it said so far and nobody waited for.
func (p *Process) Heard() (out string) {
	for {
		select {
		case line := <-p.lines:
			out += line + "\n"
		default:
			return out
		}
	}
}

// Says waits for a line that holds a text.
func (p *Process) Says(text string) string {
	p.tb.Helper()
	var all []string
	end := time.After(Patience)
	for {
		select {
		case line := <-p.lines:
			if all = append(all, line); strings.Contains(line, text) {
				return line
			}
		case <-end:
			p.tb.Fatalf("it never said %q but:\n%s", text, strings.Join(all, "\n"))
		}
	}
}

// After gives what follows a text in a line that it says.
func (p *Process) After(text string) string {
	p.tb.Helper()
	_, rest, _ := strings.Cut(p.Says(text), text)
	return rest
}

// Until waits until something is so, and looks every 50 ms; else it fails with what the processes said.
func Until(tb testing.TB, what string, is func() bool, processes ...*Process) {
	tb.Helper()
	for end := time.Now().Add(Patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			said := ""
			for _, p := range processes {
				said += fmt.Sprintf("\n%s:\n%s", strings.Join(p.Args[1:], " "), p.Heard())
			}
			tb.Fatalf("it never came to this: %s%s", what, said)
		}
	}
}
