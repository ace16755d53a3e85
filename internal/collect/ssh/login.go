package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// ErrRefused says that the server accepted none of the keys.
var ErrRefused = errors.New("the server accepted none of the keys")

// login holds the keys for one host. Keys of the agent never leave it.
type login struct {
	conn   net.Conn
	keys   []ssh.Signer
	locked []string // key files with a passphrase that the agent does not hold
	broken []string // key files that were named and cannot be used, with the reason
}

// newLogin collects keys: first those that were named, whether in the agent or a file, then the
// agent's others. Servers count each as an attempt (MaxAuthTries 6).
func newLogin(ctx context.Context, to *target) (*login, error) {
	l := &login{}
	var held []ssh.Signer
	if to.agent != "" {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", to.agent)
		if err != nil {
			l.broken = append(l.broken, fmt.Sprintf("agent %s: %v", to.agent, short(err)))
		} else {
			l.conn = conn
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			held, err = agent.NewClient(conn).Signers()
			if err != nil {
				l.broken = append(l.broken, fmt.Sprintf("agent %s: %v", to.agent, err))
			}
			stop()
		}
	}
	var named []ssh.Signer
	for _, f := range to.ids {
		if s := l.file(f, held, to.chosen); s != nil {
			named = append(named, s)
		}
	}
	l.add(named)
	if !to.only {
		l.add(held)
	}
	return l, nil
}

// file gives the key of a file: the agent's when it holds the same, so that a passphrase is no matter.
func (l *login) file(name string, held []ssh.Signer, chosen bool) ssh.Signer {
	if pub, err := os.ReadFile(name + ".pub"); err == nil {
		if key, _, _, _, err := ssh.ParseAuthorizedKey(pub); err == nil {
			if s := find(held, key); s != nil {
				return s
			}
		}
	}
	pem, err := os.ReadFile(name)
	if err != nil {
		if chosen {
			l.broken = append(l.broken, fmt.Sprintf("key %v", err))
		}
		return nil
	}
	s, err := ssh.ParsePrivateKey(pem)
	var missing *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return s
	case errors.As(err, &missing):
		if missing.PublicKey != nil {
			if s := find(held, missing.PublicKey); s != nil {
				return s
			}
		}
		l.locked = append(l.locked, name)
	default:
		if key, _, _, _, err := ssh.ParseAuthorizedKey(pem); err == nil { // IdentityFile may name the public half
			return find(held, key)
		}
		l.broken = append(l.broken, fmt.Sprintf("key %s: %v", name, err))
	}
	return nil
}

func find(held []ssh.Signer, key ssh.PublicKey) ssh.Signer {
	for _, s := range held {
		if bytes.Equal(s.PublicKey().Marshal(), key.Marshal()) {
			return s
		}
	}
	return nil
}

func (l *login) add(more []ssh.Signer) {
	for _, s := range more {
		if find(l.keys, s.PublicKey()) == nil {
			l.keys = append(l.keys, s)
		}
	}
}

func (l *login) signers() ([]ssh.Signer, error) { return l.keys, nil }

func (l *login) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// refused words what was tried and what may help.
func (l *login) refused() error {
	var say []string
	for _, s := range l.keys {
		say = append(say, "offered "+s.PublicKey().Type()+" "+ssh.FingerprintSHA256(s.PublicKey()))
	}
	if len(l.keys) == 0 {
		say = append(say, "there was no key to offer")
	}
	for _, f := range l.locked {
		say = append(say, fmt.Sprintf("%s has a passphrase: run \"ssh-add %s\" first", f, f))
	}
	say = append(say, l.broken...)
	return fmt.Errorf("%w: %s", ErrRefused, strings.Join(say, "; "))
}
