package tlsdial

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

const (
	maxChains = 8  // of a server that has another certificate for each suite
	maxChain  = 32 // certificates of one chain
)

// certificates describes the chains that the answers of all versions brought, the newest first, and says what they
// are worth. err is why TLS 1.3 brought none.
func (e Endpoint) certificates(ctx context.Context, f *tlsserver.Fact, answers []answer, err error) {
	var chains []answer
	for _, a := range answers {
		f.AsksClient = f.AsksClient || a.asks
		if a.cut && err == nil {
			err = errLarge
		}
		same := func(c answer) bool { return bytes.Equal(c.chain[0], a.chain[0]) }
		if len(a.chain) > 0 && len(chains) < maxChains && !slices.ContainsFunc(chains, same) {
			chains = append(chains, a)
		}
	}
	if len(chains) == 0 {
		text := "it sends none"
		if err != nil {
			text = err.Error()
		}
		f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.Failed, Source: e.Address, Text: "the certificate could not be had: " + text})
		return
	}
	for i, a := range chains {
		all, err := readChain(a.chain)
		if err != nil {
			f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.NotParsable, Source: e.Address, Text: err.Error()})
		}
		if len(all) == 0 {
			continue
		}
		if len(f.Chain) == 0 {
			f.Staple, f.Stamps = stapled(a.staple, all), a.stamps
		}
		kind, text := e.trust(ctx, all)
		if kind == "" {
			f.Note(tlsserver.PartTrust, &fact.Problem{Cause: fact.NotParsable, Source: e.Address, Text: text})
		}
		if i == 0 || worse(kind, f.Trust) {
			f.Trust, f.TrustText = kind, text
		}
		var described []tlsserver.Certificate
		for _, c := range all {
			described = append(described, c.Certificate)
		}
		if len(f.Chain) == 0 {
			f.Chain = described
		} else {
			f.Others = append(f.Others, described)
		}
	}
}

// worse tells whether a chain is to stand for the others. One of which it is not known whether it is trusted leaves
// open whether all are; one that is not trusted, with another that is, decides.
func worse(kind, than string) bool {
	rank := []string{"trusted", "", "incomplete"}
	place := func(k string) int {
		if i := slices.Index(rank, k); i >= 0 {
			return i
		}
		return len(rank)
	}
	return place(kind) > place(than)
}

// readChain reads up to the first that cannot be read at all.
func readChain(chain [][]byte) (out []certificate, err error) {
	for i, der := range chain {
		if i == maxChain {
			return out, nil
		}
		c, err := readCertificate(der)
		if err != nil {
			return out, fmt.Errorf("certificate %d of its chain cannot be read: %w", i+1, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// trust verifies the chain against the CAs of this machine and those of the estate as of a time within the
// leaf's validity: whether it is valid now is judged later, from the dates. The kind is empty where it cannot be told.
func (e Endpoint) trust(ctx context.Context, chain []certificate) (kind, text string) {
	leaf := chain[0].strict
	if leaf == nil {
		return "", "whether the certificate is trusted cannot be told: it does not follow RFC 5280: " + chain[0].why.Error()
	}
	at := time.Now()
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		at = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	}
	between := x509.NewCertPool()
	var odd error
	last := leaf
	for i, c := range chain[1:] {
		if c.strict == nil {
			odd = fmt.Errorf("certificate %d of the chain does not follow RFC 5280: %w", i+2, c.why)
			continue
		}
		between.AddCert(c.strict)
		last = c.strict
	}
	err := e.verify(leaf, between, at)
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return "trusted", ""
	case ownSignature(leaf):
		return "self-signed", "the certificate is signed with its own key"
	case odd != nil:
		return "", "whether the certificate is trusted cannot be told: " + odd.Error()
	case errors.As(err, &unknown) && len(last.IssuingCertificateURL) > 0 && !bytes.Equal(last.RawIssuer, last.RawSubject):
		switch complete, lost := e.complete(ctx, leaf, last, between, at); {
		case complete:
			return "incomplete", "the certificate of its issuer is not sent, only where to have it; from there it is trusted: " + last.Issuer.String()
		case lost != nil:
			// Whether that one leads to a CA that is trusted is not known: for the better, as the guide has it.
			return "incomplete", "the certificate of its issuer is not sent, and could not be fetched: " + strings.ReplaceAll(lost.Error(), "\n", "; ")
		}
		return "unknown-ca", "no CA that this machine trusts stands behind it, nor behind the issuer that it names: " + last.Issuer.String()
	case errors.As(err, &unknown):
		return "unknown-ca", "no CA that this machine trusts stands behind it: " + last.Issuer.String()
	}
	return "unknown-ca", err.Error()
}

// verify tries the CAs of the machine, then those of the estate.
func (e Endpoint) verify(leaf *x509.Certificate, between *x509.CertPool, at time.Time) error {
	o := x509.VerifyOptions{Intermediates: between, CurrentTime: at}
	_, err := leaf.Verify(o)
	if err != nil && e.Roots != nil {
		o.Roots = e.Roots
		if _, other := leaf.Verify(o); other == nil {
			return nil
		}
	}
	return err
}

// ownSignature tells whether a certificate is signed with its own key. Signatures of MD5 and SHA-1, and by keys
// that are too short or too long, are not verified by the standard library: there the names decide.
func ownSignature(c *x509.Certificate) bool {
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	if err == nil {
		return true
	}
	var insecure x509.InsecureAlgorithmError
	unverified := errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm) ||
		strings.HasPrefix(err.Error(), "crypto/rsa: ") && !errors.Is(err, rsa.ErrVerification)
	return unverified && bytes.Equal(c.RawIssuer, c.RawSubject)
}
