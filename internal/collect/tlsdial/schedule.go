package tlsdial

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// spokenModern are the suites of TLS 1.3 whose records can be opened here. CCM is not among them: the
// standard library has it not, and no server is known that offers it alone.
var spokenModern = []uint16{0x1301, 0x1302, 0x1303}

// schedule derives the keys of TLS 1.3: RFC 8446 section 7.1.
type schedule struct {
	digest func() hash.Hash
	size   int // of a key
	aead   func(key []byte) (cipher.AEAD, error)
	secret []byte // the newest of the three
}

func scheduleOf(suite uint16) (schedule, bool) {
	switch suite {
	case 0x1301:
		return schedule{digest: sha256.New, size: 16, aead: gcm}, true
	case 0x1302:
		return schedule{digest: sha512.New384, size: 32, aead: gcm}, true
	case 0x1303:
		return schedule{digest: sha256.New, size: 32, aead: chacha20poly1305.New}, true
	}
	return schedule{}, false
}

// advance goes on to the handshake secret with the shared one, and to the master secret with none.
func (s *schedule) advance(shared []byte) error {
	zero := make([]byte, s.digest().Size())
	if shared == nil {
		shared = zero
	}
	if s.secret == nil {
		early, err := hkdf.Extract(s.digest, zero, nil)
		if err != nil {
			return err
		}
		s.secret = early
	}
	salt, err := s.derive(s.secret, "derived", s.sum(nil), len(zero))
	if err == nil {
		s.secret, err = hkdf.Extract(s.digest, shared, salt)
	}
	return err
}

func (s *schedule) sum(log []byte) []byte {
	h := s.digest()
	h.Write(log)
	return h.Sum(nil)
}

// derive is HKDF-Expand-Label.
func (s *schedule) derive(secret []byte, label string, context []byte, n int) ([]byte, error) {
	info := vector8(binary.BigEndian.AppendUint16(nil, uint16(n)), []byte("tls13 "+label))
	return hkdf.Expand(s.digest, secret, string(vector8(info, context)), n)
}

// finished is the body of a Finished with a traffic secret over the messages so far.
func (s *schedule) finished(traffic, log []byte) ([]byte, error) {
	key, err := s.derive(traffic, "finished", nil, s.digest().Size())
	if err != nil {
		return nil, err
	}
	m := hmac.New(s.digest, key)
	m.Write(s.sum(log))
	return m.Sum(nil), nil
}

// stream is the encryption of one direction: RFC 8446 section 5.2.
type stream struct {
	aead cipher.AEAD
	iv   []byte
	seq  uint64
}

// stream makes the encryption that a label stands for, and gives its traffic secret too.
func (s *schedule) stream(label string, log []byte) (*stream, []byte, error) {
	traffic, err := s.derive(s.secret, label, s.sum(log), s.digest().Size())
	if err != nil {
		return nil, nil, err
	}
	key, err := s.derive(traffic, "key", nil, s.size)
	if err != nil {
		return nil, nil, err
	}
	out := &stream{}
	if out.aead, err = s.aead(key); err == nil {
		out.iv, err = s.derive(traffic, "iv", nil, 12)
	}
	return out, traffic, err
}

func (s *stream) nonce() []byte {
	out := append([]byte{}, s.iv...)
	binary.BigEndian.PutUint64(out[4:], binary.BigEndian.Uint64(out[4:])^s.seq)
	s.seq++
	return out
}

// seal encrypts a record, and gives it whole.
func (s *stream) seal(kind byte, body []byte) []byte {
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(body)+1+s.aead.Overhead()))
	return s.aead.Seal(head, s.nonce(), append(append([]byte{}, body...), kind), head)
}

// open decrypts a record. Changes of keys come in the clear, for middleboxes (RFC 8446 section D.4), and so do
// alerts of servers that have no keys yet.
func (s *stream) open(kind byte, body []byte) (byte, []byte, error) {
	if kind != 23 {
		return kind, body, nil
	}
	head := binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(body)))
	plain, err := s.aead.Open(nil, s.nonce(), body, head)
	if err != nil {
		return 0, nil, errSealed
	}
	for n := len(plain); n > 0; n-- {
		if plain[n-1] != 0 {
			return plain[n-1], plain[:n-1], nil
		}
	}
	return 0, nil, errSealed
}
