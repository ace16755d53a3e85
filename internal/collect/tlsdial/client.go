package tlsdial

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// session is a whole connection of SSL 3.0's successors up to TLS 1.2, for probes that have to go past the
// handshake. It speaks badly on purpose, so it serves for nothing else.
type session struct {
	net.Conn
	answer
	offered  uint16 // the version of the hello
	messages messages
	stop     func() bool
	kit      kit
	master   []byte
	out      *half
	verify   []byte // of the client's Finished
	ticket   []byte
}

// errKit tells that the suite is none that can be spoken here.
var errKit = errors.New("it chose a suite that the probe does not speak")

// begin says the hello and reads up to ServerHelloDone.
func (e Endpoint) begin(ctx context.Context, h hello) (*session, error) {
	h.name = e.Name
	message, random, err := h.message()
	if err != nil {
		return nil, err
	}
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{Conn: c, offered: h.version, stop: context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })}
	s.messages = messages{r: c, keep: true, log: bytes.Clone(message), resumes: h.session}
	if err = s.send(22, min(h.version, tls10), message); err == nil {
		if s.answer, err = read(&s.messages); err == nil && s.version > tls12 {
			err = errForm
		} else if err == nil && s.cut {
			err = errLarge
		}
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.kit.client = random
	return s, nil
}

// Close ends the connection.
func (s *session) Close() error {
	s.stop()
	return s.Conn.Close()
}

// send writes one record, encrypted once keys are agreed upon.
func (s *session) send(kind byte, version uint16, body []byte) error {
	if s.out != nil {
		body = s.out.seal(kind, version, body)
	}
	return s.write(kind, version, body)
}

// write writes one record as it is.
func (s *session) write(kind byte, version uint16, body []byte) error {
	b := binary.BigEndian.AppendUint16([]byte{kind}, version)
	_, err := s.Write(append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...))
	return closed(err)
}

// handshake sends a message and keeps it for the Finished.
func (s *session) handshake(kind byte, body []byte) error {
	m := append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	s.messages.log = append(s.messages.log, m...)
	return s.send(22, s.version, m)
}

