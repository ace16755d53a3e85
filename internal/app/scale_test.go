package app

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/advisory"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/sla"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/test/targets"
)

// sized is a number that the environment sets, for a smaller round than the one that counts.
func sized(b *testing.B, variable string, usual int) int {
	b.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s=%s is no number", variable, text)
	}
	return n
}

// filled opens a database that fill has filled once: it takes minutes and stays in the folder for temporary files, under
// a name that tells what is in it.
func filled(b *testing.B, name string, fill func(*relational.Store)) *relational.Store {
	b.Helper()
	path := filepath.Join(os.TempDir(), "holdfast-bench-"+name+".db")
	if _, err := os.Stat(path); err != nil {
		part := path + ".part"
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(part + suffix)
		}
		s, err := relational.Open(context.Background(), part)
		if err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		fill(s)
		if err := s.Close(); err != nil { // which takes over the WAL
			b.Fatal(err)
		}
		b.Logf("filled in %s", time.Since(begin).Round(time.Second))
		if err := os.Rename(part, path); err != nil {
			b.Fatal(err)
		}
	}
	s, err := relational.Open(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// peak is the most memory that this process ever held.
func peak() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib float64
	_, _ = fmt.Sscan(rest, &kib)
	return kib / 1024
}

const benchSystems = 5000

// fleet is an estate of the systems whose findings the benchmark makes, closed on some day.
func fleet(b *testing.B, closed string) *estate.Estate {
	b.Helper()
	e, problems, err := LoadEstate(fleetFile(b, closed))
	if err != nil || e == nil {
		b.Fatal(err, problems)
	}
	return e
}

