package tlsdial

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ocsp"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// beside finds groups and signature schemes of a version while its suites are still asked for: all of them are
// offered at once, so that far away it costs no time. What the first answer has told is not asked again.
func (e Endpoint) beside(ctx context.Context, wg *sync.WaitGroup, out *found, first answer) {
	v := first.version
	switch v {
	case tls13:
		wg.Go(func() { out.protocol.Groups = e.groups(ctx, v, offered(v), first.group) })
		wg.Go(func() {
			out.shown, out.unshown = e.schemes(ctx)
			for _, a := range out.shown {
				out.protocol.Signatures = append(out.protocol.Signatures, signatureName(a.signature))
			}
		})
	case tls12:
		wg.Go(func() { out.protocol.Groups = e.groups(ctx, v, beginning("TLS_ECDHE_", "TLS_ECDH_anon_"), first.group) })
		wg.Go(func() { out.protocol.Signatures = e.signed(ctx, first.signature) })
	}
}

// beginning gives the suites of TLS up to 1.2 whose names begin so.
func beginning(words ...string) (out []uint16) {
	for _, s := range suites {
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(s.name, w) }) {
			out = append(out, s.id)
		}
	}
	return out
}

// groups finds the groups of a version, beside one that is known. Of TLS 1.3, without a key share the server has to
// name one; of TLS 1.2 it uses one. The curve of the certificate's key is not told apart from it.
func (e Endpoint) groups(ctx context.Context, v uint16, suites []uint16, known uint16) (out []string) {
	h := hello{version: v, suites: suites, groups: allGroups(v)}
	if i := slices.Index(h.groups, known); i >= 0 {
		out, h.groups = append(out, groupName(known)), slices.Delete(h.groups, i, i+1)
	}
	for len(h.groups) > 0 {
		a, err := e.ask(ctx, h)
		i := slices.Index(h.groups, a.group)
		if err != nil || a.version != v || i < 0 {
			break
		}
		out = append(out, groupName(a.group))
		h.groups = slices.Delete(h.groups, i, i+1)
	}
	return out
}

// signed finds the schemes by which a server of TLS 1.2 signs its key exchange, beside one that is known. Suites that
// sign nothing are not offered: a server that prefers them would show no scheme.
func (e Endpoint) signed(ctx context.Context, known uint16) (out []string) {
	h := hello{version: tls12, suites: beginning("TLS_ECDHE_", "TLS_DHE_"), groups: allGroups(tls12), signatures: allSignatures()}
	if i := slices.Index(h.signatures, known); i >= 0 {
		out, h.signatures = append(out, signatureName(known)), slices.Delete(h.signatures, i, i+1)
	}
	for len(h.signatures) > 0 {
		a, err := e.ask(ctx, h)
		i := slices.Index(h.signatures, a.signature)
		if err != nil || a.version != tls12 || i < 0 {
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
func (e Endpoint) schemes(ctx context.Context) (out []answer, err error) {
	h := hello{version: tls13, suites: spokenModern, signatures: allSignatures()}
	for len(h.signatures) > 0 {
		a, err := e.whole(ctx, h)
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
