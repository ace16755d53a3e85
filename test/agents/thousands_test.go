package agents

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/link"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/test/program"
)

// BenchmarkThousands has 8,000 agents join a control plane, each with a connection of its own, and report what this machine's facts
// are: once as news, then again every five minutes, spread. It prints what the control plane needs for it, and counts
// that every report arrived. HOLDFAST_AGENTS_N sets another number, HOLDFAST_ROUNDS how often they report again (1).
func BenchmarkThousands(b *testing.B) {
	n, rounds, every := number(b, "HOLDFAST_AGENTS_N", 8000), number(b, "HOLDFAST_ROUNDS", 1), 5*time.Minute
	dir := b.TempDir()
	state := filepath.Join(dir, "hub")
	program.Run(b, "--state", filepath.Join(dir, "here"), "assess", "--fail-on", "never")
	facts := recorded(b, filepath.Join(dir, "here", "holdfast.db"))
	server := program.Start(b, nil, "--state", state, "serve", "--scan=false", "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--every", every.String())
	server.Says("Listening for agents on ")
	first, err := agent.ParseToken(strings.TrimSpace(program.Run(b, "--state", state, "agent", "invite", "--env", "production")))
	if err != nil {
		b.Fatal(err)
	}
	store, err := relational.Open(b.Context(), filepath.Join(state, "holdfast.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	tokens := make([]agent.Token, n)
	for i := range tokens {
		tokens[i] = first
		rand.Read(tokens[i].Secret[:])
		now := time.Now()
		if err := store.Invite(b.Context(), agent.Invitation{Digest: tokens[i].Digest(), Environment: fmt.Sprint("env-", i%4), Subject: fmt.Sprint("web-", i), Made: now, Until: now.Add(time.Hour)}); err != nil {
			b.Fatal(err)
		}
	}
	tell := func(what string, began time.Time, did int) {
		kib := status(b, server.Process.Pid, "VmRSS:")
		fmt.Fprintf(os.Stderr, "%-28s %6d in %6.1f s, %6.0f a second; the control plane: %4d MiB, %6.1f s of a processor in all\n", what, did, time.Since(began).Seconds(), float64(did)/time.Since(began).Seconds(), kib/1024, processor(b, server.Process.Pid))
	}
	links := make([]*link.Link, n)
	var delivered atomic.Int64
	each := func(workers int, do func(i int) error) {
		b.Helper()
		var all sync.WaitGroup
		var next atomic.Int64
		for range workers {
			all.Go(func() {
				for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
					if err := do(i); err != nil {
						b.Errorf("agent %d: %v", i, err)
						return
					}
				}
			})
		}
		all.Wait()
		if b.Failed() {
			b.FailNow()
		}
	}
	report := func(i int, whole bool) error {
		id := uuid.Must(uuid.NewV7()).String()
		r := agent.Report{Version: agent.Version, ID: id, At: time.Now().UTC(), Program: "1.0", Host: fmt.Sprint("web-", i), Every: every, Privileged: true, Facts: facts}
		if !whole {
			r.Facts = nil
			for _, f := range facts {
				r.Facts = append(r.Facts, agent.Fact{Kind: f.Kind, Digest: f.Digest, Problem: f.Problem})
			}
		}
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return err
		}
		defer enc.Close()
		packed := enc.EncodeAll(data, nil)
		for end := time.Now().Add(time.Hour); ; time.Sleep(time.Second) {
			err := links[i].Deliver(b.Context(), id, packed)
			if err == nil {
				delivered.Add(1)
				return nil
			}
			if !strings.Contains(err.Error(), "maximum bytes") || time.Now().After(end) { // the bus is full: an agent keeps it and comes again
				return err
			}
		}
	}
	for b.Loop() {
		began := time.Now()
		each(16, func(i int) error {
			at := filepath.Join(dir, "agents", strconv.Itoa(i))
			if err := os.MkdirAll(at, 0o700); err != nil {
				return err
			}
			identity, err := link.Join(b.Context(), tokens[i], at)
			if err != nil {
				return err
			}
			up := make(chan struct{}, 8)
			if links[i], err = link.Dial(identity, at, time.Now, func(agent.Job) error { return nil }, func(string) { up <- struct{}{} }, func(error) {}); err != nil {
				return err
			}
			<-up
			return nil
		})
		tell("joined and connected", began, n)
		began = time.Now()
		each(8, func(i int) error { return report(i, true) })
		tell("reported what was new", began, n)
		heard(b, store, delivered.Load())
		tell("and that was judged", began, n)
		for range rounds {
			began = time.Now()
			before := processor(b, server.Process.Pid)
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					time.Sleep(time.Until(began.Add(every * time.Duration(i) / time.Duration(n)))) // the load is that they are spread
					if err := report(i, false); err != nil {
						b.Errorf("agent %d: %v", i, err)
					}
				})
			}
			all.Wait()
			heard(b, store, delivered.Load())
			tell("reported again, spread", began, n)
			b.ReportMetric((processor(b, server.Process.Pid)-before)/time.Since(began).Seconds()*100, "%-of-a-processor")
		}
		up := 0
		for _, l := range links {
			if l.Connected() {
				up++
			}
		}
		if up != n {
			b.Errorf("%d of %d are connected at the end", up, n)
		}
		b.ReportMetric(float64(status(b, server.Process.Pid, "VmRSS:"))/1024, "MiB")
		b.ReportMetric(float64(status(b, server.Process.Pid, "VmHWM:"))/1024, "peak-MiB")
		for _, l := range links {
			l.Close()
		}
	}
}

// heard waits until so many reports are recorded, each once.
func heard(b *testing.B, store *relational.Store, want int64) {
	b.Helper()
	for end := time.Now().Add(30 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		n, err := store.CountReports(b.Context())
		if err != nil || int64(n) > want || time.Now().After(end) {
			b.Fatal(n, "reports are recorded, sent were", want, err)
		}
		if int64(n) == want {
			return
		}
	}
}

// recorded are the facts of the only run of a database, as an agent sends them.
func recorded(b *testing.B, path string) (out []agent.Fact) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT kind, digest, data FROM facts ORDER BY kind")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	dec, err := zstd.NewReader(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer dec.Close()
	for rows.Next() {
		var f agent.Fact
		var data []byte
		if err := rows.Scan(&f.Kind, &f.Digest, &data); err != nil {
			b.Fatal(err)
		}
		if f.Data, err = dec.DecodeAll(data, nil); err != nil {
			b.Fatal(err)
		}
		out = append(out, f)
	}
	if len(out) < 10 || rows.Err() != nil {
		b.Fatal(len(out), rows.Err())
	}
	return out
}

func number(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(name, err)
	}
	return n
}

// status is a figure of a process in KiB.
func status(b *testing.B, pid int, name string) (kib int) {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), name)
	_, _ = fmt.Sscan(rest, &kib)
	return kib
}

// processor is how many seconds of one a process used so far.
func processor(b *testing.B, pid int) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return float64(user+system) / 100
}
