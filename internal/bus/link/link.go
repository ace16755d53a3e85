package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast.example/holdfast/internal/agent"
)

// Link is a connection to the control plane that comes back by itself. Make it by Dial.
type Link struct {
	conn *nats.Conn
	dial *dialer
	dir  string
	now  func() time.Time

	mu       sync.Mutex
	identity Identity
	cert     *tls.Certificate
	refused  bool
	learned  time.Time // where control planes are
}

// Dial begins to connect; it does not wait for it. Lost is told when a connection ends or is refused, with the reason,
// and Found when one stands, with where.
func Dial(i Identity, dir string, now func() time.Time, job func(agent.Job) error, found func(address string), lost func(error)) (*Link, error) {
	cert, err := i.certificate()
	if err != nil {
		return nil, err
	}
	authority, err := x509.ParseCertificate(i.Authority)
	if err != nil {
		return nil, err
	}
	l := &Link{dir: dir, now: now, identity: i, cert: cert}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	config := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: agent.ServerName, RootCAs: roots, Time: now, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.cert, nil
	}}
	l.dial = newDialer(i.ID, func() []string { return l.Identity().addresses() })
	l.conn, err = nats.Connect("tls://"+i.Address, nats.Secure(config), nats.TLSHandshakeFirst(), nats.SetCustomDialer(l.dial), nats.CustomInboxPrefix(agent.Inbox(i.ID)), nats.Name(i.ID),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.Timeout(10*time.Second),
		nats.CustomReconnectDelay(pause), nats.ReconnectBufSize(-1), nats.PingInterval(30*time.Second),
		nats.ConnectHandler(func(*nats.Conn) { l.stands(found) }), nats.ReconnectHandler(func(*nats.Conn) { l.stands(found) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { l.lost(err, lost) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { l.lost(err, lost) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { l.lost(err, lost) }))
	if err != nil {
		return nil, fmt.Errorf("dial the control plane %s: %w", i.Address, err)
	}
	_, err = l.conn.Subscribe(agent.Jobs(i.Environment, i.ID), func(m *nats.Msg) {
		var j agent.Job
		var taken agent.Taken
		if err := json.Unmarshal(m.Data, &j); err != nil {
			taken.Error = "the job cannot be read"
		} else if err := job(j); err != nil {
			taken.Error = err.Error()
		}
		if data, err := json.Marshal(taken); err == nil {
			_ = m.Respond(data)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listen for jobs: %w", err)
	}
	return l, nil
}

// pause is how long is waited before the next try: soon at first, then at most a minute, each agent at another moment.
func pause(tries int) time.Duration {
	d := min(time.Second<<min(tries, 6), time.Minute)
	return d/2 + Jitter(d/2)
}

func (l *Link) stands(found func(string)) {
	l.mu.Lock()
	l.refused, l.learned = false, time.Time{}
	l.mu.Unlock()
	found(l.dial.at())
}

func (l *Link) lost(err error, tell func(error)) {
	switch {
	case err == nil:
		err = errors.New("the connection ended")
	case errors.Is(err, nats.ErrAuthorization):
		err = agent.ErrRevoked
		l.mu.Lock()
		l.refused = true
		l.mu.Unlock()
	}
	tell(err)
}

// Connected tells whether the control plane hears.
func (l *Link) Connected() bool { return l.conn.IsConnected() }

// Identity is that of now: its certificate changes.
func (l *Link) Identity() Identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.identity
}

// Deliver hands a packed report over, and returns when the control plane has it on disk. The same id counts once.
func (l *Link) Deliver(ctx context.Context, id string, packed []byte) error {
	i := l.Identity()
	m := nats.NewMsg(agent.Facts(i.Environment, i.ID))
	m.Data = packed
	m.Header.Set(nats.MsgIdHdr, id)
	m.Header.Set(agent.SentHeader, l.now().Format(time.RFC3339Nano))
	a, err := l.conn.RequestMsgWithContext(ctx, m)
	if err != nil {
		return fmt.Errorf("deliver a report to %s: %w", l.dial.at(), err)
	}
	var answer struct {
		Stream string
		Error  *struct{ Description string }
	}
	if err := json.Unmarshal(a.Data, &answer); err != nil {
		return fmt.Errorf("deliver a report to %s: the answer cannot be read", l.dial.at())
	}
	if answer.Error != nil || answer.Stream == "" {
		why := "it was not taken"
		if answer.Error != nil {
			why = answer.Error.Description
		}
		return fmt.Errorf("deliver a report to %s: %s", l.dial.at(), why)
	}
	l.learn(ctx)
	return nil
}

// learnTime is how often is asked where control planes are.
const learnTime = time.Hour

// learn asks where control planes are, so that another one is known when this one is gone. What goes wrong does not matter: it is asked
// again.
func (l *Link) learn(ctx context.Context) {
	l.mu.Lock()
	i, due := l.identity, l.now().Sub(l.learned) >= learnTime
	if due {
		l.learned = l.now()
	}
	l.mu.Unlock()
	if !due {
		return
	}
	m, err := l.conn.RequestWithContext(ctx, agent.Renewal(i.Environment, i.ID), []byte("{}"))
	if err != nil {
		return
	}
	var r agent.Renewed
	if err := json.Unmarshal(m.Data, &r); err == nil {
		_ = l.know(usable(r.Addresses))
	}
}

// know keeps where control planes are.
func (l *Link) know(addresses []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(addresses) == 0 || slices.Equal(addresses, l.identity.Others) {
		return nil
	}
	l.identity.Others = addresses
	return l.identity.write(l.dir)
}

// Renew gets the next certificate when a third of the present one's time is left, or it is over. It gives the moment of the next try.
func (l *Link) Renew(ctx context.Context) (time.Time, error) {
	i := l.Identity()
	cert, err := x509.ParseCertificate(i.Certificate)
	if err != nil {
		return time.Time{}, err
	}
	due := cert.NotAfter.Add(-cert.NotAfter.Sub(cert.NotBefore) / 3)
	if l.now().Before(due) {
		return due, nil
	}
	again := l.now().Add(time.Minute + Jitter(time.Minute))
	key, csr, err := newKey()
	if err != nil {
		return again, err
	}
	data, err := json.Marshal(agent.RenewalRequest{CSR: csr})
	if err != nil {
		return again, err
	}
	m, err := l.conn.RequestWithContext(ctx, agent.Renewal(i.Environment, i.ID), data)
	if err != nil {
		return again, fmt.Errorf("renew the certificate: %w", err)
	}
	var r agent.Renewed
	if err := json.Unmarshal(m.Data, &r); err != nil {
		return again, errors.New("renew the certificate: the answer cannot be read")
	}
	if r.Error != "" {
		return again, fmt.Errorf("renew the certificate: %s", r.Error)
	}
	i.Certificate, i.PrivateKey = r.Certificate, key
	if r.Every > 0 {
		i.Every = r.Every
	}
	if a := usable(r.Addresses); len(a) > 0 {
		i.Others = a
	}
	next, err := i.certificate()
	if err != nil {
		return again, fmt.Errorf("renew the certificate: %w", err)
	}
	over := l.now().After(cert.NotAfter)
	l.mu.Lock()
	if err = i.write(l.dir); err == nil {
		l.identity, l.cert = i, next
	}
	l.mu.Unlock()
	if err != nil {
		return again, err
	}
	if over { // with the old one there was no more than this to do
		if err := l.conn.ForceReconnect(); err != nil {
			return again, fmt.Errorf("renew the certificate: %w", err)
		}
	}
	return next.Leaf.NotAfter.Add(-next.Leaf.NotAfter.Sub(next.Leaf.NotBefore) / 3), nil
}

// Close ends the connection.
func (l *Link) Close() { l.conn.Close() }
