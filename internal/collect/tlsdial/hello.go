package tlsdial

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
)

// Versions as they stand in records and hellos.
const (
	ssl2  uint16 = 0x0002
	ssl3  uint16 = 0x0300
	tls10 uint16 = 0x0301
	tls11 uint16 = 0x0302
	tls12 uint16 = 0x0303
	tls13 uint16 = 0x0304
)

// hello is a ClientHello (RFC 5246 section 7.4.1.2, RFC 8446 section 4.1.2).
type hello struct {
	version    uint16 // the highest that is offered; below TLS 1.3 the lowest is the server's choice
	suites     []uint16
	name       string // for SNI; none for an address
	groups     []uint16
	signatures []uint16   // nil means all
	share      bool       // a key share of X25519; without one the server names its group in a HelloRetryRequest
	shares     []keyShare // in place of that one, to go on with
	protocols  []string   // of RFC 7301
	compress   bool       // DEFLATE is offered too
	fallback   bool       // TLS_FALLBACK_SCSV: RFC 7507
	heartbeat  bool       // RFC 6520
	session    []byte     // id of a session to resume
	ticket     []byte     // of a session to resume
	reneg      []byte     // the client's verify data of the handshake before, when it renegotiates
	bare       bool       // says nothing of RFC 5746
}

// Groups that are offered, as registered by IANA, in no order of preference.
var groupNames = []struct {
	id   uint16
	name string
	bits int
}{
	{0x11ec, "X25519MLKEM768", 0}, {0x11eb, "SecP256r1MLKEM768", 0}, {0x11ed, "SecP384r1MLKEM1024", 0},
	{0x001d, "x25519", 0}, {0x0017, "secp256r1", 0}, {0x0018, "secp384r1", 0}, {0x0019, "secp521r1", 0}, {0x001e, "x448", 0},
	{0x0100, "ffdhe2048", 2048}, {0x0101, "ffdhe3072", 3072}, {0x0102, "ffdhe4096", 4096}, {0x0103, "ffdhe6144", 6144}, {0x0104, "ffdhe8192", 8192},
	{0x001f, "brainpoolP256r1tls13", 0}, {0x0020, "brainpoolP384r1tls13", 0}, {0x0021, "brainpoolP512r1tls13", 0},
	{0x001a, "brainpoolP256r1", 0}, {0x001b, "brainpoolP384r1", 0}, {0x001c, "brainpoolP512r1", 0},
	{0x0016, "secp256k1", 0}, {0x0015, "secp224r1", 0}, {0x0014, "secp224k1", 0}, {0x0013, "secp192r1", 0}, {0x0012, "secp192k1", 0},
	{0x0011, "secp160r2", 0}, {0x0010, "secp160r1", 0}, {0x000f, "secp160k1", 0},
}

func groupName(id uint16) string {
	for _, g := range groupNames {
		if g.id == id {
			return g.name
		}
	}
	return ""
}

// allGroups gives the groups of a version: hybrid ones, and those for TLS 1.3 alone, only there.
func allGroups(version uint16) (out []uint16) {
	for _, g := range groupNames {
		modern := g.id > 0x1000 || g.id >= 0x001f && g.id <= 0x0021
		old := g.id <= 0x0016 || g.id >= 0x001a && g.id <= 0x001c
		if version == tls13 && !old || version != tls13 && !modern {
			out = append(out, g.id)
		}
	}
	return out
}

// Signature schemes that are offered, as registered by IANA.
var signatures = []struct {
	id   uint16
	name string
}{
	{0x0403, "ecdsa_secp256r1_sha256"}, {0x0503, "ecdsa_secp384r1_sha384"}, {0x0603, "ecdsa_secp521r1_sha512"}, {0x0807, "ed25519"}, {0x0808, "ed448"},
	{0x0804, "rsa_pss_rsae_sha256"}, {0x0805, "rsa_pss_rsae_sha384"}, {0x0806, "rsa_pss_rsae_sha512"},
	{0x0809, "rsa_pss_pss_sha256"}, {0x080a, "rsa_pss_pss_sha384"}, {0x080b, "rsa_pss_pss_sha512"},
	{0x0401, "rsa_pkcs1_sha256"}, {0x0501, "rsa_pkcs1_sha384"}, {0x0601, "rsa_pkcs1_sha512"},
	{0x0402, "dsa_sha256"}, {0x0303, "ecdsa_sha224"}, {0x0301, "rsa_pkcs1_sha224"}, {0x0302, "dsa_sha224"},
	{0x0203, "ecdsa_sha1"}, {0x0201, "rsa_pkcs1_sha1"}, {0x0202, "dsa_sha1"}, {0x0101, "rsa_pkcs1_md5"},
}

func allSignatures() (out []uint16) {
	for _, s := range signatures {
		out = append(out, s.id)
	}
	return out
}

func signatureName(id uint16) string {
	for _, s := range signatures {
		if s.id == id {
			return s.name
		}
	}
	return fmt.Sprintf("0x%04x", id)
}

