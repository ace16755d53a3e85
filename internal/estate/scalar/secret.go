package scalar

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// SecretError is told without the value: what stands there may be the secret itself.
type SecretError string

func (e SecretError) Error() string { return string(e) }

var secretPrefixes = []string{"env:", "file:", "vault:", "systemd:"}

// Secret is a reference to a secret: env:NAME, file:PATH, vault:PATH or systemd:CREDENTIAL. It never
// holds the secret itself, so it may be printed.
type Secret string

func (s *Secret) UnmarshalText(text []byte) error {
	for _, prefix := range secretPrefixes {
		if rest, ok := strings.CutPrefix(string(text), prefix); ok {
			if rest == "" {
				return SecretError("nothing stands after " + prefix)
			}
			*s = Secret(text)
			return nil
		}
	}
	return SecretError("a secret must not stand in an estate; write where to find it: env:NAME, file:PATH, vault:PATH or systemd:NAME")
}

func (s Secret) MarshalText() ([]byte, error) { return []byte(s), nil }

func (Secret) Form() (pattern, example string) {
	return `^(env|file|vault|systemd):.+$`, "file:/etc/holdfast/password"
}

// FilePath is the path behind file:, or "".
func (s Secret) FilePath() string { return filePath(string(s)) }

// FileRef leads to a document: file:PATH, with a relative path from the estate's folder, or an https:// address.
type FileRef string

func (f *FileRef) UnmarshalText(text []byte) error {
	s := string(text)
	if len(s) > len("file:") && strings.HasPrefix(s, "file:") {
		*f = FileRef(s)
		return nil
	}
	if strings.HasPrefix(s, "https://") {
		*f = FileRef(s)
		return WebAddress(s, "https")
	}
	return errors.New("is not a reference such as file:keys/cosign.pub, or an https:// address")
}

func (f FileRef) MarshalText() ([]byte, error) { return []byte(f), nil }

func (FileRef) Form() (pattern, example string) {
	return `^(file:|https://).+$`, "file:keys/cosign.pub"
}

// FilePath is the path behind file:, or "" for an address.
func (f FileRef) FilePath() string { return filePath(string(f)) }

func filePath(s string) string {
	path, ok := strings.CutPrefix(s, "file:")
	if !ok {
		return ""
	}
	return path
}

// URL is an address with a scheme and a host, and without a password.
type URL string

func (u *URL) UnmarshalText(text []byte) error {
	*u = URL(text)
	return WebAddress(string(text))
}

func (u URL) MarshalText() ([]byte, error) { return []byte(u), nil }

func (URL) Form() (pattern, example string) {
	return `^[a-z][a-z0-9+.-]*://[^\s]+$`, "https://shop.example"
}

// WebAddress tells what is wrong with an address; with schemes given it must have one of them.
func WebAddress(s string, schemes ...string) error {
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return SecretError("a password must not stand in an address; leave it out and refer to it as a secret")
		}
	}
	sample := "https://shop.example"
	if len(schemes) > 0 {
		sample = schemes[0] + "://host.example"
	}
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" || u.Hostname() == "":
		return errors.New("is not an address such as " + sample)
	case len(schemes) > 0 && !slices.Contains(schemes, u.Scheme):
		return errors.New("must begin with " + strings.Join(schemes, ":// or ") + "://")
	}
	if p := u.Port(); p != "" && !IsPort(p) {
		return errors.New("has a port that is not between 1 and 65535")
	}
	return nil
}

// AuthorizedKey is a public key as OpenSSH writes it: type, base64, comment.
type AuthorizedKey string

func (k *AuthorizedKey) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.Contains(s, "PRIVATE KEY") {
		return SecretError("a private key must not stand in an estate; write the public key")
	}
	if AuthorizedKey(s).ID() == "" {
		return errors.New(`is not a public key such as "ssh-ed25519 AAAA... erika@laptop"`)
	}
	*k = AuthorizedKey(s)
	return nil
}

func (k AuthorizedKey) MarshalText() ([]byte, error) { return []byte(k), nil }

func (AuthorizedKey) Form() (pattern, example string) {
	return `^(ssh-|ecdsa-|sk-)[^ ]+ +[A-Za-z0-9+/]+={0,2}( .*)?$`, "ssh-ed25519 AAAA... erika@laptop"
}

// ID is what makes two keys the same: type and key, without options and comment. It is empty when
// k holds no key.
func (k AuthorizedKey) ID() string {
	fields := strings.Fields(string(k))
	for i, kind := range fields {
		if !strings.HasPrefix(kind, "ssh-") && !strings.HasPrefix(kind, "ecdsa-") && !strings.HasPrefix(kind, "sk-") {
			continue
		}
		if i+1 == len(fields) {
			return ""
		}
		// The key repeats its type behind a length of four bytes.
		blob, err := base64.StdEncoding.DecodeString(fields[i+1])
		if err != nil || len(blob) < 4+len(kind) || string(blob[4:4+len(kind)]) != kind {
			return ""
		}
		return kind + " " + fields[i+1]
	}
	return ""
}
