package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Factors are what a person logs in by who has no passkey: a password and codes of an app, both together.
type Factors struct {
	Person   string    `json:"-"`
	Password string    `json:"password"` // argon2id, as its reference implementation writes it
	Key      []byte    `json:"key"`      // of the codes (RFC 6238), encrypted by a key of the state folder
	Recovery []string  `json:"recovery"` // SHA-256 of codes that are good once each, hex; 80 bits of randomness each
	Made     time.Time `json:"made"`
	Used     time.Time `json:"used,omitzero"` // last log-in; zero: never
	Step     int64     `json:"-"`             // of the last code that was taken
}

// The cost of a password: OWASP's recommendation for argon2id (19 MiB, two passes, one thread), of which a log-in makes one.
const (
	argonMemory, argonTime, argonThreads = 19 << 10, 2, 1
	argonSalt, argonKey                  = 16, 32
)

// HashPassword gives a password as it is kept.
func HashPassword(password string) string {
	var salt [argonSalt]byte
	rand.Read(salt[:])
	sum := argon2.IDKey([]byte(password), salt[:], argonTime, argonMemory, argonThreads, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, base64.RawStdEncoding.EncodeToString(salt[:]), base64.RawStdEncoding.EncodeToString(sum))
}

// noPassword is what the password of nobody is compared with, so that who is not there costs what a wrong password costs.
var noPassword = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// IsPassword tells whether a password is the one that is kept; an empty one is nobody's, and takes as long.
func IsPassword(kept, password string) bool {
	known := kept != ""
	if !known {
		kept = noPassword
	}
	parts := strings.Split(kept, "$")
	var version, memory, passes, threads int
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil || version != argon2.Version || memory > 1<<20 || passes > 100 || threads < 1 || threads > 64 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || err2 != nil || len(want) == 0 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}

const (
	// leastPassword is 12 characters: NIST SP 800-63B-4 wants 8 beside a second factor and 15 without one.
	leastPassword = 12
	mostPassword  = 128
)

// WeakPassword says why a password is not taken; empty: it is. There are no rules of composition (NIST SP 800-63B-4, 3.1.1.2).
// Known are passwords that were breached; own are words that belong to the person or the organization.
func WeakPassword(password string, known func(string) bool, own ...string) string {
	n := utf8.RuneCountInString(password)
	low := strings.ToLower(password)
	switch {
	case n < leastPassword:
		return fmt.Sprintf("it has %d characters, and wants at least %d: a few words are easier to keep than signs", n, leastPassword)
	case n > mostPassword:
		return fmt.Sprintf("it has more than %d characters", mostPassword)
	case known(low) || known(strings.Trim(low, "0123456789!?.*#$ ")):
		return "it is on the list of passwords that were breached, which whoever attacks tries first"
	case distinct(low) < 5:
		return "it consists of very few different signs"
	case walks(low):
		return "it is a walk over the keyboard or the alphabet"
	}
	for _, w := range own {
		if w = strings.ToLower(strings.TrimSpace(w)); len(w) >= 3 && strings.Contains(low, w) && len(low) < len(w)+leastPassword {
			return "it is mostly your name or that of the organization"
		}
	}
	return ""
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// walks tells whether a text is made of neighbours alone.
func walks(s string) bool {
	const rows = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik"
	steps, n := 0, 0
	var last rune
	for _, r := range s {
		if n++; n > 1 && (strings.ContainsAny(rows, string(r)) && (strings.Contains(rows, string([]rune{last, r})) || strings.Contains(rows, string([]rune{r, last}))) || last == r) {
			steps++
		}
		last = r
	}
	return steps*10 >= (n-1)*9
}

// NewRecovery makes codes that are good once each, and their hashes. Shown in groups, read in any.
func NewRecovery() (codes, hashes []string) {
	for range 10 {
		var b [10]byte
		rand.Read(b[:])
		code := base32.StdEncoding.EncodeToString(b[:])
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
		hashes = append(hashes, recoveryHash(code))
	}
	return codes, hashes
}

func recoveryHash(code string) string {
	code = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// TakeRecovery takes a recovery code off the list; false: it is none that is left.
func (f *Factors) TakeRecovery(code string) bool {
	i := slices.Index(f.Recovery, recoveryHash(code))
	if i < 0 {
		return false
	}
	f.Recovery = slices.Delete(slices.Clone(f.Recovery), i, i+1)
	return true
}
