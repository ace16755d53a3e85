package relational

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"holdfast.example/holdfast/test/targets"
)

// serverOf names a PostgreSQL on which the tests of this package run, in place of SQLite.
const serverOf = "HOLDFAST_TEST_POSTGRES"

// opened opens the database of a path: the file, or one of its name on the server.
func opened(t *testing.T, path string) (*Store, error) {
	t.Helper()
	server := os.Getenv(serverOf)
	if server == "" {
		return Open(t.Context(), path)
	}
	sum := sha256.Sum256([]byte(path))
	name := "t" + hex.EncodeToString(sum[:8])
	c, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil && !strings.Contains(err.Error(), "already exists") && !strings.Contains(err.Error(), "duplicate key") {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return OpenPostgres(t.Context(), u.String())
}

// sqliteOnly skips what is about the file alone.
func sqliteOnly(t *testing.T) {
	t.Helper()
	if os.Getenv(serverOf) != "" {
		t.Skip("this is about SQLite's file")
	}
}

// TestOnPostgres runs all tests of this package on a real PostgreSQL.
func TestOnPostgres(t *testing.T) {
	sqliteOnly(t)
	server, _ := targets.Database(t, "fsync=off")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=10m", "-test.run=^Test")
	cmd.Env = append(os.Environ(), serverOf+"="+server)
	out, err := cmd.CombinedOutput()
	if err != nil {
		var failed []string
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- PASS") {
				failed = append(failed, line)
			}
		}
		t.Fatalf("%v:\n%s", err, strings.Join(failed[:min(len(failed), 200)], ""))
	}
	if n := strings.Count(string(out), "--- PASS"); n < 20 {
		t.Errorf("%d tests ran there:\n%s", n, out)
	}
}

// TestPasswords: what is told of an address has no password in it.
func TestPasswords(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://erika:geheim@db.example:5432/x?sslmode=require":             "postgres://erika@db.example:5432/x?sslmode=require",
		"postgres://db.example/x?password=geheim&user=erika&sslpassword=geheim": "postgres://db.example/x?user=erika",
		"postgres://[::1/geheim": "postgres://…",
		"postgres://erika@db/x":  "postgres://erika@db/x",
	} {
		if got := withoutPassword(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
	for _, address := range []string{"postgres://erika:geheim@127.0.0.1:1/x?sslmode=disable&connect_timeout=1", "postgres://erika:geheim@127.0.0.1:99999/x", "postgres://erika:geheim@127.0.0.1/x?sslmode=nonsense"} {
		if _, err := OpenPostgres(t.Context(), address); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestWords: statements are the same in both but for how they name values.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT a FROM b WHERE c = ? AND d = ?":             "SELECT a FROM b WHERE c = $1 AND d = $2",
		"WHERE ?1 = '' OR b = ?1 LIMIT ?12":                 "WHERE $1 = '' OR b = $1 LIMIT $12",
		"WHERE a = '?' AND b = 'it''s ?' AND c = ?":         "WHERE a = '?' AND b = 'it''s ?' AND c = $1",
		"standings s CROSS JOIN clocks c ON c.id = s.clock": "standings s JOIN clocks c ON c.id = s.clock",
	} {
		if got := inWordsOfPostgres(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestNewerPostgres: what a later version wrote is not touched.
func TestNewerPostgres(t *testing.T) {
	if os.Getenv(serverOf) == "" {
		t.Skip("runs within TestOnPostgres")
	}
	s := open(t, t.TempDir())
	if _, err := s.db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)"); err != nil {
		t.Fatal(err)
	}
	if err := s.migrate(t.Context()); !errors.Is(err, ErrNewer) {
		t.Error(err)
	}
}

// TestPostgresKilled: the server is killed with -9 while runs are recorded and comes back; of what was told as recorded nothing
// is lost, and nothing is there twice.
func TestPostgresKilled(t *testing.T) {
	sqliteOnly(t)
	server, again := targets.Database(t)
	t.Setenv(serverOf, server)
	path := t.TempDir()
	s := open(t, path)
	told := make(chan string, 10_000)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			id := fmt.Sprintf("%06d", i)
			if _, err := look(t, s, id, "subject "+id, noon, door{Open: []string{"front"}}); err == nil {
				told <- id
			}
		}
	}()
	for range 3 {
		for n := len(told) + 20; len(told) < n; {
			runtime.Gosched()
		}
		again()
	}
	for n := len(told) + 20; len(told) < n; {
		runtime.Gosched()
	}
	close(stop)
	<-ended
	close(told)
	n := 0
	for id := range told {
		n++
		if _, err := s.Run(t.Context(), id); err != nil {
			t.Errorf("run %s was told as recorded: %v", id, err)
		}
	}
	var runs, events, findings int
	if err := s.db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM finding_events), (SELECT count(*) FROM findings)").Scan(&runs, &events, &findings); err != nil {
		t.Fatal(err)
	}
	if runs < n || events != runs || findings != runs {
		t.Errorf("%d were told as recorded; %d runs, %d events, %d findings", n, runs, events, findings)
	}
}
