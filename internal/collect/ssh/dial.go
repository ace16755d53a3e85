package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Options say whom to reach and with what. The zero value of everything but Host is what the user's
// own ssh would do.
type Options struct {
	User          string
	Host          string // a name, an address, or an alias of ssh_config
	Port          int
	ConfigFile    string        // instead of ~/.ssh/config and /etc/ssh/ssh_config; "none" for no file
	KnownHosts    []string      // instead of ssh_config's, ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
	Agent         string        // socket; "" is ssh_config's, then SSH_AUTH_SOCK; "none" for no agent
	IdentityFiles []string      // before those of ssh_config
	Home          string        // "" is the user's
	Deep          bool          // walk every local file, also those that host.Bulky names
	Blobs         *Blobs        // shared by the connections of one assessment; nil keeps nothing
	Timeout       time.Duration // to connect and log in, each host on the way; 0 is 10 s
}

// ErrUnreachable says that no SSH server answered in time.
var ErrUnreachable = errors.New("unreachable")

const (
	connectTime = 10 * time.Second
	maxJumps    = 8
)

// Dial connects and logs in. Errors that a caller may decide on: ErrUnreachable, ErrHostKeyUnknown,
// ErrHostKeyChanged, ErrHostKeyRevoked, ErrRefused.
func Dial(ctx context.Context, o Options) (*Transport, error) {
	if o.Timeout <= 0 {
		o.Timeout = connectTime
	}
	if o.Home == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("ssh %s: find the home folder: %w; set HOME", o.Host, err)
		}
		o.Home = home
	}
	chain, err := resolve(o)
	if err != nil {
		return nil, fmt.Errorf("ssh %s: %w", o.Host, err)
	}
	var clients []*ssh.Client
	closeAll := func() {
		for i := len(clients) - 1; i >= 0; i-- {
			_ = clients[i].Close()
		}
	}
	for i, next := range chain {
		var via *ssh.Client
		if i > 0 {
			via = clients[i-1]
		}
		c, err := connect(ctx, next, via, o.Timeout)
		if err != nil {
			closeAll()
			if i < len(chain)-1 {
				return nil, fmt.Errorf("ssh %s: jump host %w", o.Host, err)
			}
			return nil, fmt.Errorf("ssh %w", err)
		}
		clients = append(clients, c)
	}
	last := chain[len(chain)-1]
	t := &Transport{
		name:   fmt.Sprintf("ssh://%s@%s", last.user, net.JoinHostPort(last.alias, strconv.Itoa(last.port))),
		client: clients[len(clients)-1], via: clients[:len(clients)-1], deep: o.Deep, blobs: o.Blobs,
	}
	stop := context.AfterFunc(ctx, closeAll)
	defer stop()
	if err := t.probe(ctx, o.Timeout); err != nil {
		closeAll()
		return nil, err
	}
	return t, nil
}

// connect opens one connection, directly or through via, within limit.
func connect(ctx context.Context, to *target, via *ssh.Client, limit time.Duration) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	addr := net.JoinHostPort(to.host, strconv.Itoa(to.port))
	name := to.alias
	if name != to.host || to.port != 22 {
		name = fmt.Sprintf("%s (%s)", to.alias, addr)
	}
	keys, err := loadKnown(to.known)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	login, err := newLogin(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer login.close()

	var conn net.Conn
	if via == nil {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	} else {
		conn, err = via.DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: connect: %w: %w", name, ErrUnreachable, short(err))
	}
	// Deadlines do not exist on a connection through a jump host; closing it works on both.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	check := &hostCheck{known: keys, addr: to.keyAddr(), target: to}
	c, chans, reqs, err := ssh.NewClientConn(conn, check.addr, &ssh.ClientConfig{
		User: to.user, Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(login.signers)},
		HostKeyCallback: check.verify, HostKeyAlgorithms: check.algorithms(),
		ClientVersion: "SSH-2.0-Holdfast",
	})
	if !stop() && err == nil {
		_ = c.Close()
		err = ctx.Err()
	}
	if err == nil {
		return ssh.NewClient(c, chans, reqs), nil
	}
	_ = conn.Close()
	var key *HostKeyError
	switch {
	case errors.As(err, &key):
		return nil, fmt.Errorf("%s: %w", name, key)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%s: %w: no complete SSH handshake within %s", name, ErrUnreachable, limit)
	case strings.Contains(err.Error(), "unable to authenticate"), strings.Contains(err.Error(), "no supported methods remain"):
		return nil, fmt.Errorf("%s: log in as %s: %w", name, to.user, login.refused())
	}
	return nil, fmt.Errorf("%s: SSH handshake: %w: %w", name, ErrUnreachable, short(err))
}

// short drops the addresses that a net.OpError repeats.
func short(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}
