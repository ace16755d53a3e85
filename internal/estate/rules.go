package estate

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/estate/scalar"
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
		if !scalar.IsName(s) {
			return "is not a name: letters, digits, dots, dashes and underscores, beginning with a letter or digit", false
		}
	case "zone":
		if !scalar.IsZone(s) || d.opts.Zone != nil && !d.opts.Zone(s) {
			return "is not a time zone such as Europe/Berlin or UTC", false
		}
	case "calendar":
		if !scalar.IsCalendar(s) {
			if scalar.IsCalendar(strings.ToLower(s)) {
				return "must be in lower case: " + scalar.Quote(strings.ToLower(s)), false
			}
			return "is not a calendar such as de or de-by", false
		}
		if d.opts.Calendar != nil {
			if near, ok := d.opts.Calendar(s); !ok && near != "" {
				return "is a calendar whose holidays are not known; the nearest that are: " + scalar.Quote(near), false
			} else if !ok {
				return "is a calendar whose holidays are not known; leave it out and declare closures", false
			}
		}
	case "requirement":
		if !scalar.IsRequirement(s) {
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
			return "is not a protocol; did you mean " + scalar.Quote(near) + "?", false
		}
		return "is not a protocol that Holdfast knows; taken as tcp", true
	case "method":
		if slices.Contains(methods, s) {
			return "", false
		}
		if slices.Contains(methods, strings.ToUpper(s)) {
			return "must be in upper case: " + scalar.Quote(strings.ToUpper(s)), false
		}
		if near := Nearest(s, methods); near != "" {
			return "is not an HTTP method; did you mean " + scalar.Quote(near) + "?", false
		}
		return "is not an HTTP method that Holdfast knows", true
	case "repository":
		return scalar.WrongRepository(s), false
	}
	return d.addressForm(form, s), false
}

// addressForm covers addresses whose form depends on what they are for.
func (d *decoder) addressForm(form, s string) string {
	var err error
	switch form {
	case "mail-server":
		err = scalar.WebAddress(s, "smtp", "smtps")
	case "backend-target":
		if err = scalar.WebAddress(s); err != nil && !strings.Contains(s, "://") {
			_, err = ParseTarget(s)
		}
	case "sink-address":
		if strings.Contains(s, "://") {
			err = scalar.WebAddress(s)
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
	_, is := err.(scalar.SecretError)
	return is
}
