package tlsdial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// numbers of the protocols, in the order of tlsserver.Versions.
var numbers = []uint16{tls13, tls12, tls11, tls10, ssl3, ssl2}

// found is what one version showed.
type found struct {
	protocol tlsserver.Protocol
	answers  []answer
	err      error // why it is not known whether, or what, the server offers
	silent   bool  // it closed without a word, which is a refusal only of a server that speaks otherwise
}

// Probe sees what the endpoint offers. A version of which it cannot be told is a gap. The error tells
// that there is nothing to look at: the endpoint does not answer, or not in TLS.
func Probe(ctx context.Context, e Endpoint) (tlsserver.Fact, error) {
	f := tlsserver.Fact{Name: e.Name, Address: e.Address}
	all := make([]found, len(numbers))
	var wg sync.WaitGroup
	for i, v := range numbers {
		wg.Go(func() { all[i] = e.version(ctx, v) })
	}
	wg.Go(func() { f.Compression = e.compresses(ctx) })
	wg.Wait()
	speaks := slices.ContainsFunc(all, func(x found) bool { return len(x.answers) > 0 })
	for i, x := range all {
		name := tlsserver.Versions[i]
		switch {
		case !speaks && ctx.Err() != nil:
			return f, ctx.Err()
		case !speaks && i == 0 && !isRefusal(x.err):
			return f, fmt.Errorf("no TLS at %s: %w", e.Address, x.err)
		case x.err != nil && !(x.silent && speaks) && !isRefusal(x.err):
			f.Note(name, &fact.Problem{Cause: fact.Failed, Source: name, Text: x.err.Error()})
		}
		if len(x.answers) > 0 {
			x.protocol.Name = name
			f.Protocols = append(f.Protocols, x.protocol)
		}
	}
	if !speaks {
		f.Note(tlsserver.PartChain, &fact.Problem{Cause: fact.Failed, Source: e.Address, Text: "it refuses every protocol that was offered"})
		return f, nil
	}
	if len(all[0].answers) > 0 {
		f.Groups = e.groups(ctx)
	}
	f.SecureReneg = secure(all)
	e.certificates(ctx, &f, all)
	return f, nil
}

// version finds the suites of one version: all are offered, what was chosen is taken away, until
// the server refuses.
func (e Endpoint) version(ctx context.Context, v uint16) (out found) {
	h := hello{version: v, suites: offered(v), groups: allGroups(v), share: true}
	for {
		a, err := e.ask(ctx, h)
		if err == nil && a.version != v {
			return out // it chose an older one
		}
		if err != nil {
			// After the first the end of the suites is a refusal in whatever form.
			if out.silent = errors.Is(err, errClosed); len(out.answers) == 0 || !out.silent && !isRefusal(err) {
				out.err = err
			}
			break
		}
		if v == ssl2 {
			out.answers = append(out.answers, a)
			for _, c := range a.ssl2 {
				out.protocol.Suites = append(out.protocol.Suites, tlsserver.Suite{Name: ssl2Name(c)})
			}
			return out
		}
		i := slices.Index(h.suites, a.suite)
		if i < 0 {
			out.err = fmt.Errorf("it chose %s, which was not offered", suiteName(a.suite))
			break
		}
		out.answers = append(out.answers, a)
		s := tlsserver.Suite{ID: a.suite, Name: suiteName(a.suite), DHBits: a.dhBits}
		if v != tls13 {
			s.Group = groupName(a.group)
		}
		out.protocol.Suites = append(out.protocol.Suites, s)
		if h.suites = slices.Delete(h.suites, i, i+1); len(h.suites) == 0 {
			break
		}
	}
	if n := len(out.protocol.Suites); n > 1 {
		h.suites = []uint16{out.protocol.Suites[n-1].ID, out.protocol.Suites[0].ID}
		if a, err := e.ask(ctx, h); err == nil {
			out.protocol.Order = "server"
			if a.suite == h.suites[0] {
				out.protocol.Order = "client"
			}
		}
	}
	return out
}

// groups finds the groups of TLS 1.3: without a key share the server has to name one.
func (e Endpoint) groups(ctx context.Context) (out []string) {
	h := hello{version: tls13, suites: offered(tls13), groups: allGroups(tls13)}
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

// compresses asks for compression by the newest version that still has it.
func (e Endpoint) compresses(ctx context.Context) bool {
	a, err := e.ask(ctx, hello{version: tls12, suites: offered(tls12), groups: allGroups(tls12), compress: true})
	return err == nil && a.compress
}

// secure tells whether every version up to TLS 1.2 that is offered has secure renegotiation.
func secure(all []found) bool {
	any := false
	for i, x := range all {
		if numbers[i] == tls13 || numbers[i] == ssl2 {
			continue
		}
		for _, a := range x.answers {
			if !a.reneg {
				return false
			}
			any = true
		}
	}
	return any
}

func isRefusal(err error) bool {
	var r refused
	return errors.As(err, &r)
}

func ssl2Name(c uint32) string {
	names := map[uint32]string{0x010080: "SSL_CK_RC4_128_WITH_MD5", 0x020080: "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
		0x030080: "SSL_CK_RC2_128_CBC_WITH_MD5", 0x040080: "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", 0x050080: "SSL_CK_IDEA_128_CBC_WITH_MD5",
		0x060040: "SSL_CK_DES_64_CBC_WITH_MD5", 0x0700c0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"}
	if n, ok := names[c]; ok {
		return n
	}
	return fmt.Sprintf("0x%06x", c)
}
