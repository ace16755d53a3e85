package fact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// Key makes fingerprints of secrets. It stays in the state folder: fingerprints compare within an
// installation and mean nothing outside it. The zero Key still works, for tests; an installation
// always has its own.
type Key struct{ bytes [32]byte }

// NewKey makes a Key from 32 random bytes.
func NewKey(b [32]byte) Key { return Key{b} }

// Fingerprint is a keyed, one-way name of a secret: HMAC-SHA-256 over the use and the secret,
// 16 bytes, base64url. The use keeps equal bytes of different purpose apart.
func (k Key) Fingerprint(use, secret string) string {
	m := hmac.New(sha256.New, k.bytes[:])
	m.Write([]byte(use))
	m.Write([]byte{0})
	m.Write([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// String and LogValue keep the key out of logs and messages.
func (k Key) String() string { return "fact.Key(hidden)" }

// LogValue hides the key from slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Format hides the key from every verb: %d and %#v do not ask String.
func (k Key) Format(s fmt.State, _ rune) { io.WriteString(s, k.String()) }
