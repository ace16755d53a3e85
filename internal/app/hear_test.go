package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
)

// listening is an intake with agents that joined.
type listening struct {
	*testing.T
	*intake
	asked []string
	said  []string
}

func newListening(t *testing.T, ids ...string) *listening {
	t.Helper()
	o := ServeOptions{State: t.TempDir(), Version: "1.0"}
	s, err := openStore(t.Context(), o.State, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	l := &listening{T: t}
	l.intake = &intake{o: o, store: s, again: func(a agent.Agent) { l.asked = append(l.asked, a.ID) }, log: func(format string, args ...any) { l.said = append(l.said, format) }}
	for _, id := range ids {
		now := time.Now()
		if err := s.Invite(t.Context(), agent.Invitation{Digest: id, Environment: "production", Made: now, Until: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Admit(t.Context(), id, agent.Agent{ID: id, Environment: "production", Joined: now, Until: now.Add(time.Hour)}, now); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// seesRoot is a report of a host on which root may log in, or may not.
func seesRoot(t *testing.T, by, host, permit string) hub.Received {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, map[string]string{"etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", "etc/hostname": host + "\n", "etc/machine-id": strings.Repeat("a", 32) + "\n", "etc/ssh/sshd_config": "PermitRootLogin " + permit + "\n", "usr/sbin/sshd": ""})
	w := &world{sources: all.Sources(), now: time.Now}
	target, err := parseTarget("rootfs:"+dir, Options{}, &w.blobs)
	if err != nil {
		t.Fatal(err)
	}
	seen := w.look(t.Context(), target, fact.NewKey([32]byte{1}), 0)
	r := agent.Report{Version: agent.Version, ID: uuid.Must(uuid.NewV7()).String(), At: time.Now(), Host: host, Program: "1.0", Every: time.Minute, Privileged: true}
	for _, o := range seen.observations("", "", w.sources) {
		f := agent.Fact{Kind: o.Kind.String(), Digest: o.Digest, Problem: o.Problem}
		if o.Fact != nil {
			if f.Data, err = fact.Canonical(o.Fact); err != nil {
				t.Fatal(err)
			}
		}
		r.Facts = append(r.Facts, f)
	}
	return hub.Received{Agent: by, At: time.Now(), Report: r}
}

// again is the same look a moment later, told by digests alone.
func again(r hub.Received) hub.Received {
	r.Report.ID, r.Report.At, r.At = uuid.Must(uuid.NewV7()).String(), time.Now(), time.Now()
	r.Report.Facts = append([]agent.Fact{}, r.Report.Facts...)
	for i := range r.Report.Facts {
		r.Report.Facts[i].Data = nil
	}
	return r
}

func (l *listening) takes(batch ...hub.Received) {
	l.Helper()
	if err := l.take(l.Context(), batch); err != nil {
		l.Fatal(err)
	}
}

// open gives the open findings of root's log-in, by subject.
func (l *listening) open() (subjects []string) {
	l.Helper()
	fs, err := l.store.Findings(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	for _, f := range fs {
		if f.Check == "sshd-root-login" && f.ClosedAt == nil {
			subjects = append(subjects, f.Subject)
		}
	}
	return subjects
}

func (l *listening) runs() int {
	l.Helper()
	all, err := l.store.Runs(l.Context(), 1000)
	if err != nil {
		l.Fatal(err)
	}
	return len(all)
}

func count(t *testing.T, s *relational.Store, ids ...string) (n int) {
	t.Helper()
	for _, id := range ids {
		if done, err := s.Reported(context.Background(), id); err != nil {
			t.Fatal(err)
		} else if done {
			n++
		}
	}
	return n
}

const (
	one   = "A-AAAAAAAAAA"
	other = "A-BBBBBBBBBB"
)

// TestHear: what an agent reports is judged as if it had been collected from here.
func TestHear(t *testing.T) {
	l := newListening(t, one, other)
	r := seesRoot(t, one, "web-1", "yes")
	l.takes(r, r) // the bus may hand a report over twice, at once and later
	l.takes(r)
	if got := l.open(); len(got) != 1 || got[0] != "host:web-1" {
		t.Errorf("%q", got)
	}
	a, err := l.store.Agent(t.Context(), one)
	if err != nil || a.Name != "host:web-1" || !a.Root || a.Host != "web-1" || a.Seen.IsZero() || a.Every != time.Minute {
		t.Errorf("%+v %v", a, err)
	}
	// Digests alone are as good, where the facts are here; what did not change is noted and not judged again for an hour.
	runs := l.runs()
	same := again(r)
	l.takes(same)
	l.takes(same, again(r))
	if count(t, l.store, same.Report.ID) != 1 || l.runs() != runs {
		t.Error("what did not change makes runs:", l.runs()-runs)
	}
	later := again(r)
	later.At = later.At.Add(judgeTime)
	l.takes(later)
	if l.runs() != runs+1 {
		t.Error("what did not change is never judged again")
	}
	if got := l.open(); len(got) != 1 || len(l.asked) != 0 {
		t.Errorf("%q, asked again: %q", got, l.asked)
	}
	// A fact that is not here is unknown, which closes nothing, and the agent is asked for all of it.
	lost := again(r)
	for i := range lost.Report.Facts {
		if lost.Report.Facts[i].Kind == "sshd/1" {
			lost.Report.Facts[i].Digest = strings.Repeat("0", 64)
		}
	}
	l.takes(lost)
	if got := l.open(); len(got) != 1 || len(l.asked) != 1 {
		t.Errorf("%q, asked again: %q", got, l.asked)
	}
	runs = l.runs()
	if l.takes(again(lost)); l.runs() != runs+1 || len(l.asked) != 2 {
		t.Error("what is not here counts as judged")
	}
	l.takes(r)
	// Another agent that says that it is the same host does not speak for it.
	l.takes(seesRoot(t, other, "web-1", "no"))
	if got := l.open(); len(got) != 1 || got[0] != "host:web-1" {
		t.Errorf("an agent closed what another one sees: %q", got)
	}
	if b, err := l.store.Agent(t.Context(), other); err != nil || b.Name != "host:web-1#"+other {
		t.Errorf("%+v %v", b, err)
	}
	// Nor does one that takes another name later.
	l.takes(seesRoot(t, other, "db-1", "yes"))
	if b, err := l.store.Agent(t.Context(), other); err != nil || b.Name != "host:web-1#"+other {
		t.Errorf("%+v %v", b, err)
	}
	// The fault is mended.
	mended := seesRoot(t, one, "web-1", "no")
	l.takes(mended)
	if got := l.open(); len(got) != 1 || got[0] != "host:web-1#"+other {
		t.Errorf("%q", got)
	}
	// What was seen before something that is recorded is let go of, alone.
	late, fresh := seesRoot(t, one, "web-1", "yes"), seesRoot(t, other, "web-1", "no")
	late.Report.At = mended.Report.At.Add(-time.Minute)
	l.takes(late, fresh)
	if got := l.open(); len(got) != 0 || count(t, l.store, late.Report.ID, fresh.Report.ID) != 1 {
		t.Errorf("%q", got)
	}
	// A revoked agent says nothing any more.
	if err := l.store.Revoke(t.Context(), one, time.Now()); err != nil {
		t.Fatal(err)
	}
	r = seesRoot(t, one, "web-1", "yes")
	l.takes(r)
	if got := l.open(); len(got) != 0 || count(t, l.store, r.Report.ID) != 0 {
		t.Errorf("%q", got)
	}
}

// TestSkew: the receiver's clock counts where the agent's is off; a delay is none.
func TestSkew(t *testing.T) {
	l := newListening(t, one)
	seen := func() time.Time {
		t.Helper()
		obs, err := l.store.Latest(t.Context(), "linuxhost/1", time.Now().AddDate(1, 0, 0), (&world{sources: all.Sources()}).decode)
		if err != nil || len(obs) != 1 {
			t.Fatal(obs, err)
		}
		return obs[0].ObservedAt
	}
	waited := seesRoot(t, one, "web-1", "no")
	waited.Report.At = time.Now().Add(-3 * time.Hour)
	l.takes(waited)
	if got := seen(); time.Since(got) < 3*time.Hour {
		t.Error("what waited in the spool is of", got)
	}
	ahead := seesRoot(t, one, "web-1", "yes")
	ahead.Report.At, ahead.Skew = time.Now().Add(5*time.Hour), 5*time.Hour
	l.takes(ahead)
	if got := seen(); time.Until(got) > 0 || time.Since(got) > time.Minute {
		t.Error("an agent whose clock is ahead saw at", got)
	}
	if a, err := l.store.Agent(t.Context(), one); err != nil || a.Skew != 5*time.Hour || !strings.Contains(AgentWords(a, time.Now()), "clock is off by 5h") {
		t.Errorf("%+v %v", a, err)
	}
}

// TestQuiet: what a silent agent sees is unknown, once, until it is heard again; what it saw meanwhile counts.
func TestQuiet(t *testing.T) {
	l := newListening(t, one)
	r := seesRoot(t, one, "web-1", "yes")
	r.At, r.Report.At = time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)
	l.takes(r)
	quiet := func(since time.Time) {
		t.Helper()
		if err := l.quiet(t.Context(), since); err != nil {
			t.Fatal(err)
		}
	}
	silent := func() bool {
		t.Helper()
		a, err := l.store.Agent(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		return a.Silent
	}
	quiet(time.Now()) // this control plane has not listened for long enough
	if silent() {
		t.Error("an agent is silent to who did not listen")
	}
	quiet(time.Now().Add(-time.Hour))
	if !silent() {
		t.Error("a silent agent is not noticed")
	}
	last, err := l.store.Run(t.Context(), "last")
	if err != nil {
		t.Fatal(err)
	}
	obs, err := l.store.Observations(t.Context(), last.ID, "sshd/1", "", 10, (&world{sources: all.Sources()}).decode)
	if err != nil || len(obs) != 1 || obs[0].Problem == nil || !strings.Contains(obs[0].Problem.Text, "silent since") {
		t.Errorf("%+v %v", obs, err)
	}
	if got := l.open(); len(got) != 1 {
		t.Errorf("silence closes a finding: %q", got)
	}
	n := len(l.said)
	quiet(time.Now().Add(-time.Hour))
	if len(l.said) != n {
		t.Error("it is said twice")
	}
	waited := seesRoot(t, one, "web-1", "no")
	waited.Report.At = time.Now().Add(-30 * time.Minute)
	l.takes(waited)
	if got := l.open(); len(got) != 0 || silent() {
		t.Errorf("%q", got)
	}
}

// TestOtherVersions: of an agent that is one version newer counts what is known here; what it says in a newer way is unknown, closes nothing, and so
// is what an older one does not look at.
func TestOtherVersions(t *testing.T) {
	l := newListening(t, one, other)
	r := seesRoot(t, one, "web-1", "yes")
	r.Report.Version, r.Report.Program = agent.Version+1, "2.0"
	data := []byte(`{"spin":"up"}`)
	r.Report.Facts = append(r.Report.Facts, agent.Fact{Kind: "quantum/1", Digest: fact.Digest(data), Data: data})
	l.takes(r)
	if got := l.open(); len(got) != 1 {
		t.Errorf("what is known of a newer agent does not count: %q", got)
	}
	newer := seesRoot(t, one, "web-1", "no")
	newer.Report.Version, newer.At = agent.Version+1, time.Now()
	older := seesRoot(t, other, "web-2", "no")
	for i, f := range newer.Report.Facts {
		if strings.HasPrefix(f.Kind, "sshd/") {
			newer.Report.Facts[i].Kind = "sshd/9"
		}
	}
	older.Report.Facts = slices.DeleteFunc(older.Report.Facts, func(f agent.Fact) bool { return strings.HasPrefix(f.Kind, "sshd/") })
	l.takes(newer, older)
	if got := l.open(); len(got) != 1 {
		t.Errorf("what cannot be read closes a finding: %q", got)
	}
	for _, host := range []string{"host:web-1", "host:web-2"} {
		s, err := l.store.PictureOf(t.Context(), host)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range s.Marks {
			if m.Check == "sshd-root-login" && m.Verdict != check.Unknown {
				t.Errorf("%s: what was not seen is %q", host, m.Verdict)
			}
		}
	}
}
