package tlsserver

import "strings"

// traits is what the name of a cipher suite says about it. Names are those of IANA, and those of the
// SSL 2.0 draft (SSL_CK_...).
type traits struct {
	Bits    int  // strength of the cipher; unknownBits when the name is not known
	Forward bool // forward secrecy: each connection has a key of its own
	AEAD    bool // encrypts and authenticates in one
	Anon    bool // nobody's identity is proven
	Null    bool // nothing is encrypted
	Export  bool
	RC4     bool
	Block64 bool // blocks of 64 bits: 3DES, DES, IDEA, RC2
}

const unknownBits = -1

// strengths are looked for in this order in the part of a name that is the cipher.
var strengths = []struct {
	word    string
	bits    int
	block64 bool
}{
	{"_RC4_40_", 40, false}, {"_DES40_", 40, true}, {"_DES_CBC_40_", 40, true}, {"_RC2_CBC_40_", 40, true},
	{"_RC4_56_", 56, false}, {"_RC2_CBC_56_", 56, true},
	{"_3DES_", 168, true}, {"_DES_192_EDE3_", 168, true}, // an attack takes 112, but the guide's row is "< 256 (128, 168)"
	{"_DES_", 56, true},
	{"_RC4_128_", 128, false}, {"_RC2_", 128, true}, {"_IDEA_", 128, true},
	{"_MAGMA_", 256, true}, {"_28147_", 256, true}, {"_KUZNYECHIK_", 256, false},
	{"_AES_256_", 256, false}, {"_CAMELLIA_256_", 256, false}, {"_ARIA_256_", 256, false}, {"_CHACHA20_", 256, false}, {"_AEGIS_256_", 256, false},
	{"_AES_128_", 128, false}, {"_CAMELLIA_128_", 128, false}, {"_ARIA_128_", 128, false}, {"_SEED_", 128, false}, {"_SM4_", 128, false}, {"_AEGIS_128L_", 128, false},
}

// readTraits holds the traits of names that were read before, a bounded number.
var readTraits memo[traits]

// classify reads the name of a suite.
func classify(name string) traits { return readTraits.get(name, traitsOf) }

func traitsOf(name string) traits {
	exchange, cipher, old := strings.Cut(name, "_WITH_")
	if !old || strings.HasPrefix(name, "SSL_CK_") {
		cipher = name // TLS 1.3 names no key exchange, SSL 2.0 has it elsewhere
	}
	cipher = "_" + cipher + "_"
	t := traits{
		Bits:    unknownBits,
		Forward: strings.HasPrefix(name, "TLS_ECDHE_") || strings.HasPrefix(name, "TLS_DHE_"),
		AEAD:    has(cipher, "_GCM_", "_CCM_", "_POLY1305_", "_MGM_", "_AEGIS_"),
		Anon:    strings.HasSuffix(exchange, "_anon"),
		Null:    has(cipher, "_NULL_") || name == "TLS_SHA256_SHA256" || name == "TLS_SHA384_SHA384", // RFC 9150
		Export:  strings.Contains(name, "_EXPORT"),
		RC4:     has(cipher, "_RC4_"),
	}
	if !old && has(name, "TLS_AES_", "TLS_CHACHA20_", "TLS_SM4_", "TLS_AEGIS_", "TLS_SHA") {
		t.Forward = true // RFC 8446: every key exchange of certificates is ephemeral
	}
	for _, s := range strengths {
		if strings.Contains(cipher, s.word) {
			t.Bits, t.Block64 = s.bits, s.block64
			break
		}
	}
	switch {
	case t.Null:
		t.Bits, t.Block64 = 0, false
	case t.Export:
		t.Bits = 40
	}
	return t
}

func has(name string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// short tells a cipher of less than 112 bits that the other words do not name already.
func (t traits) short() bool { return !t.Null && !t.Export && t.Bits != unknownBits && t.Bits < 112 }

// broken tells whether no client of today offers the suite, whatever else it knows.
func (t traits) broken() bool { return t.Null || t.Anon || t.Export || t.short() }

// weak says in words why a suite should be off; empty when nothing is wrong with it.
func weak(s Suite) string {
	t := classify(s.Name)
	var why []string
	for _, x := range []struct {
		is   bool
		text string
	}{
		{t.Anon, "proves nobody's identity"},
		{t.Null, "encrypts nothing"},
		{t.Export, "has an export key of 40 bits"},
		{t.short(), "has a key of less than 112 bits"},
		{t.RC4, "uses RC4, which is broken"},
		{t.Block64, "encrypts in blocks of 64 bits (Sweet32)"},
	} {
		if x.is {
			why = append(why, x.text)
		}
	}
	return strings.Join(why, " and ")
}