// connect makes a whole connection.
func (e Endpoint) connect(ctx context.Context, h hello) (*session, error) {
	h.groups = []uint16{0x001d, 0x0017, 0x0018, 0x0019}
	s, err := e.begin(ctx, h)
	if err != nil {
		return nil, err
	}
	if err := s.finish(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// finish agrees on keys and exchanges Finished messages.
func (s *session) finish() error {
	sent, secret, err := s.secret()
	if err != nil {
		return err
	}
	if s.asks {
		if err := s.handshake(11, []byte{0, 0, 0}); err != nil {
			return err
		}
	}
	if err := s.handshake(16, sent); err != nil {
		return err
	}
	return s.agree(secret)
}

// agree derives the keys from the secret, and ends the handshake.
func (s *session) agree(secret []byte) error {
	out, in, err := s.keys(secret)
	if err != nil {
		return err
	}
	if err := s.write(20, s.version, []byte{1}); err != nil {
		return err
	}
	s.out = out
	s.verify = s.kit.prf(s.master, "client finished", s.kit.sum(s.messages.log), 12)
	if err := s.handshake(20, s.verify); err != nil {
		return err
	}
	for {
		// Up to here messages come in the clear: the ticket, then the change of keys.
		kind, body, err := s.messages.raw()
		switch {
		case err != nil:
			return err
		case kind == 21 && len(body) == 2:
			return refused{body[0], body[1]}
		case kind == 22:
			s.messages.buf = append(s.messages.buf, body...)
			continue
		case kind != 20:
			return errForm
		}
		break
	}
	if len(s.messages.buf) > 0 {
		kind, body, err := s.messages.next()
		if err != nil || kind != 4 || len(body) < 6 {
			return errForm
		}
		s.ticket = bytes.Clone(body[6:])
	}
	want := s.kit.prf(s.master, "server finished", s.kit.sum(s.messages.log), 12)
	s.messages.open = func(kind byte, body []byte) (byte, []byte, error) {
		body, err := in.open(kind, s.version, body)
		return kind, body, err
	}
	kind, body, err := s.messages.next()
	if err != nil {
		return err
	}
	if kind != 20 || !bytes.Equal(body, want) {
		return errForm
	}
	return nil
}

// keys sets up encryption: RFC 5246 sections 6.3 and 8.1.
func (s *session) keys(secret []byte) (out, in *half, err error) {
	k, ok := kitOf(s.suite, s.version)
	if !ok {
		return nil, nil, errKit
	}
	k.client = s.kit.client
	s.kit = k
	if s.extended {
		s.master = k.prf(secret, "extended master secret", k.sum(s.messages.log), 48) // RFC 7627
	} else {
		s.master = k.prf(secret, "master secret", append(bytes.Clone(k.client), s.random...), 48)
	}
	iv := k.fixed
	if s.version == tls10 && k.aead == nil {
		iv = 16
	}
	block := k.prf(s.master, "key expansion", append(bytes.Clone(s.random), k.client...), 2*(k.mac+k.key+iv))
	take := func(n int) []byte {
		b := block[:n]
		block = block[n:]
		return b
	}
	cm, sm, ck, sk := take(k.mac), take(k.mac), take(k.key), take(k.key)
	if out, err = newHalf(k, s.version, cm, ck, take(iv)); err == nil {
		in, err = newHalf(k, s.version, sm, sk, take(iv))
	}
	return out, in, err
}

// secret makes the premaster secret, and the body of the ClientKeyExchange that tells it.
func (s *session) secret() (sent, secret []byte, err error) {
	switch exchange(suiteName(s.suite)) {
	case "ECDHE":
		if curveOf(s.group) == nil {
			return nil, nil, errKit
		}
		ours, err := newShare(s.group)
		if err != nil {
			return nil, nil, err
		}
		secret, err := ours.secret(s.point)
		return vector8(nil, ours.public), secret, err
	case "DHE":
		if s.prime == nil || s.share == nil || s.prime.BitLen() < 2 || s.generator.Sign() <= 0 {
			return nil, nil, errForm
		}
		x, err := rand.Int(rand.Reader, s.prime)
		if err != nil {
			return nil, nil, err
		}
		y := new(big.Int).Exp(s.generator, x, s.prime)
		return vector16(nil, y.Bytes()), new(big.Int).Exp(s.share, x, s.prime).Bytes(), nil
	}
	key, err := s.rsaKey()
	if err != nil {
		return nil, nil, err
	}
	secret = make([]byte, 48)
	_, _ = rand.Read(secret)
	binary.BigEndian.PutUint16(secret, s.offered)
	return vector16(nil, encryptPKCS1(key, nil, secret)), secret, nil
}

func (s *session) rsaKey() (*rsa.PublicKey, error) {
	if len(s.chain) == 0 {
		return nil, errForm
	}
	c, err := readCertificate(s.chain[0])
	if err != nil {
		return nil, fmt.Errorf("its certificate cannot be read: %w", err)
	}
	if c.rsa == nil {
		return nil, errKit
	}
	return c.rsa, nil
}

// encryptPKCS1 encrypts by PKCS #1 v1.5 with a key of any size. A block that is given is encrypted as it is.
func encryptPKCS1(key *rsa.PublicKey, block, secret []byte) []byte {
	size := key.Size()
	if block == nil {
		block = make([]byte, size)
		if size >= len(secret)+11 {
			_, _ = rand.Read(block)
			for i := range block {
				block[i] |= 1 // no zero ends the padding early
			}
			block[0], block[1], block[size-len(secret)-1] = 0, 2, 0
			copy(block[size-len(secret):], secret)
		}
	}
	m := new(big.Int).SetBytes(block)
	return new(big.Int).Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, size))
}
