package ledger_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/ledger"
)

// killed is what a child process does: it enters one entry after the other, tells each that was acknowledged, and goes
// on from a number until it is killed.
const killed = "HOLDFAST_TEST_LEDGER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		l, n := ledger.At(dir), 0
		_, _ = fmt.Sscan(os.Getenv(killed+"_FROM"), &n)
		for ; ; n += 2 {
			if _, err := l.Enter(context.Background(), 0, entries(n, n+2)); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println(n + 2)
		}
	}
	os.Exit(m.Run())
}

// TestKill kills who writes at moments that nobody chose, and counts: what was acknowledged is there, once and in its
// order, the ledger is whole, and the next writer goes on.
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	dir := filepath.Join(t.TempDir(), "ledger")
	done := 0
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killed+"="+dir, fmt.Sprintf("%s_FROM=%d", killed, done))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range rand.IntN(3) {
			if lines.Scan() {
				if _, err := fmt.Sscan(lines.Text(), &done); err != nil {
					t.Fatalf("the child says %q", lines.Text())
				}
			}
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond) // the moment is the test
		_ = cmd.Process.Kill()
		for lines.Scan() {
			if _, err := fmt.Sscan(lines.Text(), &done); err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
		}
		_ = cmd.Wait()
		// As after every kill: what the writer knows to be entered comes again with what does not.
		head, err := ledger.At(dir).Enter(t.Context(), 0, entries(0, done+2))
		if err != nil {
			t.Fatal(round, err)
		}
		done += 2
		n := 0
		if err := ledger.Each(os.DirFS(dir), 0, func(i uint64, e ledger.Entry) error {
			if e.ID != fmt.Sprintf("decision/%d", n) {
				t.Errorf("round %d: %s is entry %d", round, e.ID, i)
			}
			n++
			return nil
		}); err != nil {
			t.Fatal(round, err)
		}
		if n < done || uint64(n) != head.Size {
			t.Fatalf("round %d: %d entries, %d were acknowledged, the checkpoint is over %d", round, n, done, head.Size)
		}
		done = n + n%2
		if _, err := ledger.Verify(t.Context(), os.DirFS(dir), ""); err != nil {
			t.Fatal(round, err)
		}
	}
}
