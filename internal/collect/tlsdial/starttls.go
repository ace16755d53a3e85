package tlsdial

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// Ports are the protocols that begin in the clear and go on in TLS, with their ports.
var Ports = map[string]string{
	"smtp": "25", "imap": "143", "pop3": "110", "ldap": "389", "ftp": "21", "xmpp": "5222", "postgres": "5432", "mysql": "3306", "sieve": "4190", "nntp": "119",
}

// errNoStart tells that the server does not offer to go on in TLS.
var errNoStart = errors.New("it does not offer TLS")

const maxPreamble = 64 << 10 // of what a server says before TLS

// start brings a connection from the protocol's greeting to where TLS begins. It reads not one byte too many.
func start(c net.Conn, protocol, name string) error {
	p := preamble{Conn: c}
	switch protocol {
	case "":
		return nil
	case "smtp": // RFC 3207
		return p.talk(p.codes("220", ""), p.say("EHLO holdfast.invalid\r\n"), p.codes("250", "STARTTLS"), p.say("STARTTLS\r\n"), p.codes("220", ""))
	case "ftp": // RFC 4217
		return p.talk(p.codes("220", ""), p.say("AUTH TLS\r\n"), p.codes("234", ""))
	case "nntp": // RFC 4642
		return p.talk(p.codes("20", ""), p.say("STARTTLS\r\n"), p.codes("382", ""))
	case "pop3": // RFC 2595
		return p.talk(p.codes("+OK", ""), p.say("STLS\r\n"), p.codes("+OK", ""))
	case "imap": // RFC 9051 section 6.2.1
		return p.talk(p.codes("* OK", ""), p.say("a STARTTLS\r\n"), p.until("a "), p.ok("a OK"))
	case "sieve": // RFC 5804
		return p.talk(p.until("OK"), p.say("STARTTLS\r\n"), p.until("OK"))
	case "xmpp": // RFC 6120 section 5
		return p.talk(p.say("<?xml version='1.0'?><stream:stream to='"+xmlSafe(name)+"' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
			p.element("urn:ietf:params:xml:ns:xmpp-tls", "</stream:features>", "<stream:features/>", "</stream:error>"), p.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), p.element("<proceed", ">"))
	case "postgres": // PostgreSQL, frontend/backend protocol: SSLRequest
		return p.talk(p.say("\x00\x00\x00\x08\x04\xd2\x16\x2f"), func() error {
			b, err := p.bytes(1)
			if err == nil && b[0] != 'S' {
				err = errNoStart
			}
			return err
		})
	case "mysql": // MySQL client/server protocol: SSLRequest
		return p.mysql()
	case "ldap": // RFC 4511 section 4.14
		return p.talk(p.say("\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"), p.ldap)
	}
	return fmt.Errorf("the protocol %s is not known", protocol)
}

// xmlSafe leaves out what would end an attribute.
func xmlSafe(name string) string { return strings.NewReplacer("'", "", "<", "", "&", "").Replace(name) }

// preamble is a connection before TLS.
type preamble struct {
	net.Conn
	read int
	line string // the last one
}

func (p *preamble) talk(steps ...func() error) error {
	for _, s := range steps {
		if err := s(); err != nil {
			return err
		}
	}
	return nil
}

func (p *preamble) say(text string) func() error {
	return func() error {
		_, err := io.WriteString(p, text)
		return closed(err)
	}
}

func (p *preamble) bytes(n int) ([]byte, error) {
	if p.read += n; p.read > maxPreamble {
		return nil, errNotTLS
	}
	b := make([]byte, n)
	_, err := io.ReadFull(p, b)
	return b, closed(err)
}

func (p *preamble) next() error {
	var line []byte
	for {
		b, err := p.bytes(1)
		if err != nil {
			return err
		}
		if b[0] == '\n' {
			p.line = strings.TrimRight(string(line), "\r")
			return nil
		}
		line = append(line, b[0])
	}
}

