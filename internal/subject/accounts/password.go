package accounts

import (
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
)

// password reads the second field of /etc/shadow, as crypt(5) and shadow(5) describe it.
func password(field string, key fact.Key) Password {
	hash := strings.TrimLeft(field, "!")
	switch {
	case field == "":
		return Password{State: PasswordEmpty}
	case scheme(hash) == "" && hash != field:
		return Password{State: PasswordLocked}
	case scheme(hash) == "":
		return Password{State: PasswordNone}
	}
	p := Password{State: PasswordHashed, Scheme: scheme(hash), Verifier: key.Fingerprint("verifier", hash)}
	if hash != field {
		p.State = PasswordLocked
	}
	return p
}

var schemes = map[string]string{
	"1": "md5", "2": "bcrypt", "2a": "bcrypt", "2b": "bcrypt", "2x": "bcrypt", "2y": "bcrypt", "3": "nt",
	"5": "sha256", "6": "sha512", "7": "scrypt", "y": "yescrypt", "gy": "gost-yescrypt", "md5": "sunmd5", "sha1": "sha1",
}

// scheme names how a hash was made; it is empty for what is no hash at all.
func scheme(hash string) string {
	switch {
	case hash == "" || strings.ContainsAny(hash, "*: \t"):
		return ""
	case hash[0] == '$':
		id, rest, ok := strings.Cut(hash[1:], "$")
		if id, _, _ = strings.Cut(id, ","); !ok || rest == "" {
			return ""
		}
		if s := schemes[id]; s != "" {
			return s
		}
		return "unknown"
	case hash[0] == '_' && len(hash) == 20 && isCrypt(hash[1:]):
		return "bsdicrypt"
	case len(hash) == 13 && isCrypt(hash):
		return "des"
	case len(hash) > 13 && len(hash) <= 178 && (len(hash)-2)%11 == 0 && isCrypt(hash):
		return "bigcrypt"
	}
	return ""
}

func isCrypt(s string) bool {
	for _, c := range []byte(s) {
		if c != '.' && c != '/' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// days reads a field of /etc/shadow; -1 stands for nothing.
func days(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

const lastDay = 2932896 // 9999-12-31

// dayOf gives the date of a number of days since 1970; empty for none.
func dayOf(s string) string {
	n := days(s)
	if n <= 0 || n > lastDay {
		return ""
	}
	return time.Unix(int64(n)*24*60*60, 0).UTC().Format(time.DateOnly)
}

// date reads what dayOf wrote.
func date(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil
}
