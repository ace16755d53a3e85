package tlsdial

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// modern is a connection of TLS 1.3 after the server's Finished. The standard library makes one too, but lets
// nobody choose the signature schemes, and ends it where it dislikes a certificate.
type modern struct {
	net.Conn
	answer
	schedule
	stop     func() bool
	messages messages
	context  []byte // of the server's request for a certificate
	traffic  []byte // the client's secret of the handshake
	out      *stream
}

// whole makes a handshake of any version up to where the certificate is seen.
func (e Endpoint) whole(ctx context.Context, h hello) (answer, error) {
	if h.version != tls13 {
		a, err := e.ask(ctx, h)
		if err == nil && a.cut {
			err = errLarge
		}
		return a, err
	}
	m, err := e.meet(ctx, h)
	if err != nil {
		return answer{}, err
	}
	m.Close()
	return m.answer, nil
}

// shared are the groups of which a share is sent along. The hybrid one is too long for a hello in one packet,
// and is sent to those who have nothing else.
var shared = []uint16{x25519, 0x0017, 0x0018, 0x0019}

// meet makes a handshake of TLS 1.3 up to the server's Finished.
func (e Endpoint) meet(ctx context.Context, h hello) (*modern, error) {
	m, err := e.greet(ctx, h, shared)
	if errors.Is(err, errRetry) {
		m, err = e.greet(ctx, h, []uint16{x25519MLKEM7})
	}
	if errors.Is(err, errRetry) {
		err = errKit
	}
	return m, err
}

// errRetry tells that the server wants a share of another group.
var errRetry = errors.New("it wants a key share of another group")

func (e Endpoint) greet(ctx context.Context, h hello, groups []uint16) (*modern, error) {
	h.name, h.version, h.groups = e.Name, tls13, allGroups(tls13)
	h.suites = slices.DeleteFunc(slices.Clone(h.suites), func(s uint16) bool { return !slices.Contains(spokenModern, s) })
	if len(h.suites) == 0 {
		return nil, errKit
	}
	for _, g := range groups {
		s, err := newShare(g)
		if err != nil {
			return nil, err
		}
		h.shares = append(h.shares, s)
	}
	message, _, err := h.message()
	if err != nil {
		return nil, err
	}
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	m := &modern{Conn: c, stop: context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })}
	m.messages = messages{r: c, keep: true, log: bytes.Clone(message)}
	if _, err = c.Write(vector16([]byte{22, 3, 1}, message)); err != nil {
		err = closed(err)
	} else if err = m.agree(h); err == nil {
		err = m.flight()
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close ends the connection.
func (m *modern) Close() error {
	m.stop()
	return m.Conn.Close()
}

// agree reads the ServerHello and derives the keys of the handshake.
func (m *modern) agree(h hello) error {
	kind, body, err := m.messages.next()
	if err != nil {
		return err
	}
	if kind != 2 {
		return errForm
	}
	if err := m.serverHello(body); err != nil {
		return err
	}
	if bytes.Equal(m.random, helloRetry) {
		return errRetry
	}
	i := slices.IndexFunc(h.shares, func(s keyShare) bool { return s.group == m.group })
	var ok bool
	if m.schedule, ok = scheduleOf(m.suite); !ok || i < 0 || m.version != tls13 || len(m.messages.buf) > 0 {
		return errForm
	}
	secret, err := h.shares[i].secret(m.point)
	if err != nil {
		return err
	}
	if err := m.advance(secret); err != nil {
		return err
	}
	in, _, err := m.stream("s hs traffic", m.messages.log)
	if err != nil {
		return err
	}
	m.messages.open = in.open
	m.out, m.traffic, err = m.stream("c hs traffic", m.messages.log)
	return err
}

// flight reads what the server encrypts up to its Finished. What it signs is not verified: nothing here
// rests on who the server is.
func (m *modern) flight() error {
	for {
		kind, body, err := m.messages.next()
		if errors.Is(err, errLarge) && kind == 11 {
			m.cut = true
		}
		if err != nil {
			return err
		}
		s := cryptobyte.String(body)
		switch kind {
		case 8:
			var extensions cryptobyte.String
			if !s.ReadUint16LengthPrefixed(&extensions) {
				return errForm
			}
			err = m.extensions(extensions)
		case 11:
			err = m.entries(s)
		case 13:
			var context cryptobyte.String
			if !s.ReadUint8LengthPrefixed(&context) {
				return errForm
			}
			m.asks, m.context = true, context
		case 15:
			if !s.ReadUint16(&m.signature) {
				return errForm
			}
		case 20:
			return nil
		default:
			return errForm
		}
		if err != nil {
			return err
		}
	}
}

// entries reads the chain of TLS 1.3: RFC 8446 section 4.4.2.
func (a *answer) entries(s cryptobyte.String) error {
	var context, list cryptobyte.String
	if len(a.chain) > 0 || !s.ReadUint8LengthPrefixed(&context) || !s.ReadUint24LengthPrefixed(&list) {
		return errForm
	}
	for !list.Empty() {
		var der, extensions cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || !list.ReadUint16LengthPrefixed(&extensions) {
			return errForm
		}
		if len(a.chain) == 0 {
			if err := a.extensions(extensions); err != nil {
				return err
			}
		}
		a.chain = append(a.chain, bytes.Clone(der))
	}
	return nil
}

// demands shows no certificate to a server that asks for one, and tells whether that ends the connection.
func (m *modern) demands() (bool, error) {
	if !m.asks {
		return false, nil
	}
	log := m.messages.log
	certificate := append(vector8([]byte{11, 0, 0, byte(len(m.context) + 4)}, m.context), 0, 0, 0)
	verify, err := m.finished(m.traffic, append(bytes.Clone(log), certificate...))
	if err != nil {
		return false, err
	}
	if err := m.advance(nil); err != nil {
		return false, err
	}
	in, _, err := m.stream("s ap traffic", log)
	if err != nil {
		return false, err
	}
	m.messages.open = in.open
	finished := append([]byte{20, 0, 0, byte(len(verify))}, verify...)
	if _, err := m.Write(m.out.seal(22, append(certificate, finished...))); err != nil {
		return true, nil
	}
	_ = m.SetReadDeadline(time.Now().Add(quiet))
	_, _, err = m.messages.next()
	return refuses(err), nil
}

// refuses tells the end of a connection from silence and from tickets.
func refuses(err error) bool { return isRefusal(err) || errors.Is(err, errClosed) }
