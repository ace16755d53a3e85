package hub_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/bus/link"
	"holdfast.example/holdfast/internal/fact"
)

// book is a small database.
type book struct {
	mu          sync.Mutex
	invitations map[string]agent.Invitation
	agents      map[string]agent.Agent
}

func newBook() *book {
	return &book{invitations: map[string]agent.Invitation{}, agents: map[string]agent.Agent{}}
}

func (b *book) Invitation(_ context.Context, digest string) (agent.Invitation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.invitations[digest]
	if !ok {
		return i, agent.ErrInvitation
	}
	return i, nil
}

func (b *book) Admit(_ context.Context, digest string, a agent.Agent, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.invitations[digest]
	if !ok || i.Agent != "" || !now.Before(i.Until) {
		return agent.ErrInvitation
	}
	i.Agent = a.ID
	b.invitations[digest], b.agents[a.ID] = i, a
	return nil
}

func (b *book) Agent(_ context.Context, id string) (agent.Agent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.agents[id]
	if !ok {
		return a, agent.ErrRevoked
	}
	return a, nil
}

func (b *book) Agents(context.Context) (out []agent.Agent, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.agents {
		out = append(out, a)
	}
	return out, nil
}

func (b *book) RevokedAgents(context.Context) (out []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.agents {
		if !a.Revoked.IsZero() {
			out = append(out, a.ID)
		}
	}
	return out, nil
}

func (b *book) Renewed(_ context.Context, id string, until time.Time) error {
	return b.change(id, func(a *agent.Agent) { a.Until = until })
}

func (b *book) change(id string, do func(*agent.Agent)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.agents[id]
	if !ok {
		return agent.ErrRevoked
	}
	do(&a)
	b.agents[id] = a
	return nil
}

// site is a control plane with what it took in.
type site struct {
	t         testing.TB
	dir       string
	book      *book
	authority *hub.Authority
	hub       *hub.Hub
	taken     chan hub.Received
	cluster   *hub.Cluster
	turn      func(context.Context, string, time.Time) (bool, error)
	addresses []string // of all control planes, as this one tells agents

	mu    sync.Mutex
	now   time.Duration // ahead of the real clock
	fail  error         // what the intake says
	said  []string
	calls int
	most  int        // reports handed on together
	held  sync.Mutex // nothing is taken while somebody has it
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), book: newBook(), taken: make(chan hub.Received, 1000)}
	var err error
	if s.authority, err = hub.OpenAuthority(s.dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	s.start("127.0.0.1:0")
	t.Cleanup(func() { s.hub.Close() })
	return s
}

func (s *site) start(listen string) {
	s.t.Helper()
	h, err := hub.Start(s.t.Context(), hub.Options{Listen: listen, Dir: filepath.Join(s.dir, "bus"), Authority: s.authority, Book: s.book, Key: [32]byte{7}, Every: time.Minute, Intake: s.take, Now: s.clock, Cluster: s.cluster, Turn: s.turn, Addresses: s.where,
		Log: func(format string, args ...any) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.said = append(s.said, fmt.Sprintf(format, args...))
		}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.hub = h
}

func (s *site) take(_ context.Context, batch []hub.Received) error {
	s.held.Lock()
	defer s.held.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.most = max(s.most, len(batch))
	if s.fail != nil {
		return s.fail
	}
	for _, r := range batch {
		s.taken <- r
	}
	return nil
}

func (s *site) where(context.Context) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addresses
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.now)
}

func (s *site) ahead(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = d
}

func (s *site) invite(environment string) agent.Token {
	t := agent.Token{Pin: s.authority.Pin(), Address: s.hub.Address()}
	copy(t.Secret[:], uuid.NewString())
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.book.invitations[t.Digest()] = agent.Invitation{Digest: t.Digest(), Environment: environment, Subject: environment + "/web-1", Made: s.clock(), Until: s.clock().Add(agent.InvitationTime)}
	return t
}

// member is an agent that joined.
type member struct {
	link.Identity
	dir   string
	link  *link.Link
	found chan struct{}
	lost  chan error
	jobs  chan agent.Job
}

