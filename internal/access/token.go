package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Token lets a program speak in the name of a person: what the person may, but no more than Scope, until its end. The
// secret is kept nowhere.
type Token struct {
	ID      string       `json:"id"` // T- and ten base32 characters
	Person  string       `json:"person"`
	Name    string       `json:"name"`
	Scope   []Permission `json:"scope"`
	Made    time.Time    `json:"made"`
	Until   time.Time    `json:"until"`
	Used    time.Time    `json:"used,omitzero"`    // zero: never
	Revoked time.Time    `json:"revoked,omitzero"` // zero: it is not
}

const (
	// MaxTokenTime is how long a token holds at most: a year, as its owner's roles are looked at anew each time anyway.
	MaxTokenTime = 365 * 24 * time.Hour
	// tokenPrefix begins every secret, so that scanners of repositories find one that was committed.
	tokenPrefix = "holdfast_"
)

// TokenScope is what a token can be made for. Decisions are not in it: each wants a person who shows a second factor.
var TokenScope = []Permission{SeeFindings, SeeDecisions, Request, SeeAgents, SeeRuns, SeeLedger}

// NewToken makes one with its secret, and the digest by which it is found again. The error says what is wrong with what was
// asked for.
func NewToken(v Viewer, name string, scope []Permission, until, now time.Time) (t Token, secret, digest string, err error) {
	switch name = strings.TrimSpace(name); {
	case v.Person == "":
		return t, "", "", fmt.Errorf("a token speaks in the name of a person; the link of the terminal is none")
	case name == "" || len(name) > 100:
		return t, "", "", fmt.Errorf("a token wants a name of 1 to 100 characters: what will use it")
	case !until.After(now):
		return t, "", "", fmt.Errorf("the token would end at %s, which is past", until.Format(time.RFC3339))
	case until.After(now.Add(MaxTokenTime)):
		return t, "", "", fmt.Errorf("a token holds for at most a year, until %s", now.Add(MaxTokenTime).Format(time.DateOnly))
	case len(scope) == 0:
		return t, "", "", fmt.Errorf("a token wants a scope: some of %s", words(TokenScope))
	}
	for _, p := range scope {
		if !slices.Contains(TokenScope, p) {
			return t, "", "", fmt.Errorf("a token cannot be made for %q; what it can: %s", p, words(TokenScope))
		}
		if !v.May(p) {
			return t, "", "", fmt.Errorf("none of your roles gives %q", p)
		}
	}
	var b [32]byte
	rand.Read(b[:])
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	digest = TokenDigest(secret)
	sum, _ := hex.DecodeString(digest)
	return Token{ID: "T-" + base32.StdEncoding.EncodeToString(sum)[:10], Person: v.Person, Name: name, Scope: slices.Clone(scope), Made: now.UTC(), Until: until.UTC()}, secret, digest, nil
}

// TokenDigest is under what a secret is found: its SHA-256 in hex. It has 256 bits of randomness, so that no slow hash is
// needed.
func TokenDigest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Holds tells whether a token is worth something at a time.
func (t Token) Holds(now time.Time) bool { return t.Revoked.IsZero() && now.Before(t.Until) }

// Limited is a viewer who may no more than a scope.
func (v Viewer) Limited(scope []Permission) Viewer {
	may := map[Permission]bool{}
	for _, p := range scope {
		may[p] = v.may[p] && slices.Contains(TokenScope, p)
	}
	v.may = may
	return v
}

func words(all []Permission) string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = string(p)
	}
	return strings.Join(out, ", ")
}
