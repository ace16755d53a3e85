package scalar

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Network is an IP network such as 10.1.0.0/16.
type Network struct{ netip.Prefix }

func (n *Network) UnmarshalText(text []byte) error {
	s := string(text)
	p, err := netip.ParsePrefix(s)
	if err != nil {
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			return errors.New("is an address, not a network; did you mean " + Quote(netip.PrefixFrom(a, a.BitLen()).String()) + "?")
		}
		return errors.New("is not a network such as 10.1.0.0/16")
	}
	if p.Masked() != p {
		return errors.New("has bits set behind its prefix; did you mean " + Quote(p.Masked().String()) + "?")
	}
	n.Prefix = p
	return nil
}

func (n Network) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

func (n Network) String() string {
	if !n.IsValid() {
		return ""
	}
	return n.Prefix.String()
}

func (Network) Form() (pattern, example string) { return `^[0-9a-fA-F:.]+/[0-9]{1,3}$`, "10.1.0.0/16" }

// HostPort is a name or address with a port. The name may begin with a wildcard label, *.example.org,
// and the address may be a network.
type HostPort string

func (h *HostPort) UnmarshalText(text []byte) error {
	s := string(text)
	host, port := SplitPort(s)
	switch {
	case strings.Contains(s, "://"):
		return errors.New("is an address with a scheme; write host:port")
	case port == "":
		return errors.New("has no port; write host:port, such as " + Quote(host+":443"))
	case !IsPort(port):
		return errors.New("has a port that is not between 1 and 65535")
	case !isHost(host):
		return errors.New("is not host:port, such as api.example:443")
	}
	*h = HostPort(s)
	return nil
}

func (h HostPort) MarshalText() ([]byte, error) { return []byte(h), nil }

func (HostPort) Form() (pattern, example string) {
	return `^.+:[0-9]{1,5}$`, "api.payments.example:443"
}

// Listen is where a gate listens: host:port, or :port for every address of the machine.
type Listen string

func (l *Listen) UnmarshalText(text []byte) error {
	s := string(text)
	host, port := SplitPort(s)
	if port == "" || host != "" && !isHost(host) {
		return errors.New(`is not an address to listen on, such as ":22" or "10.9.0.5:22"`)
	}
	if !IsPort(port) {
		return errors.New("has a port that is not between 1 and 65535")
	}
	*l = Listen(s)
	return nil
}

func (l Listen) MarshalText() ([]byte, error) { return []byte(l), nil }

func (Listen) Form() (pattern, example string) { return `^.*:[0-9]{1,5}$`, ":22" }

// Host is a DNS name or an IP address, without scheme and port.
type Host string

func (h *Host) UnmarshalText(text []byte) error {
	s := string(text)
	if !isHost(s) || strings.ContainsAny(s, "*/") {
		return errors.New("is not a host name such as shop.example")
	}
	*h = Host(s)
	return nil
}

func (h Host) MarshalText() ([]byte, error) { return []byte(h), nil }

func (Host) Form() (pattern, example string) { return `^[A-Za-z0-9:._-]+$`, "shop.example" }

// Email is an address to write to.
type Email string

func (e *Email) UnmarshalText(text []byte) error {
	s := string(text)
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || strings.ContainsAny(s, " <>,;\t\n") || !isHost(domain) || strings.ContainsAny(domain, "*/:") {
		return errors.New("is not an e-mail address")
	}
	*e = Email(s)
	return nil
}

func (e Email) MarshalText() ([]byte, error) { return []byte(e), nil }

func (Email) Form() (pattern, example string) { return `^[^@\s]+@[^@\s]+$`, "security@example.org" }

// SplitPort splits at the last colon outside brackets.
func SplitPort(s string) (host, port string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return s, ""
	}
	host = s[:i]
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host[1 : len(host)-1], s[i+1:]
	}
	if strings.Contains(host, ":") {
		return s, "" // an IPv6 address without brackets has no port
	}
	return host, s[i+1:]
}

// IsPort tells whether s is a port number.
func IsPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// isHost takes names, with underscores as they occur in practice, and IP addresses or networks.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return true
	}
	s = strings.TrimPrefix(s, "*.")
	if s == "*" {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !IsAlnum(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// IsAlnum tells ASCII letters and digits.
func IsAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