func fleetFile(b *testing.B, closed string) string {
	b.Helper()
	var t strings.Builder
	t.WriteString("organization: Northwind\ntimezone: Europe/Berlin\ncalendar: de-by\nclosures: [" + closed + "]\npeople:\n  - {id: erika, name: Erika, accounts: {standard: erika}}\n  - {id: maria, name: Maria, accounts: {standard: maria}}\n  - {id: otto, name: Otto}\n" +
		"teams: [{name: checkout, lead: erika, members: [erika]}, {name: wiki, lead: otto, members: [otto]}]\nenvironments: [{name: prod, stage: production}]\napplications:\n")
	for a := range 50 {
		fmt.Fprintf(&t, "  - {name: app-%d, team: %s, management: maria, criticality: %s, exposure: %s, environments: [prod]}\n", a, []string{"checkout", "wiki"}[a/49], []string{"high", "low"}[a%2], []string{"internet", "internal"}[a/2%2])
	}
	t.WriteString("systems:\n")
	for i := range benchSystems {
		fmt.Fprintf(&t, "  - {name: web-%d, application: app-%d, environment: prod, target: \"ssh://root@web-%d\"}\n", i, i%50, i)
	}
	path := filepath.Join(b.TempDir(), "estate.yaml")
	if err := os.WriteFile(path, []byte(t.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}

func clockFor(b *testing.B, e *estate.Estate) *finding.Clock {
	b.Helper()
	table, err := sla.LoadTable(catalog.FS)
	if err != nil {
		b.Fatal(err)
	}
	c, err := finding.NewClock(table, e, nil)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// benchMarks are what every check came to on some systems: most pass, two fail, some are unknown.
func benchMarks(first, n int, at time.Time) map[string][]picture.Mark {
	out := map[string][]picture.Mark{}
	for i := first; i < first+n; i++ {
		var marks []picture.Mark
		for k, c := range all.Checks() {
			m := picture.Mark{Check: c.ID, Kind: c.Rule.Kind.Name, Verdict: check.Pass, Detail: "seen as it should be, in /etc/some/file:12", At: at}
			switch {
			case c.ID == "vulnerabilities-known" || c.ID == "sshd-root-login":
				m.Verdict, m.Detail, m.Faults = check.Fail, "", 100
			case (k+i)%17 == 0:
				m.Verdict, m.Detail = check.Unknown, "/etc/some/file could not be read: permission denied"
			}
			marks = append(marks, m)
		}
		out[fmt.Sprint("prod/web-", i)] = marks
	}
	return out
}

// twoYears writes how everything stood on each day of them.
func twoYears(ctx context.Context, s *relational.Store, until time.Time) error {
	reqs, _, err := Catalogues()
	if err != nil {
		return err
	}
	d := day{Applications: map[string]standingOf{}}
	for _, r := range reqs.All() {
		d.IDs = append(d.IDs, r.ID)
	}
	statuses := strings.Repeat("fupwjn", len(d.IDs))[:len(d.IDs)]
	for n := range 730 {
		d.All = standingOf{Open: 1_000_000 - n, Overdue: 1000 + n, Statuses: statuses}
		for a := range 50 {
			d.Applications[fmt.Sprint("app-", a)] = standingOf{Open: 20_000, Overdue: n, Statuses: statuses}
		}
		if err := s.PutDay(ctx, until.AddDate(0, 0, -n).Format(time.DateOnly), d); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkMillion asks a database of a million open findings what to do next, and works out all deadlines anew after a
// change of the calendar. They lie on 5,000 systems, identified on eight days. HOLDFAST_FINDINGS sets another number.
func BenchmarkMillion(b *testing.B) {
	n := sized(b, "HOLDFAST_FINDINGS", 1_000_000)
	monday := time.Date(2026, 11, 16, 9, 0, 0, 0, time.UTC)
	ctx := context.Background()
	stand := func(e *estate.Estate) relational.Stand {
		c := clockFor(b, e)
		return func(f finding.Finding) finding.Standing { return c.Stand(f, monday) }
	}
	plain := fleet(b, "")
	s := filled(b, fmt.Sprint("findings-3-", n), func(s *relational.Store) {
		const days, together = 8, 100
		each, c := n/benchSystems/days, stand(plain)
		for first := 0; first < benchSystems; first += together {
			var outcomes []check.Outcome
			for i := first; i < first+together; i++ {
				for day := range days {
					o := check.Outcome{Check: &check.Check{ID: []string{"vulnerabilities-known", "sshd-root-login"}[day/(days-1)], Title: "a benchmark"}, Settings: &check.Settings{Severity: check.High, Level: check.Must}, Result: check.Result{Verdict: check.Fail},
						Observation: &fact.Observation{Subject: fmt.Sprint("prod/web-", i), Kind: fact.Kind{Name: "vulnerabilities", Version: 1}, ObservedAt: monday.AddDate(0, 0, -day).Add(time.Duration(i) * time.Second)}}
					for k := range each {
						epss := float64(k%100) / 100
						o.Violations = append(o.Violations, check.Violation{Flaw: &check.Flaw{ID: fmt.Sprint("CVE-2026-", 10000+k), Package: fmt.Sprint("p-", k)}, Key: fmt.Sprintf("vulnerability:CVE-2026-%d@Debian/p-%d#%d", 10000+k, k, day), Severity: []check.Severity{check.Critical, check.High, check.Moderate, check.Low}[k%4],
							Detail: fmt.Sprintf("CVE-2026-%d in p-%d 1.2.3-1 (libp-%d, p-%d-tools), fixed in 1.2.3-1+deb12u1: an out-of-bounds read in the parser of headers", 10000+k, k, k, k),
							Threat: &check.Threat{Exploited: k%50 == 0, EPSS: &epss}})
					}
					outcomes = append(outcomes, o)
				}
			}
			r := run.Run{ID: fmt.Sprintf("%08d", first), Started: monday, Finished: monday}
			if _, err := s.Record(ctx, r, nil, outcomes, c); err != nil {
				b.Fatal(err)
			}
			if err := s.Judged(ctx, monday, benchMarks(first, together, monday)); err != nil {
				b.Fatal(err)
			}
		}
		if err := twoYears(ctx, s, monday); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("first-page", func(b *testing.B) {
		for b.Loop() {
			if open, _, err := s.Open(ctx, monday); err != nil || open < n*7/10 {
				b.Fatal(open, err)
			}
			if list, err := s.Next(ctx, monday, 50, nil); err != nil || len(list) != 50 {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("pages", func(b *testing.B) { benchPages(b, "sqlite:"+s.Path(), fleetFile(b, "")) })
	b.Run("postgres", func(b *testing.B) {
		server, _ := targets.Database(b, "shared_buffers=512MB", "max_wal_size=8GB")
		there, err := relational.OpenPostgres(ctx, server)
		if err != nil {
			b.Fatal(err)
		}
		defer there.Close()
		began := time.Now()
		if _, err := there.Copy(ctx, s, nil); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "copy-s")
		benchPages(b, server, fleetFile(b, ""))
	})
	b.Run("calendar", func(b *testing.B) {
		other := []relational.Stand{stand(fleet(b, "2026-11-17, 2026-11-18, 2026-11-20")), stand(plain)}
		i := 0
		for b.Loop() {
			moved, err := s.Restand(ctx, nil, other[i%2])
			if err != nil || moved == 0 {
				b.Fatal(moved, err)
			}
			b.ReportMetric(float64(moved), "moved")
			i++
		}
		b.ReportMetric(peak(), "peak-MiB")
		if i%2 == 1 { // as it was, for the next round
			if _, err := s.Restand(ctx, nil, other[1]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// names are the source packages of a real Debian 12, in no order.
func names(b *testing.B) (out []string) {
	b.Helper()
	file, err := os.Open(need.Advisories(b, "../..") + "/fixtures/debian12-outdated.dpkg-status.gz")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	seen := map[string]bool{}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		name, source := "", ""
		for line := range strings.Lines(block) {
			if v, ok := strings.CutPrefix(line, "Package: "); ok {
				name = strings.TrimSpace(v)
			}
			if v, ok := strings.CutPrefix(line, "Source: "); ok {
				source, _, _ = strings.Cut(strings.TrimSpace(v), " ")
			}
		}
		if source == "" {
			source = name
		}
		if source != "" && !seen[source] {
			seen[source] = true
			out = append(out, source)
		}
	}
	return out
}

// BenchmarkAffected asks who carries what one new advisory speaks of: 50,000 systems with 100 packages each. Half of the
// packages are those that every Debian has, the others are the rarer the further down the list; openssl, of which the
// advisory speaks, is on all of them in 20 versions, of which 10 have the flaw. HOLDFAST_SYSTEMS sets another number.
func BenchmarkAffected(b *testing.B) {
	n := sized(b, "HOLDFAST_SYSTEMS", 50_000)
	all := names(b)
	ctx := context.Background()
	s := filled(b, fmt.Sprint("instances-", n), func(s *relational.Store) {
		r := rand.New(rand.NewPCG(1, 2))
		zipf := rand.NewZipf(r, 1.1, 10, uint64(len(all)-51))
		for first := 0; first < n; first += 5000 {
			var list []relational.Carried
			for i := first; i < min(n, first+5000); i++ {
				c := relational.Carried{Subject: fmt.Sprint("prod/web-", i), Part: partDistribution, Teams: []string{fmt.Sprint("team-", i%40)}, SeenAt: time.Unix(1790000000, 0)}
				has := map[string]bool{"openssl": true}
				for _, name := range all[:49] {
					has[name] = true
				}
				for len(has) < 100 {
					has[all[50+zipf.Uint64()]] = true
				}
				for name := range has {
					c.Packages = append(c.Packages, vuln.Package{Ecosystem: "Debian:12", Name: name, Version: fmt.Sprintf("3.0.%d-1", r.IntN(20))})
				}
				list = append(list, c)
			}
			if err := s.Carry(ctx, list); err != nil {
				b.Fatal(err)
			}
		}
	})
	dir := b.TempDir()
	file := filepath.Join(dir, "new.json")
	text := `{"id": "DEBIAN-CVE-2026-0001", "modified": "2026-11-01T00:00:00Z", "upstream": ["CVE-2026-0001"], "affected": [{"package": {"ecosystem": "Debian:12", "name": "openssl"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.10-1"}]}]}]}`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	if _, err := advisory.At(filepath.Join(dir, "advisories"), orders).Import(ctx, file, now, advisory.Options{}); err != nil {
		b.Fatal(err)
	}
	b.Run("lookup", func(b *testing.B) {
		for b.Loop() {
			ix, err := advisory.At(filepath.Join(dir, "advisories"), orders).Index(ctx, now)
			if err != nil {
				b.Fatal(err)
			}
			a := &advisories{Source: ix, stale: func(string) error { return nil }}
			list, err := affected(ctx, &desk{store: s}, a, ix, "CVE-2026-0001")
			if err != nil || len(list.Affected) < n/3 || list.Affected[0].Finding == "" {
				b.Fatal(err, len(list.Affected))
			}
			b.ReportMetric(float64(len(list.Affected)), "affected")
			ix.Close()
		}
		b.ReportMetric(peak(), "peak-MiB")
	})
	b.Run("rebuilt-host", func(b *testing.B) { // what recording costs a host whose packages all got new versions
		versions := []string{"9-1", "9-2"}
		i := 0
		for b.Loop() {
			c := relational.Carried{Subject: "web-0", Part: partDistribution, SeenAt: now}
			for _, name := range all[:100] {
				c.Packages = append(c.Packages, vuln.Package{Ecosystem: "Debian:12", Name: name, Version: versions[i%2]})
			}
			if err := s.Carry(ctx, []relational.Carried{c}); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}
