package tlsdial

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// quiet is how long a server may be silent before that is its answer.
const quiet = time.Second

// weakness is a probe for one weakness. It runs against the newest version up to TLS 1.2. An intrusive one that may
// not run gives the zero Probed, unless what is offered says enough.
type weakness struct {
	name string
	run  func(ctx context.Context, t trial) tlsserver.Probed
}

var weaknesses = []weakness{
	{tlsserver.Heartbleed, heartbleed},
	{tlsserver.Ticketbleed, ticketbleed},
	{tlsserver.LegacyReneg, legacyReneg},
	{tlsserver.ClientReneg, clientReneg},
	{tlsserver.FallbackSCSV, fallback},
	{tlsserver.NoSentinel, sentinel},
	{tlsserver.CCSInjection, ccsInjection},
	{tlsserver.Robot, robot},
}

// trial is what a probe knows of the endpoint.
type trial struct {
	Endpoint
	offered []found                         // by version, as numbers
	earlier func() (hello, *session, error) // a whole connection of TLS up to 1.2 that was made and left, once for all
}

// meetOnce makes the connection that others resume.
func (t trial) meetOnce(ctx context.Context) func() (hello, *session, error) {
	var once sync.Once
	var h hello
	var s *session
	err := errKit
	return func() (hello, *session, error) {
		once.Do(func() {
			var ok bool
			if h, ok = t.hello(spokenAEAD, spokenCBC); !ok {
				return
			}
			if s, err = t.connect(ctx, h); err != nil {
				return
			}
			defer s.Close()
			h.groups = allGroups(h.version)
			// A server forgets the session of who leaves without a word (RFC 2246 section 7.2.1).
			_ = s.send(21, s.version, []byte{1, 0})
			s.wait(quiet)
			_, _, _ = s.messages.raw()
		})
		return h, s, err
	}
}

// below gives the newest version up to TLS 1.2, but not SSL 2.0, and its suites; 0 without one.
func (t trial) below() (version uint16, suites []uint16) {
	for i, v := range numbers {
		if v <= tls12 && v >= ssl3 && len(t.offered[i].answers) > 0 {
			return v, t.suites(i)
		}
	}
	return 0, nil
}

func (t trial) suites(i int) (out []uint16) {
	for _, a := range t.offered[i].answers {
		out = append(out, a.suite)
	}
	return out
}

// hello gives a hello for a whole connection of TLS 1.0 to 1.2 with one of these suites.
func (t trial) hello(speak ...[]uint16) (hello, bool) {
	v, offered := t.below()
	h := hello{version: v}
	for _, s := range slices.Concat(speak...) {
		if slices.Contains(offered, s) {
			h.suites = append(h.suites, s)
		}
	}
	return h, v >= tls10 && len(h.suites) > 0
}

func safe(text string) tlsserver.Probed {
	return tlsserver.Probed{State: tlsserver.Safe, Text: text}
}
func vulnerable(text string) tlsserver.Probed {
	return tlsserver.Probed{State: tlsserver.Vulnerable, Text: text}
}
func inconclusive(format string, args ...any) tlsserver.Probed {
	return tlsserver.Probed{State: tlsserver.Inconclusive, Text: fmt.Sprintf(format, args...)}
}

// recent tells whether the server has what came years after the holes of the OpenSSL of 2014.
func (t trial) recent() bool {
	return len(t.offered[0].answers) > 0 || slices.ContainsFunc(t.offered, func(f found) bool {
		return slices.ContainsFunc(f.answers, func(a answer) bool { return a.extended })
	})
}

const onlyNew = "TLS 1.3 has it not"

// unspoken says why a probe could not go past the handshake.
func (t trial) unspoken() tlsserver.Probed {
	if v, _ := t.below(); v == 0 {
		return safe(onlyNew)
	}
	return inconclusive("it offers no suite that the probe speaks")
}

// wait sets the deadline of the next answer.
func (s *session) wait(d time.Duration) { _ = s.SetReadDeadline(time.Now().Add(d)) }

// reaction reads one record and names it: alert 20, data, closed, silent.
func (s *session) reaction() string {
	s.wait(quiet)
	kind, body, err := s.messages.raw()
	var ne net.Error
	switch {
	case errors.Is(err, errClosed):
		return "closed"
	case errors.As(err, &ne) && ne.Timeout():
		return "silent"
	case err != nil:
		return "odd"
	case kind == 21 && len(body) == 2:
		return fmt.Sprintf("alert %d", body[1])
	case kind == 21:
		return "alert" // encrypted
	}
	return fmt.Sprintf("record %d", kind)
}