// codes reads an answer of one or several lines that begin with a code, of which one has to hold a word.
func (p *preamble) codes(code, word string) func() error {
	return func() error {
		for has := word == ""; ; {
			if err := p.next(); err != nil {
				return err
			}
			if !strings.HasPrefix(p.line, code) {
				return fmt.Errorf("%w: %q", errNoStart, p.line[:min(len(p.line), 100)])
			}
			has = has || strings.Contains(strings.ToUpper(p.line), word)
			if len(p.line) > 3 && p.line[3] == '-' {
				continue
			}
			if !has {
				return errNoStart
			}
			return nil
		}
	}
}

// until reads lines up to one that begins with a word, or with NO or BYE.
func (p *preamble) until(word string) func() error {
	return func() error {
		for {
			if err := p.next(); err != nil {
				return err
			}
			switch upper := strings.ToUpper(p.line); {
			case strings.HasPrefix(upper, strings.ToUpper(word)):
				return nil
			case strings.HasPrefix(upper, "NO"), strings.HasPrefix(upper, "BYE"), strings.HasPrefix(upper, "* BYE"):
				return errNoStart
			}
		}
	}
}

func (p *preamble) ok(begin string) func() error {
	return func() error {
		if !strings.HasPrefix(strings.ToUpper(p.line), strings.ToUpper(begin)) {
			return errNoStart
		}
		return nil
	}
}

// element reads XML up to one of these ends, in which a word has to stand. Prosody, which demands encryption and has
// no TLS, ends with an error in place of features.
func (p *preamble) element(word string, ends ...string) func() error {
	return func() error {
		var all []byte
		for !slices.ContainsFunc(ends, func(end string) bool { return bytes.HasSuffix(all, []byte(end)) }) {
			b, err := p.bytes(1)
			if err != nil {
				return err
			}
			all = append(all, b[0])
		}
		if !bytes.Contains(all, []byte(word)) {
			return errNoStart
		}
		return nil
	}
}

func (p *preamble) mysql() error {
	head, err := p.bytes(4)
	if err != nil {
		return err
	}
	body, err := p.bytes(int(head[0]) | int(head[1])<<8 | int(head[2])<<16)
	if err != nil {
		return err
	}
	// An error in place of the greeting: who ended too many connections before a log-in, as a look at TLS does, is
	// shut out (max_connect_errors, 100 by default), and has to be let in again by hand.
	if len(body) > 3 && body[0] == 0xff {
		return fmt.Errorf("it refuses the connection: %q", body[3:min(len(body), 200)])
	}
	_, rest, ok := bytes.Cut(body[min(1, len(body)):], []byte{0}) // the version, which ends in zero
	if len(body) == 0 || body[0] != 10 || !ok || len(rest) < 15 {
		return errNotTLS
	}
	const ssl, secure = 0x0800, 0x8000
	if binary.LittleEndian.Uint16(rest[13:])&ssl == 0 {
		return errNoStart
	}
	b := append([]byte{32, 0, 0, 1}, make([]byte, 32)...)
	binary.LittleEndian.PutUint32(b[4:], 0x0200|ssl|secure) // protocol 4.1
	binary.LittleEndian.PutUint32(b[8:], 1<<24)
	b[12] = 45 // utf8mb4
	return p.say(string(b))()
}

func (p *preamble) ldap() error {
	head, err := p.bytes(2)
	if err != nil {
		return err
	}
	if head[0] != 0x30 {
		return errNotTLS
	}
	n := int(head[1])
	if n >= 0x80 {
		if n -= 0x80; n < 1 || n > 4 { // OpenLDAP and others pad the length
			return errNotTLS
		}
		long, err := p.bytes(n)
		if err != nil {
			return err
		}
		n = 0
		for _, b := range long {
			n = n<<8 | int(b)
		}
	}
	if n > maxPreamble {
		return errNotTLS
	}
	body, err := p.bytes(n)
	if err != nil {
		return err
	}
	// An id, then the answer, whose length may be padded too, and which begins with the result.
	if !bytes.HasPrefix(body, []byte{2, 1, 1, 0x78}) || len(body) < 5 {
		return errNotTLS
	}
	skip := 5
	if body[4] >= 0x80 {
		skip += int(body[4]) - 0x80
	}
	if len(body) < skip+3 || body[skip] != 0x0a || body[skip+1] != 1 {
		return errNotTLS
	}
	if body[skip+2] != 0 {
		return errNoStart
	}
	return nil
}
