package ssh

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Why a host key was not accepted. StrictHostKeyChecking of ssh_config is never asked: a tool that
// judges security does not trust on first use.
var (
	ErrHostKeyUnknown = errors.New("the host key is not known")
	ErrHostKeyChanged = errors.New("the host key has changed")
	ErrHostKeyRevoked = errors.New("the host key is revoked")
)

// HostKeyError is a host key that was refused. It is one of ErrHostKeyUnknown, ErrHostKeyChanged and
// ErrHostKeyRevoked to errors.Is.
type HostKeyError struct {
	Reason      error
	Host        string
	Port        int
	Type        string // ssh-ed25519
	Fingerprint string // SHA256:… of the key that was offered
	Known       []KnownKey
}

// KnownKey is one entry of a known_hosts file.
type KnownKey struct {
	Type, Fingerprint string
	File              string
	Line              int
}

// Unwrap gives the reason.
func (e *HostKeyError) Unwrap() error { return e.Reason }

func (e *HostKeyError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s %s", e.Reason, e.Type, e.Fingerprint)
	for _, k := range e.Known {
		fmt.Fprintf(&b, "; %s:%d holds %s %s", k.File, k.Line, k.Type, k.Fingerprint)
	}
	name := e.Host
	if e.Port != 22 {
		name = fmt.Sprintf("[%s]:%d", e.Host, e.Port)
	}
	file := map[string]string{"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}[e.Type]
	if file == "" {
		file = "ecdsa"
	}
	compare := fmt.Sprintf("ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub", file)
	switch {
	case errors.Is(e.Reason, ErrHostKeyChanged):
		fmt.Fprintf(&b, "; the host was reinstalled, or someone stands between: compare with %q on its console, and only if it is the same run \"ssh-keygen -R '%s'\" and accept the new key", compare, name)
	case errors.Is(e.Reason, ErrHostKeyUnknown):
		fmt.Fprintf(&b, "; compare with %q on the host, and only if it is the same run \"ssh-keyscan -p %d %s >> ~/.ssh/known_hosts\", or \"ssh -p %d %s\" once", compare, e.Port, e.Host, e.Port, e.Host)
	}
	return b.String()
}

// known holds the keys of the known_hosts files.
type known struct {
	check       ssh.HostKeyCallback
	authorities map[string]map[int]bool // lines of each file that hold @cert-authority
}

// loadKnown reads the files; one that is missing holds no keys.
func loadKnown(files []string) (*known, error) {
	k := &known{authorities: map[string]map[int]bool{}}
	var there []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read known hosts: %w", err)
		}
		there = append(there, f)
		k.authorities[f] = authorityLines(b)
	}
	check, err := knownhosts.New(there...)
	if err != nil {
		return nil, fmt.Errorf("read known hosts: %w; repair or remove that line", err)
	}
	k.check = check
	return k, nil
}

func authorityLines(b []byte) map[int]bool {
	out := map[int]bool{}
	s := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; s.Scan(); n++ {
		if bytes.HasPrefix(bytes.TrimSpace(s.Bytes()), []byte("@cert-authority")) {
			out[n] = true
		}
	}
	return out
}

// hostCheck verifies the key of one host.
type hostCheck struct {
	known  *known
	addr   string
	target *target
}

// nobody is a key that no file holds: asking for it gives all keys of a host.
type nobody struct{ ssh.PublicKey }

func (nobody) Type() string    { return "none" }
func (nobody) Marshal() []byte { return []byte("none") }

// entries gives the plain keys and the authorities of the host.
func (c *hostCheck) entries() (plain, authorities []knownhosts.KnownKey) {
	var key *knownhosts.KeyError
	if !errors.As(c.known.check(c.addr, noAddr{}, nobody{}), &key) {
		return nil, nil
	}
	for _, w := range key.Want {
		if c.known.authorities[w.Filename][w.Line] {
			authorities = append(authorities, w)
		} else {
			plain = append(plain, w)
		}
	}
	return plain, authorities
}

// noAddr stands for an address when only a name is looked up.
type noAddr struct{}

func (noAddr) Network() string { return "tcp" }
func (noAddr) String() string  { return "0.0.0.0:0" }

// algorithms puts first what the known keys of the host can verify: a server that has several keys
// must show the one that is known. The others follow, so that a refusal can name the key.
func (c *hostCheck) algorithms() []string {
	plain, authorities := c.entries()
	var certs, known, rest []string
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		switch {
		case strings.HasSuffix(a, "-cert-v01@openssh.com"):
			if len(authorities) > 0 {
				certs = append(certs, a)
			}
		case slices.ContainsFunc(plain, func(k knownhosts.KnownKey) bool { return keyType(a) == k.Key.Type() }):
			known = append(known, a)
		default:
			rest = append(rest, a)
		}
	}
	return slices.Concat(certs, known, rest)
}

func keyType(algorithm string) string {
	if algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512 {
		return ssh.KeyAlgoRSA
	}
	return algorithm
}

// verify is the callback of the handshake. A certificate of an authority that is not known counts as
// its plain key, as in OpenSSH.
func (c *hostCheck) verify(addr string, remote net.Addr, key ssh.PublicKey) error {
	err := c.known.check(addr, remote, key)
	if err == nil {
		if _, ok := key.(*ssh.Certificate); ok {
			return nil
		}
		// A line of an authority vouches for certificates, not for the key as a host's own.
		plain, _ := c.entries()
		for _, k := range plain {
			if bytes.Equal(k.Key.Marshal(), key.Marshal()) {
				return nil
			}
		}
		err = &knownhosts.KeyError{}
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		var revoked *knownhosts.RevokedError
		if !errors.As(err, &revoked) && !strings.Contains(err.Error(), "revoked") {
			return c.verify(addr, remote, cert.Key)
		}
		key = cert.Key
	}
	out := &HostKeyError{
		Reason: ErrHostKeyUnknown, Host: c.target.host, Port: c.target.port,
		Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key),
	}
	var revoked *knownhosts.RevokedError
	var wrong *knownhosts.KeyError
	switch {
	case errors.As(err, &revoked):
		out.Reason = ErrHostKeyRevoked
		out.add(revoked.Revoked)
	case strings.Contains(err.Error(), "revoked"):
		out.Reason = ErrHostKeyRevoked
	case errors.As(err, &wrong):
		plain, _ := c.entries()
		for _, k := range plain {
			out.add(k)
			// Another type than the known ones is a key more, not a changed one.
			if k.Key.Type() == key.Type() {
				out.Reason = ErrHostKeyChanged
			}
		}
	default:
		return err
	}
	return out
}

func (e *HostKeyError) add(k knownhosts.KnownKey) {
	e.Known = append(e.Known, KnownKey{k.Key.Type(), ssh.FingerprintSHA256(k.Key), k.Filename, k.Line})
}