// heartbleed asks for more than it sends (CVE-2014-0160). What comes back is counted and dropped.
func heartbleed(ctx context.Context, t trial) tlsserver.Probed {
	v, suites := t.below()
	if v < tls10 {
		return t.unspoken()
	}
	s, err := t.begin(ctx, hello{version: v, suites: suites, groups: allGroups(v), heartbeat: true})
	if err != nil {
		return inconclusive("%s", err)
	}
	defer s.Close()
	if !s.heartbeat {
		return safe("it does not take heartbeats")
	}
	// A payload of 16,384 bytes is announced, none is sent.
	if err := s.write(24, s.version, []byte{1, 0x40, 0}); err != nil {
		return inconclusive("%s", err)
	}
	s.wait(quiet)
	kind, body, err := s.messages.raw()
	if err == nil && kind == 24 && len(body) > 3 {
		return vulnerable(fmt.Sprintf("it answers a heartbeat of 3 bytes with %d", len(body)))
	}
	return safe("it takes heartbeats and drops malformed ones")
}

// ticketbleed offers a ticket with a short session id, of which a vulnerable F5 sends back 32 bytes
// (CVE-2016-9244). What comes back is counted and dropped.
func ticketbleed(ctx context.Context, t trial) tlsserver.Probed {
	if _, ok := t.hello(spokenAEAD, spokenCBC); !ok {
		return t.unspoken()
	}
	h, s, err := t.earlier()
	if err != nil {
		return inconclusive("%s", err)
	}
	if s.ticket == nil {
		return safe("it gives no tickets")
	}
	h.ticket, h.session = s.ticket, make([]byte, 16)
	_, _ = rand.Read(h.session)
	a, err := t.ask(ctx, h)
	switch {
	case err != nil:
		return inconclusive("%s", err)
	case len(a.session) > len(h.session) && bytes.HasPrefix(a.session, h.session):
		return vulnerable(fmt.Sprintf("it answers a session id of 16 bytes with %d", len(a.session)))
	}
	return safe("it sends back what it was sent")
}

// legacyReneg renegotiates without RFC 5746 (CVE-2009-3555).
func legacyReneg(ctx context.Context, t trial) tlsserver.Probed {
	if v, _ := t.below(); v >= tls10 && secure(t.offered) {
		return safe("it has secure renegotiation")
	}
	return t.renegotiate(ctx, true)
}

// clientReneg renegotiates as RFC 5746 wants it, which costs the server much more than the client.
func clientReneg(ctx context.Context, t trial) tlsserver.Probed {
	return t.renegotiate(ctx, false)
}

func (t trial) renegotiate(ctx context.Context, legacy bool) tlsserver.Probed {
	h, ok := t.hello(spokenAEAD, spokenCBC)
	if !ok {
		return t.unspoken()
	}
	h.bare = legacy
	s, err := t.connect(ctx, h)
	if err != nil {
		return inconclusive("%s", err)
	}
	defer s.Close()
	h.name, h.groups = t.Name, allGroups(h.version)
	if !legacy {
		h.reneg = s.verify
	}
	message, _, err := h.message()
	if err != nil {
		return inconclusive("%s", err)
	}
	if err := s.send(22, s.version, message); err != nil {
		return inconclusive("%s", err)
	}
	s.wait(2 * quiet)
	kind, _, err := s.messages.next()
	var r refused
	var ne net.Error
	switch {
	case err == nil && kind == 2:
		return vulnerable("it begins a new handshake when the client wants one")
	case errors.As(err, &r), errors.Is(err, errClosed):
		return safe("it refuses")
	case errors.As(err, &ne) && ne.Timeout():
		return safe("it does not react")
	}
	return inconclusive("it answers oddly")
}

// fallback offers an older version than both have, marked by RFC 7507.
func fallback(ctx context.Context, t trial) tlsserver.Probed {
	best := slices.IndexFunc(t.offered, func(f found) bool { return len(f.answers) > 0 })
	for i := best + 1; i < len(numbers) && numbers[i] >= ssl3; i++ {
		if len(t.offered[i].answers) == 0 {
			continue
		}
		_, err := t.ask(ctx, hello{version: numbers[i], suites: t.suites(i), groups: allGroups(numbers[i]), fallback: true})
		var r refused
		switch {
		case errors.As(err, &r) && r.description == 86:
			return safe("inappropriate_fallback")
		case err == nil:
			return vulnerable(tlsserver.Versions[i] + " is agreed upon although it is marked as a fallback")
		}
		return inconclusive("%s", err)
	}
	return safe("there is no older version to fall back to")
}

// sentinel looks for the mark that a server of TLS 1.3 sets when it agrees on less: RFC 8446 section 4.1.3.
func sentinel(_ context.Context, t trial) tlsserver.Probed {
	if len(t.offered[0].answers) == 0 {
		return safe("it has no TLS 1.3 to fall back from")
	}
	for i, v := range numbers {
		for _, a := range t.offered[i].answers {
			mark := "DOWNGRD\x01"
			if v < tls12 {
				mark = "DOWNGRD\x00"
			}
			if v < tls13 && v >= tls10 && string(a.random[24:]) != mark {
				return vulnerable(tlsserver.Versions[i] + " is agreed upon without the mark of a downgrade")
			}
		}
	}
	return safe("a downgrade is marked")
}

