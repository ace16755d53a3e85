package tlsdial

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"slices"

	"golang.org/x/crypto/ocsp"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// groups finds the groups of a version, beside those that are known. Of TLS 1.3, without a key share the server has
// to name one; of TLS 1.2 it uses one.
func (e Endpoint) groups(ctx context.Context, v uint16, suites, known []uint16) (out []string) {
	h := hello{version: v, suites: suites, groups: allGroups(v)}
	for _, g := range known {
		out = append(out, groupName(g))
	}
	h.groups = without(h.groups, known)
	for len(h.groups) > 0 {
		a, err := e.ask(ctx, h)
		i := slices.Index(h.groups, a.group)
		if err != nil || i < 0 {
			break
		}
		out = append(out, groupName(a.group))
		h.groups = slices.Delete(h.groups, i, i+1)
	}
	return out
}

func without(list, those []uint16) []uint16 {
	return slices.DeleteFunc(list, func(x uint16) bool { return slices.Contains(those, x) })
}

// seen gives what answers of a version have told by the way, of what was offered, each once.
func (f found) seen(what func(answer) uint16, offered []uint16) (out []uint16) {
	for _, a := range f.answers {
		if x := what(a); slices.Contains(offered, x) && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// onCurves are the suites of one that exchange keys on a curve; the key of the certificate, which may be on a
// curve of its own, is not told apart from it.
func onCurves(suites []uint16) (out []uint16) {
	for _, s := range suites {
		if exchange(suiteName(s)) == "ECDHE" {
			out = append(out, s)
		}
	}
	return out
}

// signed finds the schemes by which a server of TLS 1.2 signs its key exchange, beside those that are known.
func (e Endpoint) signed(ctx context.Context, suites, known []uint16) (out []string) {
	h := hello{version: tls12, suites: suites, groups: allGroups(tls12), signatures: without(allSignatures(), known)}
	for _, s := range known {
		out = append(out, signatureName(s))
	}
	for len(h.signatures) > 0 {
		a, err := e.ask(ctx, h)
		i := slices.Index(h.signatures, a.signature)
		if err != nil || i < 0 {
			break
		}
		out = append(out, signatureName(a.signature))
		h.signatures = slices.Delete(h.signatures, i, i+1)
	}
	return out
}

// resumes tries to resume by id and by ticket, with TLS up to 1.2.
func (t trial) resumes(ctx context.Context) (out []string) {
	h, s, err := t.earlier()
	if err != nil {
		return nil
	}
	if len(s.session) > 0 && s.ticket == nil {
		h.session = s.session
		if a, err := t.ask(ctx, h); err == nil && bytes.Equal(a.session, h.session) {
			out = append(out, "id")
		}
	}
	if s.ticket != nil {
		h.ticket, h.session = s.ticket, bytes.Repeat([]byte{0xd1}, 32)
		if a, err := t.ask(ctx, h); err == nil && bytes.Equal(a.session, h.session) {
			out = append(out, "ticket")
		}
	}
	return out
}

// known are protocols of RFC 7301 that are asked for.
var known = []string{"h2", "http/1.1", "http/1.0"}

// negotiated are the protocols that it takes, its favourite first. It ends where the server wants none of the
// rest, which it says by an alert or by passing them over.
func (t trial) negotiated(ctx context.Context) (out []string) {
	h, ok := t.newest()
	for h.protocols = slices.Clone(known); ok && len(h.protocols) > 0; {
		a, err := t.whole(ctx, h)
		i := slices.Index(h.protocols, a.protocol)
		if err != nil || i < 0 {
			break
		}
		out = append(out, a.protocol)
		h.protocols = slices.Delete(h.protocols, i, i+1)
	}
	return out
}

// newest gives a hello of the newest version with its suites.
func (t trial) newest() (hello, bool) {
	if suites := t.suites(0); slices.ContainsFunc(suites, func(s uint16) bool { return slices.Contains(spokenModern, s) }) {
		return hello{version: tls13, suites: suites}, true
	}
	v, suites := t.below()
	return hello{version: v, suites: suites, groups: allGroups(v)}, v >= tls10
}

// schemes finds the schemes by which a server of TLS 1.3 signs, and one answer for each: with the scheme the
// certificate may change. The error is why there is none at all.
func (t trial) schemes(ctx context.Context) (out []answer, err error) {
	h := hello{version: tls13, suites: t.suites(0), signatures: allSignatures()}
	for len(h.signatures) > 0 {
		a, err := t.whole(ctx, h)
		i := slices.Index(h.signatures, a.signature)
		if err != nil || i < 0 {
			if len(out) == 0 {
				return nil, cmp.Or(err, errForm)
			}
			break
		}
		out = append(out, a)
		h.signatures = slices.Delete(h.signatures, i, i+1)
	}
	return out, nil
}

// refusesStrangers tells whether who shows no certificate is sent away, of a server that asks for one.
func (t trial) refusesStrangers(ctx context.Context) bool {
	if h, ok := t.newest(); ok && h.version == tls13 {
		m, err := t.meet(ctx, h)
		if err != nil {
			return false
		}
		defer m.Close()
		demands, err := m.demands()
		return err == nil && demands
	}
	h, ok := t.hello(spokenAEAD, spokenCBC)
	if !ok {
		return false
	}
	h.groups = []uint16{x25519, 0x0017, 0x0018, 0x0019}
	s, err := t.begin(ctx, h)
	if err != nil {
		return false
	}
	defer s.Close()
	return s.asks && refuses(s.finish())
}

// stapled reads a stapled response as far as the chain allows to verify it.
func stapled(raw []byte, chain []certificate) *tlsserver.Staple {
	if len(raw) == 0 {
		return nil
	}
	if chain[0].strict == nil {
		return &tlsserver.Staple{Status: "invalid", Text: "it belongs to a certificate that does not follow RFC 5280"}
	}
	var issuer *x509.Certificate
	if len(chain) > 1 {
		issuer = chain[1].strict
	}
	r, err := ocsp.ParseResponseForCert(raw, chain[0].strict, issuer)
	if err != nil {
		return &tlsserver.Staple{Status: "invalid", Text: err.Error()}
	}
	status := map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked"}[r.Status]
	if status == "" {
		status = "unknown"
	}
	return &tlsserver.Staple{Status: status, ThisUpdate: r.ThisUpdate.UTC(), NextUpdate: r.NextUpdate.UTC()}
}
