package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// Token is what a person carries from the control plane to the machine of an agent: a secret for one use, where to go, and
// whom to believe there.
type Token struct {
	Secret  [16]byte
	Pin     [32]byte // SHA-256 of the public key (SubjectPublicKeyInfo) of the authority that signs the server's certificate
	Address string   // host:port
}

// The text of a token: a mark that secret scanners can look for, then base64url of version, secret, pin, address and the
// first four bytes of the SHA-256 of all these.
const (
	tokenMark    = "hfj_"
	tokenVersion = 1
	maxToken     = 512
)

var (
	errToken   = errors.New("this is no token of holdfast agent invite, or a part of it is missing; copy the whole line")
	errVersion = errors.New("the token is of another version of Holdfast; use that of the control plane")
)

func (t Token) String() string {
	b := append([]byte{tokenVersion}, t.Secret[:]...)
	b = append(b, t.Pin[:]...)
	b = append(b, t.Address...)
	sum := sha256.Sum256(b)
	return tokenMark + base64.RawURLEncoding.EncodeToString(append(b, sum[:4]...))
}

// Password is the secret as it is told to the bus.
func (t Token) Password() string { return hex.EncodeToString(t.Secret[:]) }

// OfPassword gives a token with no more than its secret.
func OfPassword(s string) (Token, bool) {
	var t Token
	if len(s) != hex.EncodedLen(len(t.Secret)) {
		return t, false
	}
	_, err := hex.Decode(t.Secret[:], []byte(s))
	return t, err == nil
}

// Digest names the invitation that the token belongs to.
func (t Token) Digest() string {
	sum := sha256.Sum256(t.Secret[:])
	return hex.EncodeToString(sum[:])
}

// ParseToken reads what String wrote.
func ParseToken(s string) (Token, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), tokenMark)
	if !ok || len(rest) > maxToken {
		return Token{}, errToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) < 1+16+32+4 {
		return Token{}, errToken
	}
	body, sum := b[:len(b)-4], sha256.Sum256(b[:len(b)-4])
	if !bytes.Equal(sum[:4], b[len(b)-4:]) {
		return Token{}, errToken
	}
	if body[0] != tokenVersion {
		return Token{}, errVersion
	}
	t := Token{Secret: [16]byte(body[1:17]), Pin: [32]byte(body[17:49]), Address: string(body[49:])}
	if i := strings.LastIndexByte(t.Address, ':'); i < 1 || i == len(t.Address)-1 {
		return Token{}, errToken
	}
	return t, nil
}