// ccsInjection changes keys before there are any (CVE-2014-0224).
func ccsInjection(ctx context.Context, t trial) tlsserver.Probed {
	v, suites := t.below()
	if v < tls10 {
		return t.unspoken()
	}
	if !t.Intrusive {
		if t.recent() {
			return safe("the OpenSSL that has it knows neither TLS 1.3 nor extended master secrets")
		}
		return tlsserver.Probed{}
	}
	s, err := t.begin(ctx, hello{version: v, suites: suites, groups: allGroups(v)})
	if err != nil {
		return inconclusive("%s", err)
	}
	defer s.Close()
	for _, text := range []string{"refuses the first", "refuses the second"} {
		if err := s.write(20, s.version, []byte{1}); err != nil {
			return safe("it " + text + " early change of keys")
		}
		switch got := s.reaction(); got {
		case "silent":
			continue
		case "alert 20", "alert 21", "alert":
			if text == "refuses the second" {
				return vulnerable("it takes an early change of keys")
			}
			return inconclusive("it answers an early change of keys with %s", got)
		case "closed", "alert 10", "alert 40", "alert 47", "alert 50", "alert 80":
			return safe("it " + text + " early change of keys")
		default:
			return inconclusive("it answers an early change of keys with %s", got)
		}
	}
	return inconclusive("it does not answer an early change of keys")
}

// robot encrypts the secret with five kinds of padding; a server that tells them apart decrypts for
// everyone (ROBOT, Böck, Somorovsky and Young, 2018).
func robot(ctx context.Context, t trial) tlsserver.Probed {
	h, ok := t.hello(spokenRSA)
	if !ok {
		if v, _ := t.below(); v == 0 {
			return safe(onlyNew)
		}
		return safe("no suite encrypts by RSA")
	}
	if !t.Intrusive {
		return tlsserver.Probed{}
	}
	for _, whole := range []bool{true, false} {
		first, err := t.robotRound(ctx, h, whole)
		if err != nil {
			return inconclusive("%s", err)
		}
		if same(first) {
			continue
		}
		again, err := t.robotRound(ctx, h, whole)
		if err != nil || !slices.Equal(first, again) {
			return inconclusive("its answers to kinds of padding differ from one time to the next")
		}
		return vulnerable(fmt.Sprintf("it tells kinds of padding apart: %q", slices.Compact(slices.Sorted(slices.Values(first)))))
	}
	return safe("it answers every kind of padding alike")
}

func same(all []string) bool { return len(slices.Compact(slices.Clone(all))) < 2 }

// robotRound gives the reactions to the five kinds, with or without the messages that follow.
func (t trial) robotRound(ctx context.Context, h hello, whole bool) ([]string, error) {
	out := make([]string, 5)
	errs := make([]error, 5)
	done := make(chan int)
	for i := range out {
		go func() {
			out[i], errs[i] = t.robotOne(ctx, h, i, whole)
			done <- i
		}()
	}
	for range out {
		<-done
	}
	return out, errors.Join(errs...)
}

func (t trial) robotOne(ctx context.Context, h hello, sort int, whole bool) (string, error) {
	h.groups = allGroups(h.version)
	s, err := t.begin(ctx, h)
	if err != nil {
		return "", err
	}
	defer s.Close()
	key, err := s.rsaKey()
	if err != nil {
		return "", err
	}
	size := key.Size()
	if size < 64 {
		return "", errKit
	}
	block := bytes.Repeat([]byte{0xa5}, size)
	secret := bytes.Repeat([]byte{0x5a}, 48)
	binary.BigEndian.PutUint16(secret, s.offered)
	block[0], block[1], block[size-49] = 0, 2, 0
	copy(block[size-48:], secret)
	switch sort {
	case 1: // not a PKCS #1 block
		block[0], block[1] = 0x41, 0x17
	case 2: // the zero at a wrong place
		block[size-49], block[size-2] = 0x11, 0
	case 3: // no zero
		block[size-49] = 0x11
	case 4: // a wrong version
		block[size-48], block[size-47] = 2, 2
	}
	if err := s.handshake(16, vector16(nil, encryptPKCS1(key, block, nil))); err != nil {
		return s.reaction(), nil
	}
	if !whole {
		return s.reaction(), nil
	}
	if err := s.write(20, s.version, []byte{1}); err == nil {
		// A Finished that no key has made: the right one would tell the valid padding apart everywhere.
		_ = s.write(22, s.version, bytes.Repeat([]byte{0x5a}, 64))
	}
	return s.reaction(), nil
}
