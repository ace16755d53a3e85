package tlsdial

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"testing"

	"golang.org/x/crypto/cryptobyte"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// holes are what a responder has of what no server that can be installed has any more.
type holes struct {
	heartbleed, ticketbleed, reneg, ccs, robot, poodle, oracle, zero, ni bool
	fallback                                                             bool // an older version is agreed upon although it is marked as a fallback
	compress                                                             bool // DEFLATE
	ids                                                                  bool // sessions are resumed by id
	noTickets                                                            bool
	mark                                                                 string // the end of the random
	version                                                              uint16 // 0 means TLS 1.2
}

// responder speaks TLS with TLS_RSA_WITH_AES_128_CBC_SHA, and with the holes that it is given. Without any it
// does what the RFCs want.
func responder(t testing.TB, o holes) Endpoint {
	cert := selfSigned(t, false)
	return serve(t, func(c net.Conn) {
		(&legacy{Conn: c, holes: o, der: cert.Certificate[0], key: cert.PrivateKey.(*rsa.PrivateKey)}).serve()
	})
}

// oldSession is the id of every session that a responder keeps.
const oldSession = "a session of the responder, kept"

type legacy struct {
	net.Conn
	holes
	der     []byte
	key     *rsa.PrivateKey
	speaks  uint16
	log     []byte
	in, out *half
}

func (l *legacy) record() (kind byte, body []byte, ok bool) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(l, head); err != nil || head[1] != 3 {
		return 0, nil, false
	}
	body = make([]byte, binary.BigEndian.Uint16(head[3:]))
	_, err := io.ReadFull(l, body)
	return head[0], body, err == nil
}

func (l *legacy) send(kind byte, body []byte) {
	if l.out != nil {
		body = l.out.seal(kind, l.speaks, body)
	}
	b := binary.BigEndian.AppendUint16([]byte{kind}, l.speaks)
	_, _ = l.Write(append(binary.BigEndian.AppendUint16(b, uint16(len(body))), body...))
}