func (s *site) join(environment string) *member {
	s.t.Helper()
	dir := s.t.TempDir()
	i, err := link.Join(s.t.Context(), s.invite(environment), dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return &member{Identity: i, dir: dir, found: make(chan struct{}, 1), lost: make(chan error, 1000), jobs: make(chan agent.Job, 10)}
}

// dial connects a member, and waits until it stands.
func (s *site) dial(m *member) *member {
	s.t.Helper()
	l, err := link.Dial(m.Identity, m.dir, s.clock, func(j agent.Job) error {
		if j.Do != agent.Collect {
			return errors.New("no such job")
		}
		m.jobs <- j
		return nil
	}, func(string) {
		select {
		case m.found <- struct{}{}:
		default:
		}
	}, func(err error) { m.lost <- err })
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(l.Close)
	m.link = l
	wait(s.t, m.found)
	return m
}

// TestLearn: an agent that joined when there was one control plane learns of another one, keeps that, and goes there when its own is gone.
func TestLearn(t *testing.T) {
	one := newSite(t)
	m := one.dial(one.join("production"))
	two := &site{t: t, dir: t.TempDir(), book: one.book, authority: one.authority, taken: make(chan hub.Received, 1000)}
	two.start("127.0.0.1:0")
	t.Cleanup(func() { two.hub.Close() })
	all := []string{one.hub.Address(), two.hub.Address(), "nonsense"}
	one.mu.Lock()
	one.addresses = all
	one.mu.Unlock()
	one.ahead(61 * time.Minute) // it asks every hour
	id := newID()
	if err := m.link.Deliver(t.Context(), id, report(id)); err != nil {
		t.Fatal(err)
	}
	if kept, err := link.ReadIdentity(m.dir); err != nil || !slices.Equal(kept.Others, all[:2]) {
		t.Errorf("%v %v", kept.Others, err)
	}
	one.hub.Close()
	wait(t, m.found)
	for id = newID(); deliverSoon(t, m, id) != nil; {
	}
	two.come(id)
}

const patience = 20 * time.Second

func wait[T any](t testing.TB, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("it never came")
	}
	return v
}