// bytes gives the hello in its record.
func (h hello) bytes() ([]byte, error) {
	if h.version == ssl2 {
		return h.ssl2()
	}
	message, _, err := h.message()
	if err != nil {
		return nil, err
	}
	record := binary.BigEndian.AppendUint16([]byte{22}, min(h.version, tls10))
	return append(binary.BigEndian.AppendUint16(record, uint16(len(message))), message...), nil
}

// message gives the hello as a handshake message, and its random.
func (h hello) message() (message, random []byte, err error) {
	random = make([]byte, 32)
	_, _ = rand.Read(random) // never fails since Go 1.24
	session := h.session
	if h.version == tls13 && session == nil {
		session = make([]byte, 32) // middleboxes expect one: RFC 8446 appendix D.4
		_, _ = rand.Read(session)
	}
	b := binary.BigEndian.AppendUint16(nil, min(h.version, tls12))
	b = vector8(append(b, random...), session)
	var list []byte
	for _, s := range h.suites {
		list = binary.BigEndian.AppendUint16(list, s)
	}
	if h.version != tls13 && !h.bare && h.reneg == nil {
		list = append(list, 0x00, 0xff) // TLS_EMPTY_RENEGOTIATION_INFO_SCSV, RFC 5746
	}
	if h.fallback {
		list = append(list, 0x56, 0x00)
	}
	b = vector16(b, list)
	if h.compress {
		b = vector8(b, []byte{1, 0})
	} else {
		b = vector8(b, []byte{0})
	}
	if h.version > ssl3 {
		ext, err := h.extensions()
		if err != nil {
			return nil, nil, err
		}
		// Some load balancers hang on hellos of 256 to 511 bytes: RFC 7685.
		if n := len(b) + 4 + 2 + len(ext); n > 255 && n < 512 {
			ext = extension(ext, 21, make([]byte, max(0, 512-n-4)))
		}
		b = vector16(b, ext)
	}
	return append([]byte{1, byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...), random, nil
}

func (h hello) extensions() (b []byte, err error) {
	if h.name != "" && net.ParseIP(h.name) == nil {
		b = extension(b, 0, vector16(nil, vector16([]byte{0}, []byte(h.name))))
	}
	b = extension(b, 5, []byte{1, 0, 0, 0, 0})
	b = extension(b, 18, nil) // RFC 6962 section 3.3.1
	if len(h.protocols) > 0 {
		var list []byte
		for _, p := range h.protocols {
			list = vector8(list, []byte(p))
		}
		b = extension(b, 16, vector16(nil, list))
	}
	var list []byte
	for _, g := range h.groups {
		list = binary.BigEndian.AppendUint16(list, g)
	}
	b = extension(b, 10, vector16(nil, list))
	if h.version < tls13 {
		b = extension(b, 11, []byte{1, 0})
		b = extension(b, 23, nil)
		b = extension(b, 35, h.ticket)
	}
	if h.heartbeat {
		b = extension(b, 15, []byte{1})
	}
	if h.reneg != nil {
		b = extension(b, 0xff01, vector8(nil, h.reneg))
	}
	if h.version >= tls12 {
		list = nil
		offered := h.signatures
		if offered == nil {
			offered = allSignatures()
		}
		for _, s := range offered {
			list = binary.BigEndian.AppendUint16(list, s)
		}
		b = extension(b, 13, vector16(nil, list))
	}
	if h.version < tls13 {
		return b, nil
	}
	b = extension(b, 43, vector8(nil, []byte{3, 4}))
	b = extension(b, 45, []byte{1, 1})
	if h.signatures != nil { // those of the chain are left to the server: RFC 8446 section 4.2.3
		list = nil
		for _, s := range allSignatures() {
			list = binary.BigEndian.AppendUint16(list, s)
		}
		b = extension(b, 50, vector16(nil, list))
	}
	shares := h.shares
	if h.share {
		s, err := newShare(x25519)
		if err != nil {
			return nil, err
		}
		shares = []keyShare{s}
	}
	list = nil
	for _, s := range shares {
		list = vector16(binary.BigEndian.AppendUint16(list, s.group), s.public)
	}
	return extension(b, 51, vector16(nil, list)), nil
}

// ssl2 gives the hello of SSL 2.0 with its seven ciphers, in a record with a two-byte head.
func (h hello) ssl2() ([]byte, error) {
	ciphers := []byte{1, 0, 0x80, 2, 0, 0x80, 3, 0, 0x80, 4, 0, 0x80, 5, 0, 0x80, 6, 0, 0x40, 7, 0, 0xc0}
	challenge := make([]byte, 16)
	_, _ = rand.Read(challenge)
	b := []byte{1, 0, 2, 0, byte(len(ciphers)), 0, 0, 0, byte(len(challenge))}
	b = append(append(b, ciphers...), challenge...)
	return append([]byte{0x80 | byte(len(b)>>8), byte(len(b))}, b...), nil
}

func extension(b []byte, kind uint16, body []byte) []byte {
	return vector16(binary.BigEndian.AppendUint16(b, kind), body)
}

func vector8(b, body []byte) []byte { return append(append(b, byte(len(body))), body...) }

func vector16(b, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...)
}
