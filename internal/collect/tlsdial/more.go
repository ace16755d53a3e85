package tlsdial

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"

	"golang.org/x/crypto/ocsp"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// groups finds the groups of a version. Of TLS 1.3, without a key share the server has to name one; of
// TLS 1.2 it uses one.
func (e Endpoint) groups(ctx context.Context, v uint16, suites []uint16) (out []string) {
	h := hello{version: v, suites: suites, groups: allGroups(v)}
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

// signed finds the schemes by which a server of TLS 1.2 signs its key exchange.
func (e Endpoint) signed(ctx context.Context, suites []uint16) (out []string) {
	h := hello{version: tls12, suites: suites, groups: allGroups(tls12), signatures: allSignatures()}
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
	h, ok := t.hello(spokenAEAD, spokenCBC)
	if !ok {
		return nil
	}
	s, err := t.connect(ctx, h)
	if err != nil {
		return nil
	}
	s.Close()
	h.groups = allGroups(h.version)
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

// whole makes a whole handshake by the standard library, for what is encrypted since TLS 1.3.
func (e Endpoint) whole(ctx context.Context, protocols ...string) (*tls.ConnectionState, error) {
	c, err := e.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	asked := false
	t := tls.Client(c, &tls.Config{ServerName: e.Name, InsecureSkipVerify: true, // what it is worth is judged from what is seen
		MinVersion: tls.VersionTLS10, CipherSuites: allGoSuites(), NextProtos: protocols,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &tls.Certificate{}, nil
		}})
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	s := t.ConnectionState()
	if asked {
		s.VerifiedChains = [][]*x509.Certificate{{}} // tells that a certificate was asked for
	}
	return &s, nil
}

func allGoSuites() (out []uint16) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		out = append(out, s.ID)
	}
	return out
}

// known are protocols of RFC 7301 that are asked for.
var known = []string{"h2", "http/1.1", "http/1.0"}

// negotiated are the protocols that it takes, its favourite first.
func (e Endpoint) negotiated(ctx context.Context) (out []string) {
	for list := slices.Clone(known); len(list) > 0; {
		s, err := e.whole(ctx, list...)
		if err != nil || s.NegotiatedProtocol == "" {
			break
		}
		out = append(out, s.NegotiatedProtocol)
		list = slices.DeleteFunc(list, func(p string) bool { return p == s.NegotiatedProtocol })
	}
	return out
}

// stapled reads a stapled response as far as the chain allows to verify it.
func stapled(raw []byte, chain []*x509.Certificate) *tlsserver.Staple {
	if len(raw) == 0 || len(chain) == 0 {
		return nil
	}
	var issuer *x509.Certificate
	if len(chain) > 1 {
		issuer = chain[1]
	}
	r, err := ocsp.ParseResponseForCert(raw, chain[0], issuer)
	if err != nil {
		return &tlsserver.Staple{Status: "invalid", Text: err.Error()}
	}
	status := map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked"}[r.Status]
	if status == "" {
		status = "unknown"
	}
	return &tlsserver.Staple{Status: status, ThisUpdate: r.ThisUpdate.UTC(), NextUpdate: r.NextUpdate.UTC()}
}
