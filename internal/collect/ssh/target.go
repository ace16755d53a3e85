package ssh

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/collect/sshconf"
)

// target is one host on the way, with all that ssh_config says of it.
type target struct {
	alias   string // as asked
	host    string // to connect to
	port    int
	user    string
	keyName string // HostKeyAlias, "" is host
	known   []string
	agent   string // socket, "" for none
	only    bool   // IdentitiesOnly
	ids     []string
	chosen  bool // ids were named, not guessed
}

// keyAddr is the name under which known_hosts holds the key. An alias stands there without a port.
func (t *target) keyAddr() string {
	if t.keyName != "" {
		return net.JoinHostPort(t.keyName, "22")
	}
	return net.JoinHostPort(t.host, strconv.Itoa(t.port))
}

// resolve gives the hosts to connect to one through the other, the last being the one asked for.
func resolve(o Options) ([]*target, error) {
	if o.Host == "" {
		return nil, errors.New("no host is named")
	}
	last, jump, err := resolveOne(o, o.Host, o.User, o.Port, true)
	if err != nil {
		return nil, err
	}
	chain, err := jumps(o, jump, 0)
	if err != nil {
		return nil, err
	}
	return append(chain, last), nil
}

// jumps resolves "user@a:22,b": the first of them may need a jump of its own, as in OpenSSH.
func jumps(o Options, list string, depth int) ([]*target, error) {
	if list == "" || strings.EqualFold(list, "none") {
		return nil, nil
	}
	if depth > maxJumps {
		return nil, fmt.Errorf("ProxyJump %s: more than %d jump hosts; do they name each other?", list, maxJumps)
	}
	var chain []*target
	for i, spec := range strings.Split(list, ",") {
		name, host, port, err := parseJump(strings.TrimSpace(spec))
		if err != nil {
			return nil, err
		}
		t, own, err := resolveOne(o, host, name, port, false)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if chain, err = jumps(o, own, depth+1); err != nil {
				return nil, err
			}
		}
		chain = append(chain, t)
	}
	if len(chain) > maxJumps {
		return nil, fmt.Errorf("ProxyJump %s: more than %d jump hosts", list, maxJumps)
	}
	return chain, nil
}

func parseJump(spec string) (name, host string, port int, err error) {
	rest := strings.TrimPrefix(spec, "ssh://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		name, rest = rest[:i], rest[i+1:]
	}
	host = rest
	if h, p, e := net.SplitHostPort(rest); e == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", "", 0, fmt.Errorf("ProxyJump %q: the port is not a number from 1 to 65535", spec)
		}
	}
	if host = strings.Trim(host, "[]"); host == "" {
		return "", "", 0, fmt.Errorf("ProxyJump %q names no host", spec)
	}
	return name, host, port, nil
}

// resolveOne gives one host and its ProxyJump.
func resolveOne(o Options, alias, asUser string, port int, final bool) (*target, string, error) {
	local := localUser()
	files := []string{filepath.Join(o.Home, ".ssh", "config"), "/etc/ssh/ssh_config"}
	switch o.ConfigFile {
	case "":
	case "none":
		files = nil
	default:
		if _, err := os.Stat(o.ConfigFile); err != nil {
			return nil, "", fmt.Errorf("read the ssh_config file: %w", err)
		}
		files = []string{o.ConfigFile}
	}
	s, err := sshconf.Resolve(sshconf.Query{Host: alias, User: asUser, LocalUser: local, Home: o.Home, Port: port}, files, readGlob)
	if err != nil {
		return nil, "", err
	}
	if s.ProxyCommand != "" && s.ProxyJump == "" {
		return nil, "", fmt.Errorf("ssh_config reaches %s by ProxyCommand %q, which Holdfast does not run; use ProxyJump", alias, s.ProxyCommand)
	}
	t := &target{alias: alias, host: s.Target(alias), port: port, user: asUser, keyName: s.HostKeyAlias, only: s.IdentitiesOnly}
	if t.port == 0 {
		t.port = s.Port
	}
	if t.port == 0 {
		t.port = 22
	}
	if t.user == "" {
		t.user = s.User
	}
	if t.user == "" {
		t.user = local
	}
	tokens := sshconf.Tokens{Home: o.Home, LocalUser: local, Original: alias, Host: t.host, User: t.user, Port: t.port}
	if t.known, err = knownFiles(o, s, tokens); err != nil {
		return nil, "", err
	}
	if t.agent, err = agentSocket(o, s, tokens); err != nil {
		return nil, "", err
	}
	names := s.IdentityFiles
	if final {
		names = append(append([]string{}, o.IdentityFiles...), names...)
	} else {
		names = append(names, o.IdentityFiles...)
	}
	t.chosen = len(names) > 0
	if !t.chosen {
		names = []string{"%d/.ssh/id_ed25519", "%d/.ssh/id_ecdsa", "%d/.ssh/id_rsa"}
	}
	for _, n := range names {
		if strings.EqualFold(n, "none") {
			continue
		}
		p, err := tokens.Expand(n)
		if err != nil {
			return nil, "", fmt.Errorf("IdentityFile: %w", err)
		}
		t.ids = append(t.ids, p)
	}
	return t, s.ProxyJump, nil
}

func knownFiles(o Options, s sshconf.Settings, tokens sshconf.Tokens) ([]string, error) {
	if o.KnownHosts != nil {
		return o.KnownHosts, nil
	}
	own, global := s.UserKnownHosts, s.GlobKnownHosts
	if own == nil {
		own = []string{"%d/.ssh/known_hosts", "%d/.ssh/known_hosts2"}
	}
	if global == nil {
		global = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	}
	var out []string
	for _, f := range append(append([]string{}, own...), global...) {
		if strings.EqualFold(f, "none") {
			continue
		}
		p, err := tokens.Expand(f)
		if err != nil {
			return nil, fmt.Errorf("UserKnownHostsFile: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

func agentSocket(o Options, s sshconf.Settings, tokens sshconf.Tokens) (string, error) {
	for _, a := range []string{o.Agent, s.IdentityAgent, "SSH_AUTH_SOCK"} {
		switch {
		case a == "":
		case strings.EqualFold(a, "none"):
			return "", nil
		case a == "SSH_AUTH_SOCK":
			return os.Getenv("SSH_AUTH_SOCK"), nil
		case a[0] == '$':
			return os.Getenv(strings.Trim(a[1:], "{}")), nil
		case a == o.Agent:
			return a, nil
		default:
			return tokens.Expand(a)
		}
	}
	return "", nil
}

func localUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

// readGlob reads the files of an Include; a missing one is none.
func readGlob(pattern string) ([]sshconf.Source, error) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var out []sshconf.Source
	for _, n := range names {
		st, err := os.Stat(n)
		if err == nil && !st.Mode().IsRegular() {
			continue
		}
		b, err := os.ReadFile(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, sshconf.Source{Name: n, Text: string(b)})
	}
	return out, nil
}
