package estate

import (
	"slices"
	"strings"
)

// protocols are those that Holdfast knows by name. An unknown one that looks like a known one is
// taken for a slip; any other is let pass with a warning.
var protocols = strings.Fields(`tcp udp tls dtls http https http2 http3 quic grpc grpcs websocket ws wss ssh sftp ftp ftps
	telnet rsync git smtp smtps submission imap imaps pop3 pop3s sieve nntp xmpp irc ldap ldaps kerberos radius dns
	dot doh ntp snmp syslog syslog-tls dhcp tftp mdns rdp vnc smb nfs rpc iscsi postgres mysql mariadb mssql oracle
	mongodb redis rediss memcached cassandra elasticsearch opensearch clickhouse influxdb etcd consul vault zookeeper
	amqp amqps mqtt mqtts nats kafka stomp docker kubernetes prometheus statsd fluentd otlp wireguard openvpn ipsec
	sip rtp x11 cups proxy socks`)

var methods = strings.Fields(`GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT
	PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK REPORT SEARCH QUERY`)

// inForm tells what is wrong with text by a form that has no type of its own; "" is fine. With warn the text may
// stand.
func (d *decoder) inForm(form, s string) (text string, warn bool) {
	switch form {
	case "name":
		if !isName(s) {
			return "is not a name: letters, digits, dots, dashes and underscores, beginning with a letter or digit", false
		}
	case "zone":
		if !isZone(s) || d.opts.Zone != nil && !d.opts.Zone(s) {
			return "is not a time zone such as Europe/Berlin or UTC", false
		}
	case "calendar":
		if !isCalendar(s) {
			if isCalendar(strings.ToLower(s)) {
				return "must be in lower case: " + show(strings.ToLower(s)), false
			}
			return "is not a calendar such as de or de-by", false
		}
	case "requirement":
		if !isRequirement(s) {
			return "is not a requirement such as A.5.2.12", false
		}
		if d.opts.Requirement != nil && !d.opts.Requirement(s) {
			return "is not a requirement of the standard", false
		}
	case "protocol":
		if slices.Contains(protocols, s) {
			return "", false
		}
		if near := Nearest(s, protocols); near != "" {
			return "is not a protocol; did you mean " + show(near) + "?", false
		}
		return "is not a protocol that Holdfast knows; taken as tcp", true
	case "method":
		if slices.Contains(methods, s) {
			return "", false
		}
		if slices.Contains(methods, strings.ToUpper(s)) {
			return "must be in upper case: " + show(strings.ToUpper(s)), false
		}
		if near := Nearest(s, methods); near != "" {
			return "is not an HTTP method; did you mean " + show(near) + "?", false
		}
		return "is not an HTTP method that Holdfast knows", true
	case "repository":
		return repository(s), false
	}
	return d.addressForm(form, s), false
}

// addressForm covers addresses whose form depends on what they are for.
func (d *decoder) addressForm(form, s string) string {
	var err error
	switch form {
	case "mail-server":
		err = webAddress(s, "smtp", "smtps")
	case "backend-target":
		if err = webAddress(s); err != nil && !strings.Contains(s, "://") {
			_, err = ParseTarget(s)
		}
	case "sink-address":
		if strings.Contains(s, "://") {
			err = webAddress(s)
		} else if !strings.HasPrefix(s, "/") {
			err = new(HostPort).UnmarshalText([]byte(s))
		}
	}
	if err != nil {
		d.hide = isSecretError(err)
		return err.Error()
	}
	return ""
}

func isSecretError(err error) bool {
	_, is := err.(errSecret)
	return is
}

func isName(s string) bool {
	if s == "" || len(s) > 100 || !isAlnum(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isZone takes the forms of the time zone database: UTC, Europe/Berlin, America/Argentina/Ushuaia.
func isZone(s string) bool {
	if s == "" || len(s) > 64 || strings.EqualFold(s, "local") {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] < 'A' || part[0] > 'Z' {
			return false
		}
		for _, c := range []byte(part) {
			if !isAlnum(c) && !strings.ContainsRune("_-+", rune(c)) {
				return false
			}
		}
	}
	return true
}

func isCalendar(s string) bool {
	country, region, has := strings.Cut(s, "-")
	if len(country) != 2 || has && (len(region) < 1 || len(region) > 3) {
		return false
	}
	for _, c := range []byte(country) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	for _, c := range []byte(region) {
		if !isAlnum(c) || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

func isRequirement(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 3 || len(parts) > 5 || len(parts[0]) != 1 || parts[0][0] < 'A' || parts[0][0] > 'Z' {
		return false
	}
	for _, p := range parts[1:] {
		if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" || p[0] == '0' {
			return false
		}
	}
	return true
}

// repository tells what is wrong with an image's name.
func repository(s string) string {
	last := s[strings.LastIndexByte(s, '/')+1:]
	switch {
	case strings.Contains(s, "://"):
		return "has a scheme; write registry/repository"
	case strings.Contains(s, "@"):
		return "has a digest; write registry/repository"
	case strings.Contains(last, ":"):
		return "has a tag; write registry/repository, and the tag as channel"
	case s != strings.ToLower(s):
		return "must be in lower case"
	case strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-/:") != "" || last == "" || s[0] == '/':
		return "is not a repository such as registry.example/shop/web"
	}
	return ""
}