func report(id string) []byte {
	data, _ := json.Marshal(agent.Report{Version: agent.Version, ID: id, At: time.Now(), Host: "web-1"})
	enc, _ := zstd.NewWriter(nil)
	return enc.EncodeAll(data, nil)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func TestJoin(t *testing.T) {
	s := newSite(t)
	token := s.invite("production")
	dir := t.TempDir()
	i, err := link.Join(t.Context(), token, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !agent.IsID(i.ID) || i.Environment != "production" || i.Subject != "production/web-1" || i.Every != time.Minute || [32]byte(i.Key) != [32]byte{7} {
		t.Errorf("%+v", i)
	}
	kept, err := link.ReadIdentity(dir)
	if d := cmp.Diff(i, kept); err != nil || d != "" {
		t.Error(err, d)
	}
	if st, err := os.Stat(filepath.Join(dir, "identity.json")); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	if a := s.book.agents[i.ID]; a.Environment != "production" || a.Until.Sub(s.clock()) > 24*time.Hour {
		t.Errorf("%+v", a)
	}
	refused := func(name string, token agent.Token, want error) {
		t.Helper()
		dir := t.TempDir()
		if i, err := link.Join(t.Context(), token, dir); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %+v %v", name, i, err)
		}
		if _, err := link.ReadIdentity(dir); !errors.Is(err, link.ErrNotJoined) {
			t.Error(name, err)
		}
	}
	refused("a second time", token, agent.ErrInvitation)
	unknown := token
	unknown.Secret[0]++
	refused("a guess", unknown, agent.ErrInvitation)
	late := s.invite("production")
	s.ahead(agent.InvitationTime)
	refused("after ten minutes", late, agent.ErrInvitation)
	s.ahead(0)
	other := s.invite("production")
	other.Pin[0]++
	refused("another server", other, nil)
	if s.book.invitations[other.Digest()].Agent != "" {
		t.Error("the secret was told to a server that the token does not name")
	}
	if len(s.book.agents) != 1 {
		t.Errorf("%+v", s.book.agents)
	}
}

// TestJoinAtOnce: of many that use one token at the same time, one joins.
func TestJoinAtOnce(t *testing.T) {
	s := newSite(t)
	token := s.invite("production")
	var wg sync.WaitGroup
	var mu sync.Mutex
	joined := 0
	for range 8 {
		dir := t.TempDir()
		wg.Go(func() {
			if _, err := link.Join(t.Context(), token, dir); err == nil {
				mu.Lock()
				defer mu.Unlock()
				joined++
			}
		})
	}
	wg.Wait()
	if joined != 1 || len(s.book.agents) != 1 {
		t.Error(joined, len(s.book.agents))
	}
}

func TestDeliver(t *testing.T) {
	s := newSite(t)
	m := s.dial(s.join("production"))
	first, second := newID(), newID()
	for _, id := range []string{first, first, second, first} {
		if err := m.link.Deliver(t.Context(), id, report(id)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{first, second} {
		if r := wait(t, s.taken); r.Report.ID != want || r.Agent != m.ID || r.Skew.Abs() > time.Minute {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	select {
	case r := <-s.taken:
		t.Errorf("a report counts twice: %+v", r)
	default:
	}
	// What is no report is let go of, and holds nothing up.
	for _, junk := range [][]byte{nil, []byte("junk"), report("short"), {0x28, 0xb5, 0x2f, 0xfd, 0, 0}} {
		if err := m.link.Deliver(t.Context(), newID(), junk); err != nil {
			t.Fatal(err)
		}
	}
	third := newID()
	if err := m.link.Deliver(t.Context(), third, report(third)); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, s.taken); r.Report.ID != third {
		t.Errorf("%+v", r)
	}
	if err := m.link.Deliver(t.Context(), newID(), make([]byte, agent.MaxMessage+1)); err == nil {
		t.Error("a report larger than allowed is taken")
	}
	// A job is taken, refused, or nobody is there.
	a, _ := s.book.Agent(t.Context(), m.ID)
	if err := s.hub.Ask(t.Context(), a, agent.Job{ID: "1", Do: agent.Collect, Whole: true}); err != nil {
		t.Error(err)
	}
	if j := wait(t, m.jobs); !j.Whole {
		t.Errorf("%+v", j)
	}
	if err := s.hub.Ask(t.Context(), a, agent.Job{Do: "dance"}); err == nil || !strings.Contains(err.Error(), "no such job") {
		t.Error(err)
	}
	a.ID = "A-ABCDEFGHIJ"
	if err := s.hub.Ask(t.Context(), a, agent.Job{Do: agent.Collect}); !errors.Is(err, hub.ErrAway) {
		t.Error(err)
	}
}

// TestRestart: what was taken and not handed on is there after a restart, and an intake that fails is asked again.
// TestLargeReports: of reports that are large no more are handed on together than fit into memory, and all come; what is larger than
// any may be is refused, and holds nothing up.
func TestLargeReports(t *testing.T) {
	s := newSite(t)
	m := s.dial(s.join("production"))
	s.held.Lock() // so that all of them wait
	large := func(id string, size int) []byte {
		text, _ := json.Marshal(strings.Repeat("a", size))
		data, err := json.Marshal(agent.Report{Version: agent.Version, ID: id, At: time.Now(), Host: "web-1", Facts: []agent.Fact{{Kind: "x/1", Digest: fact.Digest(text), Data: text}}})
		if err != nil {
			t.Fatal(err)
		}
		enc, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer enc.Close()
		return enc.EncodeAll(data, nil)
	}
	ids := map[string]bool{}
	for i := range 10 {
		id := newID()
		size := agent.MaxReport * 2 / 5
		if i == 4 {
			size = agent.MaxReport
		} else {
			ids[id] = true
		}
		if err := m.link.Deliver(t.Context(), id, large(id, size)); err != nil {
			t.Fatal(err)
		}
	}
	s.held.Unlock()
	for range len(ids) {
		r := wait(t, s.taken)
		if !ids[r.Report.ID] {
			t.Error("twice, or too large: ", r.Report.ID)
		}
		delete(ids, r.Report.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most > 3 {
		t.Errorf("%d were handed on together", s.most)
	}
}

func TestRestart(t *testing.T) {
	s := newSite(t)
	m := s.dial(s.join("production"))
	s.mu.Lock()
	s.fail = errors.New("disk full")
	s.mu.Unlock()
	var ids []string
	for range 20 {
		id := newID()
		ids = append(ids, id)
		if err := m.link.Deliver(t.Context(), id, report(id)); err != nil {
			t.Fatal(err)
		}
	}
	address := s.hub.Address()
	s.hub.Close()
	s.mu.Lock()
	s.fail = nil
	s.mu.Unlock()
	s.start(address)
	got := map[string]int{}
	for range ids {
		got[wait(t, s.taken).Report.ID]++
	}
	for _, id := range ids {
		if got[id] != 1 {
			t.Errorf("%s came %d times", id, got[id])
		}
	}
	// The agent finds its way back.
	wait(t, m.found)
	id := newID()
	if err := m.link.Deliver(t.Context(), id, report(id)); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, s.taken); r.Report.ID != id {
		t.Errorf("%+v", r)
	}
}

// raw is a connection with an agent's certificate that does what it likes.
func (s *site) raw(m *member) (*nats.Conn, <-chan error) {
	s.t.Helper()
	var id struct{ Certificate, PrivateKey, Authority []byte }
	data, err := os.ReadFile(filepath.Join(m.dir, "identity.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	data = []byte(strings.Replace(string(data), `"private_key"`, `"PrivateKey"`, 1))
	if err := json.Unmarshal(data, &id); err != nil {
		s.t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(id.PrivateKey)
	if err != nil {
		s.t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(id.Authority)
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	errs := make(chan error, 100)
	c, err := nats.Connect("tls://"+s.hub.Address(), nats.TLSHandshakeFirst(), nats.NoReconnect(), nats.Secure(&tls.Config{MinVersion: tls.VersionTLS13, ServerName: agent.ServerName, RootCAs: roots,
		Certificates: []tls.Certificate{{Certificate: [][]byte{id.Certificate}, PrivateKey: key}}}),
		nats.CustomInboxPrefix(agent.Inbox(m.ID)), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { errs <- err }))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c, errs
}

// TestForeign is what an agent that was taken over could try.
func TestForeign(t *testing.T) {
	s := newSite(t)
	mallory, victim, stranger := s.join("production"), s.dial(s.join("production")), s.dial(s.join("staging"))
	c, errs := s.raw(mallory)
	denied := func(what string) {
		t.Helper()
		if err := wait(t, errs); !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, subject := range []string{
		">", "*", "hf.>", "hf.*.job.*", "$JS.>", "$SYS.>", "_INBOX.>", "_INBOX*", agent.AllFacts("production"), agent.Facts("production", victim.ID), agent.Facts("production", mallory.ID),
		agent.AllRenewals("production"), agent.Jobs("production", victim.ID), agent.Jobs("production", "*"), agent.Jobs("staging", stranger.ID), agent.Inbox(victim.ID) + ".>", agent.Inbox(stranger.ID) + ".>", agent.JoinSubject,
	} {
		if _, err := c.SubscribeSync(subject); err != nil {
			continue // the client itself does not want it
		}
		_ = c.Flush()
		denied("subscribe " + subject)
	}
	data := report(newID())
	for _, subject := range []string{
		agent.Facts("production", victim.ID), agent.Facts("staging", stranger.ID), agent.Facts("staging", mallory.ID), agent.Renewal("production", victim.ID), agent.Jobs("production", victim.ID), agent.Jobs("staging", stranger.ID), agent.JoinSubject,
		"$JS.API.INFO", "$JS.API.STREAM.LIST", "$JS.API.STREAM.DELETE.FACTS", "$JS.API.STREAM.PURGE.FACTS", "$JS.API.STREAM.MSG.GET.FACTS", "$JS.API.DIRECT.GET.FACTS", "$JS.API.CONSUMER.MSG.NEXT.FACTS.hub",
		"$JS.API.CONSUMER.CREATE.FACTS", "$JS.ACK.FACTS.hub.1.1.1.1.0", "$SYS.REQ.SERVER.PING", agent.Inbox(victim.ID) + ".x", "x",
	} {
		if err := c.Publish(subject, data); err != nil {
			t.Fatal(err)
		}
		_ = c.Flush()
		denied("publish " + subject)
	}
	// An answer that is wanted on somebody else's subject brings them nothing that counts.
	for _, reply := range []string{agent.Facts("production", victim.ID), agent.Jobs("production", victim.ID), agent.Renewal("production", victim.ID), agent.Inbox(victim.ID) + ".x"} {
		id := newID()
		for _, subject := range []string{agent.Facts("production", mallory.ID), agent.Renewal("production", mallory.ID)} {
			m := nats.NewMsg(subject)
			m.Reply, m.Data = reply, []byte(`{"csr":"AA=="}`)
			if strings.Contains(subject, ".facts.") {
				m.Data = report(id)
			}
			if err := c.PublishMsg(m); err != nil {
				t.Fatal(err)
			}
		}
		if r := wait(t, s.taken); r.Agent != mallory.ID || r.Report.ID != id {
			t.Errorf("%s: %+v", reply, r)
		}
	}
	_ = c.Flush()
	for _, m := range []*member{victim, stranger} {
		id := newID()
		if err := m.link.Deliver(t.Context(), id, report(id)); err != nil {
			t.Fatal(err)
		}
		if r := wait(t, s.taken); r.Agent != m.ID || r.Report.ID != id {
			t.Errorf("something else came: %+v", r)
		}
		if len(m.jobs) > 0 {
			t.Errorf("%s was given a job by another agent", m.ID)
		}
	}
}

// TestStrangers: who has no certificate of ours comes not far.
func TestStrangers(t *testing.T) {
	s := newSite(t)
	m := s.join("production")
	other := newSite(t)
	foreign := other.join("production")
	insecure := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}
	try := func(name string, opts ...nats.Option) {
		t.Helper()
		c, err := nats.Connect("tls://"+s.hub.Address(), append([]nats.Option{nats.TLSHandshakeFirst(), nats.NoReconnect(), nats.Secure(insecure)}, opts...)...)
		if err == nil {
			c.Close()
			t.Error(name, "is let in")
		}
	}
	try("nobody")
	try("who says that they join", nats.UserInfo(agent.JoinUser, ""))
	try("who guesses a secret", nats.UserInfo(agent.JoinUser, agent.Token{}.Password()))
	try("who says that they are an agent", nats.UserInfo(m.ID, ""))
	try("who says that they are the control plane", nats.UserInfo("hub/production", ""))
	data, err := os.ReadFile(filepath.Join(foreign.dir, "identity.json"))
	if err != nil {
		t.Fatal(err)
	}
	var id struct {
		Certificate []byte `json:"certificate"`
		PrivateKey  []byte `json:"private_key"`
	}
	if err := json.Unmarshal(data, &id); err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(id.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	insecure.Certificates = []tls.Certificate{{Certificate: [][]byte{id.Certificate}, PrivateKey: key}}
	try("an agent of another control plane")
	// Without TLS the server says nothing at all.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.hub.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("CONNECT {}\r\nPING\r\n"))
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, 100)
	if n, _ := conn.Read(got); strings.Contains(string(got[:n]), "INFO") || strings.Contains(string(got[:n]), "PONG") {
		t.Errorf("%q", got[:n])
	}
	// A bearer of a token may ask for membership, and nothing else.
	token := s.invite("production")
	insecure.Certificates = nil
	errs := make(chan error, 10)
	c, err := nats.Connect("tls://"+s.hub.Address(), nats.TLSHandshakeFirst(), nats.NoReconnect(), nats.Secure(insecure), nats.UserInfo(agent.JoinUser, token.Password()),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { errs <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, subject := range []string{">", agent.JoinSubject, "_INBOX.>", agent.AllFacts("production")} {
		if _, err := c.SubscribeSync(subject); err == nil {
			_ = c.Flush()
			if err := wait(t, errs); !errors.Is(err, nats.ErrPermissionViolation) {
				t.Error(subject, err)
			}
		}
	}
}

func TestRevoked(t *testing.T) {
	s := newSite(t)
	m := s.dial(s.join("production"))
	if err := s.book.change(m.ID, func(a *agent.Agent) { a.Revoked = s.clock() }); err != nil {
		t.Fatal(err)
	}
	for !errors.Is(wait(t, m.lost), agent.ErrRevoked) { // first the connection ends, then it is refused
	}
	id := newID()
	if err := m.link.Deliver(t.Context(), id, report(id)); err == nil {
		t.Error("a revoked agent delivers")
	}
}

// TestRenewal: a certificate is renewed in time; who comes too late may renew it and nothing else; who comes far too late not even that.
func TestRenewal(t *testing.T) {
	s := newSite(t)
	m := s.dial(s.join("production"))
	if next, err := m.link.Renew(t.Context()); err != nil || next.Sub(s.clock()) < 15*time.Hour || string(m.link.Identity().Certificate) != string(m.Certificate) {
		t.Error("a fresh certificate is renewed:", next, err)
	}
	s.ahead(17 * time.Hour)
	if next, err := m.link.Renew(t.Context()); err != nil || next.Sub(s.clock()) < 15*time.Hour {
		t.Error(next, err)
	}
	kept, err := link.ReadIdentity(m.dir)
	if err != nil || string(kept.Certificate) == string(m.Certificate) || string(kept.PrivateKey) == string(m.PrivateKey) {
		t.Error("the new certificate is not kept:", err)
	}
	if a, _ := s.book.Agent(t.Context(), m.ID); a.Until.Before(s.clock().Add(23 * time.Hour)) {
		t.Error(a.Until)
	}
	m.link.Close()
	// Ten days later.
	s.ahead(10 * 24 * time.Hour)
	m.Identity = kept
	s.dial(m)
	id := newID()
	if err := deliverSoon(t, m, id); err == nil {
		t.Error("a certificate that is over delivers")
	}
	if _, err := m.link.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for deliverSoon(t, m, id) != nil {
		if time.Now().After(deadline) {
			t.Fatal("after the renewal nothing is delivered")
		}
	}
	if r := wait(t, s.taken); r.Report.ID != id {
		t.Errorf("%+v", r)
	}
	m.link.Close()
	// Half a year later.
	s.ahead(200 * 24 * time.Hour)
	c, err := link.Dial(m.link.Identity(), m.dir, s.clock, nil, func(string) { t.Error("it is let in") }, func(err error) { m.lost <- err })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for !errors.Is(wait(t, m.lost), agent.ErrRevoked) {
	}
}

func deliverSoon(t *testing.T, m *member, id string) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return m.link.Deliver(ctx, id, report(id))
}

func TestAuthority(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	pins := make([][32]byte, 8)
	for i := range pins {
		wg.Go(func() {
			a, err := hub.OpenAuthority(dir, time.Now())
			if err != nil {
				t.Error(err)
				return
			}
			pins[i] = a.Pin()
		})
	}
	wg.Wait()
	for _, p := range pins {
		if p != pins[0] || p == [32]byte{} {
			t.Error("two first starts do not agree on one authority")
		}
	}
	path := filepath.Join(dir, "authority.pem")
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{nil, data[:len(data)/2], data[:len(data)-100]} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := hub.OpenAuthority(dir, time.Now()); err == nil || !strings.Contains(err.Error(), "backup") {
			t.Error(err)
		}
	}
}
