package estate

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// overTLS are the protocols of services that speak TLS from the first byte, with HTTP over it or not.
var overTLS = map[string]bool{
	"https": true, "tls": false, "smtps": false, "imaps": false, "pop3s": false, "ldaps": false, "ftps": false, "mqtts": false, "amqps": false,
}

// Endpoint gives where a service of a system is to be looked at: a target such as https://shop.example or
// tls://mail.example:993. It is false for a service that does not begin in TLS, or that only the system itself
// reaches, or whose name nobody has declared.
func (s *System) Endpoint(v Service) (target string, ok bool) {
	web, ok := overTLS[v.Protocol]
	if !ok || slices.Equal(v.Audience, []string{"local"}) {
		return "", false
	}
	if u, err := url.Parse(string(v.URL)); err == nil && u.Scheme == "https" && u.Hostname() != "" {
		return "https://" + u.Host, true
	}
	u, err := url.Parse(string(s.Target))
	if err != nil || u.Hostname() == "" || strings.HasPrefix(string(s.Target), "rootfs:") {
		return "", false
	}
	scheme := "tls"
	if web {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: hostPort(u.Hostname(), v.Port)}).String(), true
}

// HostName gives a name as it stands in DNS: lower case, without the dot at its end, and A-labels (RFC 5890) for what is
// not ASCII. Addresses stay as they are.
func HostName(name string) (string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return name, nil
	}
	out, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return "", fmt.Errorf("%q is no name of a host: %w", name, err)
	}
	return out, nil
}

func hostPort(name string, port int) string {
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	return name + ":" + strconv.Itoa(port)
}

// endpointSubjects are the names under which an endpoint is judged: name:port, and https://name of the site.
func endpointSubjects(target string) []string {
	u, err := url.Parse(target)
	if err != nil {
		return nil
	}
	name, err := HostName(u.Hostname())
	if err != nil {
		return nil
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil
	}
	out := []string{hostPort(name, n)}
	if u.Scheme == "https" {
		site := strings.TrimSuffix(hostPort(name, n), ":443")
		out = append(out, "https://"+site)
	}
	return out
}

// place is a service of a system, by their numbers.
type place struct{ system, service int }

func (e *Estate) indexEndpoints() {
	e.index.endpoints = map[string]place{}
	for i := range e.Systems {
		for j, v := range e.Systems[i].Services {
			target, ok := e.Systems[i].Endpoint(v)
			if !ok {
				continue
			}
			for _, s := range endpointSubjects(target) {
				if _, taken := e.index.endpoints[s]; !taken {
					e.index.endpoints[s] = place{i, j}
				}
			}
		}
	}
}
