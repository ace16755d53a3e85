package tlsdial

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
)

const (
	maxRecord  = 1<<14 + 2048 // RFC 5246 section 6.2.3
	maxMessage = 256 << 10    // a chain with 100 names in each certificate has 30 KB
	maxAnswer  = 1 << 20      // of one connection
	minCharge  = 256          // what the smallest record counts for, so that their number is bounded too
)

// answer is what a server says to a hello.
type answer struct {
	version   uint16
	suite     uint16
	random    []byte
	session   []byte   // its id
	group     uint16   // of an elliptic key exchange, or of TLS 1.3
	signature uint16   // of the key exchange of TLS 1.2
	point     []byte   // the server's share of an elliptic key exchange
	prime     *big.Int // of a finite-field key exchange, with generator and share
	generator *big.Int
	share     *big.Int
	reneg     bool // RFC 5746
	compress  bool
	extended  bool     // RFC 7627
	tickets   bool     // it means to send one: RFC 5077
	heartbeat bool     // RFC 6520
	asks      bool     // for a certificate of the client
	chain     [][]byte // DER, as sent; of TLS 1.3 only where the handshake went on
	cut       bool     // the chain was too large, and nothing after it was read
	protocol  string   // of RFC 7301
	staple    []byte   // RFC 6066 section 8
	stamps    int      // signed certificate timestamps beside the certificate: RFC 6962
	ssl2      []uint32 // the ciphers of SSL 2.0
}

// refused is an alert: the server has understood and does not want.
type refused struct{ level, description byte }

func (r refused) Error() string { return fmt.Sprintf("alert %d", r.description) }

var (
	errClosed = errors.New("it closes the connection without an alert")
	errNotTLS = errors.New("it does not answer in TLS")
	errForm   = errors.New("its handshake is malformed")
	errLarge  = fmt.Errorf("its certificates, or another message, have more than %d KiB", maxMessage>>10)
)

// helloRetry is the random of a HelloRetryRequest: RFC 8446 section 4.1.3.
var helloRetry = []byte{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c}

// dhBits is the size of the prime of a finite-field key exchange; 0 without one.
func (a answer) dhBits() int {
	if a.prime == nil {
		return 0
	}
	return a.prime.BitLen()
}

// read reads the answer up to ServerHelloDone, of TLS 1.3 up to the ServerHello: the rest is encrypted.
func read(m *messages) (answer, error) {
	var a answer
	for first := true; ; first = false {
		kind, body, err := m.next()
		if errors.Is(err, errLarge) && kind == 11 && !first {
			a.cut = true
			return a, nil // protocol and suite are known all the same
		}
		if err != nil {
			return a, err
		}
		if first != (kind == 2) {
			return a, errForm
		}
		switch kind {
		case 2:
			if err := a.serverHello(body); err != nil || a.version == tls13 {
				return a, err
			}
			if len(m.resumes) > 0 && bytes.HasPrefix(a.session, m.resumes) {
				return a, nil // RFC 5246 figure 2: no certificate follows
			}
		case 11:
			if len(a.chain) > 0 {
				return a, errForm
			}
			if err := a.certificate(body); err != nil {
				return a, err
			}
		case 12:
			a.keyExchange(body)
		case 13:
			a.asks = true
		case 22:
			a.status(body)
		case 14:
			return a, nil
		}
	}
}

// messages puts handshake messages together from records.
type messages struct {
	r       io.Reader
	buf     []byte
	log     []byte // every message so far, when kept
	keep    bool
	resumes []byte                                             // id of the session that is to be resumed
	open    func(kind byte, body []byte) (byte, []byte, error) // decrypts; nil before keys are agreed upon
	seen    int                                                // bytes so far
}

func (m *messages) next() (kind byte, body []byte, err error) {
	for {
		if len(m.buf) >= 4 {
			n := int(m.buf[1])<<16 | int(m.buf[2])<<8 | int(m.buf[3])
			if n > maxMessage {
				return m.buf[0], nil, errLarge
			}
			if len(m.buf) >= 4+n {
				if m.keep {
					m.log = append(m.log, m.buf[:4+n]...)
				}
				kind, body, m.buf = m.buf[0], m.buf[4:4+n], m.buf[4+n:]
				return kind, body, nil
			}
		}
		if err := m.record(); err != nil {
			return 0, nil, err
		}
	}
}

func (m *messages) record() error {
	kind, body, err := m.raw()
	switch {
	case err != nil:
		return err
	case kind == 21 && len(body) == 2 && body[0] == 1 && body[1] == 112:
		return nil // unrecognized_name as a warning: the server goes on
	case kind == 20 && m.open != nil:
		return nil // RFC 8446 section D.4
	case kind == 21 && len(body) == 2:
		return refused{body[0], body[1]}
	case kind != 22 || len(body) == 0:
		return errForm
	}
	m.buf = append(m.buf, body...)
	return nil
}

// raw reads one record of whatever kind.
func (m *messages) raw() (kind byte, body []byte, err error) {
	var head [5]byte
	if n, err := io.ReadFull(m.r, head[:]); err != nil {
		if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, nil, errNotTLS
		}
		return 0, nil, closed(err)
	}
	n := int(binary.BigEndian.Uint16(head[3:]))
	if head[1] != 3 || head[0] < 20 || head[0] > 24 || n > maxRecord {
		return 0, nil, errNotTLS
	}
	if m.seen += max(n, minCharge); m.seen > maxAnswer {
		return 0, nil, errLarge
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(m.r, body); err != nil {
		return 0, nil, closed(err)
	}
	if m.open != nil {
		return m.open(head[0], body)
	}
	return head[0], body, nil
}

