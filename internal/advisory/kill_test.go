package advisory

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// killed is what a child process does: it imports one edition after the other until it is killed.
const killed = "HOLDFAST_TEST_IMPORT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		s := At(dir, orders)
		fmt.Println("begun")
		for n := 1; ; n++ {
			if _, err := s.Import(context.Background(), os.Getenv(fmt.Sprint(killed, n%2)), now, Options{Whole: []string{"npm"}}); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// editions are two of one feed: every record of the first is fixed in 1, of the second in 2. So a mixture shows.
func editions(t *testing.T, records int) [2]string {
	var out [2]string
	for e := range out {
		files := make([]file, records)
		for i := range files {
			files[i] = file{fmt.Sprintf("GHSA-%d.json", i), npm(fmt.Sprint("GHSA-", i), fmt.Sprint("p", i%50), fmt.Sprint(e+1))}
		}
		out[e] = put(t, "npm/all.zip", zipped(t, files...))
	}
	return out
}

// TestKill kills imports and compilations at moments that nobody chose: afterwards all records are of one edition, and
// the next import works.
func TestKill(t *testing.T) {
	const records = 1000
	both := editions(t, records)
	s, _ := imported(t, both[0])
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	seen := map[string]int{}
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killed+"="+s.dir, killed+"0="+both[0], killed+"1="+both[1])
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "begun" {
			t.Fatalf("the child says %q", lines.Text())
		}
		timer := time.AfterFunc(rand.N(400*time.Millisecond), func() { _ = cmd.Process.Kill() })
		for lines.Scan() { // until it is dead
			t.Errorf("round %d: the child says %q", round, lines.Text())
		}
		timer.Stop()
		_ = cmd.Wait()
		ix, err := s.Index(context.Background(), now)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := ix.Verify(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		found := fixedIn(ix)
		ix.Close()
		if len(found) != 1 || found["<1"]+found["<2"] != records {
			t.Fatalf("round %d: %v, want %d of one edition", round, found, records)
		}
		for k := range found {
			seen[k]++
		}
		if err := s.Rebuild(context.Background(), now); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		ix, err = s.Index(context.Background(), now)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if d := gocmp.Diff(found, fixedIn(ix)); d != "" {
			t.Fatalf("round %d: the index was not that of the records (-index +records):\n%s", round, d)
		}
		ix.Close()
	}
	t.Logf("%d kills: %v", rounds, seen)
	if files := list(t, s); len(files) != 3 {
		t.Errorf("files are left over: %q", files)
	}
}

// TestTwoImports: the second waits for the first, and hears whom it waits for.
func TestTwoImports(t *testing.T) {
	both := editions(t, 10)
	s := At(t.TempDir(), orders)
	release, err := s.lock(context.Background(), "import of a test", now, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = s.Import(ctx, both[0], now, Options{Waiting: func(holder string) {
		if want := fmt.Sprintf("process %d (import of a test, since 2026-11-24T09:00:00Z)", os.Getpid()); holder != want {
			t.Errorf("held by %q, want %q", holder, want)
		}
		cancel()
	}})
	if err == nil || !strings.Contains(err.Error(), "import of a test") || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("cancelled: %v", err)
	}
	waits, done := make(chan string), make(chan error)
	go func() {
		_, err := s.Import(context.Background(), both[1], now, Options{Waiting: func(h string) { waits <- h }})
		done <- err
	}()
	<-waits
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := ids(index(t, s), "npm", "p1"); len(got) != 1 || got[0] != "GHSA-1 <2" {
		t.Errorf("%q", got)
	}
}

// fixedIn counts the records of the editions by the version in which they are fixed.
func fixedIn(ix *Index) map[string]int {
	found := map[string]int{}
	for i := range 50 {
		for _, id := range ids(ix, "npm", fmt.Sprint("p", i)) {
			_, fixed, _ := strings.Cut(id, " ")
			found[fixed]++
		}
	}
	return found
}
