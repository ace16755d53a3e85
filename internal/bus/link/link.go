package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast.example/holdfast/internal/agent"
)

// Link is a connection to the control plane that comes back by itself. Make it by Dial.
type Link struct {
	conn *nats.Conn
	dir  string
	now  func() time.Time

	mu       sync.Mutex
	identity Identity
	cert     *tls.Certificate
	refused  bool
}

// Dial begins to connect; it does not wait for it. Lost is told when a connection ends or is refused, with the reason,
// and Found when one stands.
func Dial(i Identity, dir string, now func() time.Time, job func(agent.Job) error, found func(), lost func(error)) (*Link, error) {
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
	l.conn, err = nats.Connect("tls://"+i.Address, nats.Secure(config), nats.TLSHandshakeFirst(), nats.CustomInboxPrefix(agent.Inbox(i.ID)), nats.Name(i.ID),
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

func (l *Link) stands(found func()) {
	l.mu.Lock()
	l.refused = false
	l.mu.Unlock()
	found()
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
		return fmt.Errorf("deliver a report to %s: %w", i.Address, err)
	}
	var answer struct {
		Stream string
		Error  *struct{ Description string }
	}
	if err := json.Unmarshal(a.Data, &answer); err != nil {
		return fmt.Errorf("deliver a report to %s: the answer cannot be read", i.Address)
	}
	if answer.Error != nil || answer.Stream == "" {
		why := "it was not taken"
		if answer.Error != nil {
			why = answer.Error.Description
		}
		return fmt.Errorf("deliver a report to %s: %s", i.Address, why)
	}
	return nil
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
	next, err := i.certificate()
	if err != nil {
		return again, fmt.Errorf("renew the certificate: %w", err)
	}
	if err := i.write(l.dir); err != nil {
		return again, err
	}
	over := l.now().After(cert.NotAfter)
	l.mu.Lock()
	l.identity, l.cert = i, next
	l.mu.Unlock()
	if over { // with the old one there was no more than this to do
		if err := l.conn.ForceReconnect(); err != nil {
			return again, fmt.Errorf("renew the certificate: %w", err)
		}
	}
	return next.Leaf.NotAfter.Add(-next.Leaf.NotAfter.Sub(next.Leaf.NotBefore) / 3), nil
}

// Close ends the connection.
func (l *Link) Close() { l.conn.Close() }