// closed tells a connection that was ended from one that timed out.
func closed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isReset(err) {
		return errClosed
	}
	return err
}

func (a *answer) serverHello(body []byte) error {
	s := cryptobyte.String(body)
	var session, extensions cryptobyte.String
	var compression uint8
	if !s.ReadUint16(&a.version) || !s.ReadBytes(&a.random, 32) || !s.ReadUint8LengthPrefixed(&session) ||
		!s.ReadUint16(&a.suite) || !s.ReadUint8(&compression) {
		return errForm
	}
	a.compress, a.session = compression != 0, session
	if s.Empty() {
		return nil
	}
	if !s.ReadUint16LengthPrefixed(&extensions) || !s.Empty() {
		return errForm
	}
	if err := a.extensions(extensions); err != nil {
		return err
	}
	if a.version != tls13 && bytes.Equal(a.random, helloRetry) {
		return errForm
	}
	return nil
}

// extensions reads those of a ServerHello, of EncryptedExtensions, and of an entry of a chain: none means
// different things in two of them.
func (a *answer) extensions(s cryptobyte.String) error {
	for !s.Empty() {
		var kind uint16
		var data cryptobyte.String
		if !s.ReadUint16(&kind) || !s.ReadUint16LengthPrefixed(&data) {
			return errForm
		}
		switch kind {
		case 43:
			if !data.ReadUint16(&a.version) {
				return errForm
			}
		case 51:
			var point cryptobyte.String
			if !data.ReadUint16(&a.group) || !data.Empty() && !data.ReadUint16LengthPrefixed(&point) {
				return errForm
			}
			a.point = point
		case 5:
			a.status(data)
		case 16:
			var list, name cryptobyte.String
			if data.ReadUint16LengthPrefixed(&list) && list.ReadUint8LengthPrefixed(&name) {
				a.protocol = string(name)
			}
		case 18:
			a.stamps = countStamps(data)
		case 0xff01:
			a.reneg = true
		case 15:
			a.heartbeat = true
		case 23:
			a.extended = true
		case 35:
			a.tickets = true
		}
	}
	return nil
}

// status reads a CertificateStatus: RFC 6066 section 8. In a ServerHello it is empty and announces one.
func (a *answer) status(s cryptobyte.String) {
	var kind uint8
	var response cryptobyte.String
	if s.ReadUint8(&kind) && kind == 1 && s.ReadUint24LengthPrefixed(&response) {
		a.staple = bytes.Clone(response)
	}
}

func (a *answer) certificate(body []byte) error {
	s := cryptobyte.String(body)
	var list cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return errForm
	}
	for !list.Empty() {
		var der cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) {
			return errForm
		}
		a.chain = append(a.chain, bytes.Clone(der))
	}
	return nil
}

// keyExchange reads the group and share of an elliptic key exchange (RFC 8422 section 5.4) or the numbers
// of a finite-field one (RFC 5246 section 7.4.3), as the suite says; of others nothing.
func (a *answer) keyExchange(body []byte) {
	s := cryptobyte.String(body)
	switch exchange(suiteName(a.suite)) {
	case "ECDHE":
		var kind uint8
		var point cryptobyte.String
		if s.ReadUint8(&kind) && kind == 3 && s.ReadUint16(&a.group) && s.ReadUint8LengthPrefixed(&point) {
			a.point = point
		}
	case "DHE":
		var p, g, y cryptobyte.String
		if s.ReadUint16LengthPrefixed(&p) && len(p) <= maxPrime {
			a.prime = new(big.Int).SetBytes(p)
		}
		if s.ReadUint16LengthPrefixed(&g) && s.ReadUint16LengthPrefixed(&y) && len(g) <= maxPrime && len(y) <= maxPrime {
			a.generator, a.share = new(big.Int).SetBytes(g), new(big.Int).SetBytes(y)
		}
	default:
		return
	}
	if a.version == tls12 && !s.Empty() {
		s.ReadUint16(&a.signature)
	}
}

// maxPrime in bytes bounds the work that a server can ask for: 16,384 bits.
const maxPrime = 2048

// readSSL2 reads the SERVER-HELLO of SSL 2.0. A server that does not speak it closes or sends an alert.
func readSSL2(r io.Reader) (answer, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return answer{}, closed(err)
	}
	if head[0] == 21 || head[0] == 22 {
		return answer{}, refused{2, 70} // an alert of TLS
	}
	n := int(head[0]&0x7f)<<8 | int(head[1])
	if head[0]&0x80 == 0 || n < 11 {
		return answer{}, errNotTLS
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return answer{}, closed(err)
	}
	if body[0] != 4 || binary.BigEndian.Uint16(body[3:]) != ssl2 {
		return answer{}, errNotTLS
	}
	a := answer{version: ssl2}
	der, ciphers := int(binary.BigEndian.Uint16(body[5:])), int(binary.BigEndian.Uint16(body[7:]))
	if 11+der+ciphers > n {
		return answer{}, errForm
	}
	if der > 0 {
		a.chain = [][]byte{body[11 : 11+der]}
	}
	for list := body[11+der : 11+der+ciphers]; len(list) >= 3; list = list[3:] {
		a.ssl2 = append(a.ssl2, uint32(list[0])<<16|uint32(list[1])<<8|uint32(list[2]))
	}
	return a, nil
}
