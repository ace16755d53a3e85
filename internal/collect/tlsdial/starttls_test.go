package tlsdial

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// turn is what a server says, and how much it then reads.
type turn struct {
	say  string
	read string // the end of what it waits for
}

// scripts are servers as their RFCs and manuals have them.
var scripts = map[string][]turn{
	"smtp":  {{"220-mail.example\r\n220 ESMTP\r\n", "\r\n"}, {"250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", "STARTTLS\r\n"}, {"220 go ahead\r\n", ""}},
	"imap":  {{"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", "a STARTTLS\r\n"}, {"* CAPABILITY IMAP4rev1\r\na OK begin\r\n", ""}},
	"pop3":  {{"+OK ready\r\n", "STLS\r\n"}, {"+OK begin\r\n", ""}},
	"ftp":   {{"220-hello\r\n220 ready\r\n", "AUTH TLS\r\n"}, {"234 proceed\r\n", ""}},
	"nntp":  {{"200 ready\r\n", "STARTTLS\r\n"}, {"382 continue\r\n", ""}},
	"sieve": {{"\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n", "STARTTLS\r\n"}, {"OK \"begin\"\r\n", ""}},
	"xmpp": {{"", "streams'>"}, {"<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>", "xmpp-tls'/>"},
		{"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", ""}},
	"ldap":     {{"", "20037"}, {"\x30\x84\x00\x00\x00\x28\x02\x01\x01\x78\x84\x00\x00\x00\x1f\x0a\x01\x00\x04\x00\x04\x00\x8a\x16" + "1.3.6.1.4.1.1466.20037", ""}},
	"postgres": {{"", "\x16\x2f"}, {"S", ""}},
	"mysql":    {{"\x48\x00\x00\x00\x0a8.0.36\x00\x01\x00\x00\x0012345678\x00\xff\xff\x2d\x02\x00\xff\xdf\x15" + strings.Repeat("\x00", 43), "\x2d" + strings.Repeat("\x00", 23)}, {"", ""}},
}

// follow plays a script, and tells whether the client did its part.
func follow(c net.Conn, all []turn) bool {
	for _, t := range all {
		if _, err := io.WriteString(c, t.say); err != nil {
			return false
		}
		for got := ""; !strings.HasSuffix(got, t.read); {
			b := make([]byte, 1)
			if _, err := io.ReadFull(c, b); err != nil {
				return false
			}
			got += string(b)
		}
	}
	return true
}

func TestStart(t *testing.T) {
	if len(scripts) != len(Ports) {
		t.Errorf("%d protocols, %d scripts", len(Ports), len(scripts))
	}
	conf := &tls.Config{Certificates: []tls.Certificate{selfSigned(t, true)}, MinVersion: tls.VersionTLS12}
	for protocol, script := range scripts {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			e := serve(t, func(c net.Conn) {
				if follow(c, script) {
					_ = tls.Server(c, conf).Handshake()
				}
			})
			e.Start = protocol
			f, err := Probe(t.Context(), e)
			if err != nil || !slices.Equal(protocols(f), []string{"TLS 1.3", "TLS 1.2"}) {
				t.Errorf("%v %v %v", err, protocols(f), f.Gaps)
			}
		})
	}
}

// TestNoStart: a server that goes on in the clear alone is said to, and an endless one does not hold.
func TestNoStart(t *testing.T) {
	for name, c := range map[string]struct {
		protocol string
		script   []turn
	}{
		"smtp":                   {"smtp", []turn{{"220 ESMTP\r\n", "\r\n"}, {"250-mail.example\r\n250 SIZE\r\n", ""}}},
		"imap":                   {"imap", []turn{{"* OK ready\r\n", "a STARTTLS\r\n"}, {"a BAD what\r\n", ""}}},
		"pop3":                   {"pop3", []turn{{"+OK\r\n", "STLS\r\n"}, {"-ERR\r\n", ""}}},
		"postgres":               {"postgres", []turn{{"", "\x16\x2f"}, {"N", ""}}},
		"xmpp":                   {"xmpp", []turn{{"", "streams'>"}, {"<stream:features></stream:features>", ""}}},
		"no xmpp features":       {"xmpp", []turn{{"", "streams'>"}, {"<?xml version='1.0'?><stream:stream id='1'><stream:features/>", "more"}}},
		"an xmpp error for them": {"xmpp", []turn{{"", "streams'>"}, {"<?xml version='1.0'?><stream:stream id='1'><stream:error><undefined-condition/></stream:error>", "more"}}},
		"ldap":                   {"ldap", []turn{{"", "20037"}, {"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00", ""}}},
		"mysql":                  {"mysql", []turn{{"\x48\x00\x00\x00\x0a8.0.36\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x2d\x02\x00\xff\xdf\x15" + strings.Repeat("\x00", 43), ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(conn net.Conn) { follow(conn, c.script) })
			e.Start = c.protocol
			if f, err := Probe(t.Context(), e); err == nil || !strings.Contains(err.Error(), errNoStart.Error()) || len(f.Protocols) > 0 {
				t.Errorf("%v %+v", err, f)
			}
		})
	}
	for protocol := range Ports {
		e := serve(t, func(c net.Conn) { _, _ = io.Copy(c, forever{}) })
		e.Start, e.Timeout = protocol, 300*time.Millisecond
		if _, err := Probe(t.Context(), e); err == nil {
			t.Errorf("%s: no error from an endless server", protocol)
		}
	}
}

// TestShutOut: a MariaDB 10.11 that has seen too many connections end says so, and the reader is told what it says.
func TestShutOut(t *testing.T) {
	const says = "Host '192.0.2.2' is blocked because of many connection errors; unblock with 'mariadb-admin flush-hosts'"
	e := serve(t, func(c net.Conn) { follow(c, []turn{{"j\x00\x00\x00\xffi\x04" + says, ""}}) })
	e.Start = "mysql"
	if f, err := Probe(t.Context(), e); err == nil || !strings.Contains(err.Error(), says) || len(f.Protocols) > 0 {
		t.Errorf("%v %+v", err, f)
	}
}
