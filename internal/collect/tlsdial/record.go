package tlsdial

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
)

// kit is what a suite means for keys and records.
type kit struct {
	key, mac, fixed int // bytes of key, MAC key, and fixed part of a nonce
	hash            func() hash.Hash
	aead            func(key []byte) (cipher.AEAD, error) // nil for CBC
	digest          func() hash.Hash                      // of PRF and transcript; nil before TLS 1.2
	client          []byte                                // random of the client
}

// spoken are the suites that probes can speak past the handshake: what servers have had for twenty years,
// so that there is one for nearly every server. CBC suites come first where they are wanted.
var (
	spokenCBC  = []uint16{0x002f, 0x0035, 0xc013, 0xc014, 0xc009, 0xc00a, 0x0033, 0x0039, 0x003c, 0x003d, 0xc027, 0xc023, 0x0067, 0x006b}
	spokenAEAD = []uint16{0xc02f, 0xc02b, 0xc030, 0xc02c, 0x009e, 0x009f, 0x009c, 0x009d}
	spokenRSA  = []uint16{0x002f, 0x0035, 0x003c, 0x003d, 0x009c, 0x009d, 0x000a, 0x0005, 0x0004}
)

func kitOf(suite, version uint16) (kit, bool) {
	k := kit{key: 16, digest: sha256.New}
	switch suite {
	case 0x0035, 0xc014, 0xc00a, 0x0039, 0x003d, 0x006b, 0xc030, 0xc02c, 0x009f, 0x009d:
		k.key = 32
	case 0x002f, 0xc013, 0xc009, 0x0033, 0x003c, 0xc027, 0xc023, 0x0067, 0xc02f, 0xc02b, 0x009e, 0x009c:
	default:
		return k, false
	}
	switch suite {
	case 0x003c, 0x003d, 0xc027, 0xc023, 0x0067, 0x006b:
		k.mac, k.hash = 32, sha256.New
	case 0xc02f, 0xc02b, 0xc030, 0xc02c, 0x009e, 0x009f, 0x009c, 0x009d:
		k.fixed, k.aead = 4, gcm
	default:
		k.mac, k.hash = 20, sha1.New
	}
	switch suite {
	case 0xc030, 0xc02c, 0x009f, 0x009d:
		k.digest = sha512.New384
	}
	if version < tls12 {
		k.digest = nil
	}
	return k, true
}

func gcm(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// prf is the pseudorandom function: RFC 5246 section 5, before TLS 1.2 RFC 2246 section 5.
func (k kit) prf(secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	out := make([]byte, n)
	if k.digest != nil {
		expand(out, k.digest, secret, seed)
		return out
	}
	other := make([]byte, n)
	middle := (len(secret) + 1) / 2
	expand(out, md5.New, secret[:middle], seed)
	expand(other, sha1.New, secret[len(secret)-middle:], seed)
	subtle.XORBytes(out, out, other)
	return out
}

func expand(out []byte, h func() hash.Hash, secret, seed []byte) {
	sum := func(data ...[]byte) []byte {
		m := hmac.New(h, secret)
		for _, d := range data {
			m.Write(d)
		}
		return m.Sum(nil)
	}
	for a := sum(seed); len(out) > 0; a = sum(a) {
		out = out[copy(out, sum(a, seed)):]
	}
}

// sum is the hash of the messages so far.
func (k kit) sum(log []byte) []byte {
	if k.digest != nil {
		h := k.digest()
		h.Write(log)
		return h.Sum(nil)
	}
	m, s := md5.Sum(log), sha1.Sum(log)
	return append(m[:], s[:]...)
}

// half is the encryption of one direction.
type half struct {
	kit   kit
	mac   []byte
	iv    []byte // the fixed part of a nonce; of TLS 1.0 the last block
	block cipher.Block
	aead  cipher.AEAD
	seq   uint64
}

func newHalf(k kit, version uint16, mac, key, iv []byte) (h *half, err error) {
	h = &half{kit: k, mac: mac, iv: iv}
	if k.aead != nil {
		h.aead, err = k.aead(key)
		return h, err
	}
	if version > tls10 {
		h.iv = nil
	}
	h.block, err = aes.NewCipher(key)
	return h, err
}

func (h *half) head(kind byte, version uint16, n int) []byte {
	b := binary.BigEndian.AppendUint64(nil, h.seq)
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(append(b, kind), version), uint16(n))
}

// seal encrypts a record as it should be.
func (h *half) seal(kind byte, version uint16, body []byte) []byte {
	if h.aead == nil {
		return h.sealBlocks(version, pad(append(append([]byte{}, body...), h.authenticate(kind, version, body)...)))
	}
	explicit := binary.BigEndian.AppendUint64(nil, h.seq)
	out := h.aead.Seal(explicit, append(append([]byte{}, h.iv...), explicit...), body, h.head(kind, version, len(body)))
	h.seq++
	return out
}

// authenticate gives the MAC of CBC suites for the next record.
func (h *half) authenticate(kind byte, version uint16, body []byte) []byte {
	m := hmac.New(h.kit.hash, h.mac)
	m.Write(h.head(kind, version, len(body)))
	m.Write(body)
	return m.Sum(nil)
}

// pad fills up to whole blocks: RFC 5246 section 6.2.3.2.
func pad(b []byte) []byte {
	n := 16 - len(b)%16
	for range n {
		b = append(b, byte(n-1))
	}
	return b
}

// sealBlocks encrypts whole blocks, whatever they hold.
func (h *half) sealBlocks(version uint16, plain []byte) []byte {
	h.seq++
	iv, out := h.iv, []byte(nil)
	if version > tls10 {
		iv = make([]byte, 16)
		_, _ = rand.Read(iv)
		out = iv
	}
	sealed := make([]byte, len(plain))
	cipher.NewCBCEncrypter(h.block, iv).CryptBlocks(sealed, plain)
	if version == tls10 {
		h.iv = sealed[len(sealed)-16:]
	}
	return append(out[:len(out):len(out)], sealed...)
}

var errSealed = errors.New("what it encrypts cannot be read")

// open decrypts a record. What comes is used for nothing, so that the MAC of CBC suites is not looked at.
func (h *half) open(kind byte, version uint16, body []byte) ([]byte, error) {
	if h.aead != nil {
		if len(body) < 8+h.aead.Overhead() {
			return nil, errSealed
		}
		head := h.head(kind, version, len(body)-8-h.aead.Overhead())
		out, err := h.aead.Open(nil, append(append([]byte{}, h.iv...), body[:8]...), body[8:], head)
		h.seq++
		if err != nil {
			return nil, errSealed
		}
		return out, nil
	}
	plain := h.blocks(version, body)
	if plain == nil {
		return nil, errSealed
	}
	h.seq++
	n := len(plain) - int(plain[len(plain)-1]) - 1 - h.kit.mac
	if n < 0 {
		return nil, errSealed
	}
	return plain[:n], nil
}

// blocks decrypts whole blocks, whatever they hold; nil when they are not whole.
func (h *half) blocks(version uint16, body []byte) []byte {
	iv := h.iv
	if version > tls10 && len(body) >= 16 {
		iv, body = body[:16], body[16:]
	}
	if len(body) == 0 || len(body)%16 != 0 || len(iv) != 16 {
		return nil
	}
	plain := make([]byte, len(body))
	cipher.NewCBCDecrypter(h.block, iv).CryptBlocks(plain, body)
	if version == tls10 {
		h.iv = append([]byte{}, body[len(body)-16:]...)
	}
	return plain
}
