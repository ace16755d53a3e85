package link

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast.example/holdfast/internal/agent"
)

// Join makes this machine an agent by a token, and keeps its identity in the folder.
func Join(ctx context.Context, t agent.Token, dir string) (Identity, error) {
	fail := func(err error) (Identity, error) { return Identity{}, fmt.Errorf("join %s: %w", t.Address, err) }
	key, csr, err := newKey()
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := nats.Connect("tls://"+t.Address, nats.Secure(pinned(t.Pin)), nats.TLSHandshakeFirst(), nats.UserInfo(agent.JoinUser, t.Password()),
		nats.CustomInboxPrefix(agent.JoinInbox(t.Digest())), nats.Timeout(10*time.Second), nats.NoReconnect())
	if err != nil {
		return fail(explained(err))
	}
	defer conn.Close()
	data, err := json.Marshal(agent.JoinRequest{Version: agent.Version, Password: t.Password(), CSR: csr})
	if err != nil {
		return fail(err)
	}
	m, err := conn.RequestWithContext(ctx, agent.JoinSubject, data)
	if err != nil {
		return fail(fmt.Errorf("no answer came (%w); the token may be used up now: make a new one", err))
	}
	var a agent.Membership
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return fail(errors.New("the answer cannot be read; is the control plane of another version?"))
	}
	if a.Error != "" {
		return fail(errors.New(a.Error))
	}
	i := Identity{Address: t.Address, Others: usable(a.Addresses), ID: a.ID, Environment: a.Environment, Subject: a.Subject, Certificate: a.Certificate, PrivateKey: key, Authority: a.Authority, Key: a.Key, Every: a.Every}
	authority, err := x509.ParseCertificate(a.Authority)
	if err != nil || sha256.Sum256(authority.RawSubjectPublicKeyInfo) != t.Pin {
		return fail(errWrongServer)
	}
	if _, err := i.certificate(); err != nil {
		return fail(err)
	}
	return i, i.write(dir)
}

var errWrongServer = errors.New("whoever answers there is not the control plane that made the token; nothing was told to it. Is something in between?")

// explained says what a person can do about an error of the bus.
func explained(err error) error {
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return agent.ErrInvitation
	case errors.Is(err, errWrongServer):
		return errWrongServer
	}
	return err
}

// pinned believes the server whose certificate was signed by the authority of a token.
func pinned(pin [32]byte) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: agent.ServerName, InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		for _, c := range s.PeerCertificates {
			if sha256.Sum256(c.RawSubjectPublicKeyInfo) != pin {
				continue
			}
			roots := x509.NewCertPool()
			roots.AddCert(c)
			if _, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: agent.ServerName}); err != nil {
				return fmt.Errorf("%w (%w)", errWrongServer, err)
			}
			return nil
		}
		return errWrongServer
	}}
}