func (l *legacy) message(kind byte, body []byte) {
	m := append([]byte{kind, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	l.log = append(l.log, m...)
	l.send(22, m)
}

func (l *legacy) alert(n byte) { l.send(21, []byte{2, n}) }

func (l *legacy) serve() {
	kind, first, ok := l.record()
	if !ok || kind != 22 {
		return
	}
	l.log = bytes.Clone(first)
	s := cryptobyte.String(first[4:])
	var version uint16
	var random []byte
	var session, suites, compressions, extensions cryptobyte.String
	if !s.ReadUint16(&version) || !s.ReadBytes(&random, 32) || !s.ReadUint8LengthPrefixed(&session) || !s.ReadUint16LengthPrefixed(&suites) ||
		!s.ReadUint8LengthPrefixed(&compressions) || !s.ReadUint16LengthPrefixed(&extensions) {
		return
	}
	takes := func(id uint16) bool {
		for list := []byte(suites); len(list) > 1; list = list[2:] {
			if binary.BigEndian.Uint16(list) == id {
				return true
			}
		}
		return false
	}
	l.speaks = tls12
	if l.version != 0 {
		l.speaks = l.version
	}
	if takes(0x5600) && version < l.speaks && !l.fallback {
		l.alert(86)
		return
	}
	if l.speaks = min(l.speaks, version); version < tls10 || !takes(0x002f) {
		l.alert(40)
		return
	}
	var ext []byte
	var ticket cryptobyte.String
	for !extensions.Empty() {
		var kind uint16
		var data cryptobyte.String
		if !extensions.ReadUint16(&kind) || !extensions.ReadUint16LengthPrefixed(&data) {
			return
		}
		switch {
		case kind == 43: // TLS 1.3: not here
		case kind == 15 && l.heartbleed:
			ext = extension(ext, 15, []byte{1})
		case kind == 35 && !l.noTickets:
			ticket = data
			ext = extension(ext, 35, nil)
		}
	}
	if !l.reneg {
		ext = extension(ext, 0xff01, []byte{0})
	}
	mine := make([]byte, 32)
	_, _ = rand.Read(mine)
	copy(mine[32-len(l.mark):], l.mark)
	id := []byte(session)
	resumes := l.ids && string(id) == oldSession
	if l.ids {
		id = []byte(oldSession)
	}
	if len(ticket) > 0 && l.ticketbleed {
		id = append(bytes.Clone(id), make([]byte, 32-len(id))...)
	}
	hello := vector8(append(binary.BigEndian.AppendUint16(nil, l.speaks), mine...), id)
	compression := byte(0)
	if l.compress && len(compressions) > 1 {
		compression = 1
	}
	hello = vector16(append(hello, 0, 0x2f, compression), ext)
	l.message(2, hello)
	if len(ticket) > 0 || resumes {
		return
	}
	n := len(l.der)
	l.message(11, append([]byte{0, byte((n + 3) >> 8), byte(n + 3), 0, byte(n >> 8), byte(n)}, l.der...))
	l.message(14, nil)
	if kind, first, ok = l.record(); !ok {
		return
	}
	switch {
	case kind == 24 && l.heartbleed:
		l.send(24, make([]byte, 16384))
		return
	case kind == 20 && l.ccs:
		if _, _, ok = l.record(); ok {
			l.alert(20)
		}
		return
	case kind != 22:
		l.alert(10)
		return
	}
	l.log = append(l.log, first...)
	secret, ok := l.secret(first, version)
	if !ok {
		l.alert(51)
		return
	}
	k, _ := kitOf(0x002f, l.speaks)
	master := k.prf(secret, "master secret", append(bytes.Clone(random), mine...), 48)
	iv := 0
	if l.speaks == tls10 {
		iv = 16
	}
	block := k.prf(master, "key expansion", append(bytes.Clone(mine), random...), 72+2*iv)
	l.in, _ = newHalf(k, l.speaks, block[:20], block[40:56], block[72:72+iv])
	out, _ := newHalf(k, l.speaks, block[20:40], block[56:72], block[72+iv:])
	if kind, _, ok = l.record(); !ok || kind != 20 {
		return
	}
	_, sealed, ok := l.record()
	if !ok {
		return
	}
	finished, err := l.in.open(22, l.speaks, sealed)
	if err != nil || len(finished) != 16 || !hmac.Equal(finished[4:], k.prf(master, "client finished", k.sum(l.log), 12)) {
		l.alert(20)
		return
	}
	l.log = append(l.log, finished...)
	if !l.noTickets {
		l.message(4, []byte{0, 0, 1, 0, 0, 4, 1, 2, 3, 4})
	}
	l.send(20, []byte{1})
	sum := k.sum(l.log)
	l.out = out
	l.message(20, k.prf(master, "server finished", sum, 12))
	l.talk()
}

// secret decrypts. Where the padding is wrong it goes on with another secret, or, with the hole of ROBOT, tells.
func (l *legacy) secret(message []byte, version uint16) ([]byte, bool) {
	block := new(big.Int).Exp(new(big.Int).SetBytes(message[6:]), l.key.D, l.key.N).FillBytes(make([]byte, l.key.Size()))
	at := len(block) - 49
	if block[0] == 0 && block[1] == 2 && bytes.IndexByte(block[2:], 0) == at-2 && binary.BigEndian.Uint16(block[at+1:]) == version {
		return block[at+1:], true
	}
	return make([]byte, 48), !l.robot
}

// talk answers what comes after the handshake.
func (l *legacy) talk() {
	for {
		kind, body, ok := l.record()
		switch {
		case !ok:
			return
		case kind == 22 && l.reneg:
			l.message(2, append(append(binary.BigEndian.AppendUint16(nil, l.speaks), make([]byte, 33)...), 0, 0x2f, 0))
			return
		case kind != 23:
			l.alert(100)
			return
		}
		padded, authentic, length := l.judge(body)
		switch {
		case padded && authentic:
			continue
		case l.poodle && authentic:
			continue
		case l.ni && length < 0:
			l.alert(22)
		case l.zero && length == 0 && !padded:
			return
		case l.oracle && !padded:
			l.alert(21)
		default:
			l.alert(20)
		}
		return
	}
}

// judge tells whether padding and MAC are right, and how long the content is; below 0 when nothing fits.
func (l *legacy) judge(body []byte) (padded, authentic bool, length int) {
	seq, iv := l.in.seq, bytes.Clone(l.in.iv)
	plain, err := l.in.open(23, l.speaks, body)
	if err != nil {
		return false, false, -1
	}
	raw := *l.in
	raw.iv = iv
	all := raw.blocks(l.speaks, body)
	n := int(all[len(all)-1])
	padded = bytes.Equal(all[len(all)-n-1:], bytes.Repeat([]byte{byte(n)}, n+1))
	raw.seq = seq
	want := raw.authenticate(23, l.speaks, plain)
	return padded, hmac.Equal(want, all[len(plain):len(plain)+20]), len(plain)
}

// TestHoles: each hole is found, and only that one; the responder without holes has none.
func TestHoles(t *testing.T) {
	for name, c := range map[string]struct {
		holes holes
		want  []string
	}{
		"none":           {holes{}, nil},
		"none, TLS 1.0":  {holes{version: tls10}, nil},
		"heartbleed":     {holes{heartbleed: true}, []string{tlsserver.Heartbleed}},
		"ticketbleed":    {holes{ticketbleed: true}, []string{tlsserver.Ticketbleed}},
		"fallback":       {holes{fallback: true}, []string{tlsserver.FallbackSCSV}},
		"renegotiation":  {holes{reneg: true}, []string{tlsserver.LegacyReneg, tlsserver.ClientReneg}},
		"CCS injection":  {holes{ccs: true}, []string{tlsserver.CCSInjection}},
		"ROBOT":          {holes{robot: true}, []string{tlsserver.Robot}},
		"POODLE":         {holes{poodle: true}, []string{tlsserver.PoodleTLS}},
		"POODLE, 1.0":    {holes{poodle: true, version: tls10}, []string{tlsserver.PoodleTLS}},
		"padding oracle": {holes{oracle: true}, []string{tlsserver.PaddingOracle}},
		"zero length":    {holes{zero: true}, []string{tlsserver.ZeroLength}},
		"AES-NI":         {holes{ni: true}, []string{tlsserver.AESNIPadding}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := responder(t, c.holes)
			e.Intrusive = true
			f, err := Probe(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			found := map[string]bool{}
			for _, n := range c.want {
				found[n] = true
			}
			for _, p := range f.Probes {
				want := tlsserver.Safe
				if found[p.Name] {
					want = tlsserver.Vulnerable
				}
				if p.State != want {
					t.Errorf("%s is %s (%s), want %s", p.Name, p.State, p.Text, want)
				}
			}
			if len(f.Probes) != 12 {
				t.Errorf("%d probes: %+v", len(f.Probes), f.Probes)
			}
		})
	}
}

// TestLeave: without leave nothing intrusive is sent, and nothing is said of it.
func TestLeave(t *testing.T) {
	f, err := Probe(t.Context(), responder(t, holes{robot: true, ccs: true, oracle: true}))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range tlsserver.Intrusive {
		if p := f.Probe(n); p.State != "" {
			t.Errorf("%s: %+v", n, p)
		}
	}
}
