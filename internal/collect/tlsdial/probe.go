package tlsdial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	shown    []answer // of TLS 1.3, with its certificates
	unshown  error    // why there are none
	err      error    // why it is not known whether, or what, the server offers
	silent   bool     // it closed without a word, which is a refusal only of a server that speaks otherwise
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
	f.SecureReneg = secure(all)
	for _, x := range all[1:] {
		for _, a := range x.answers {
			f.ExtendedMaster, f.Tickets, f.Compression = f.ExtendedMaster || a.extended, f.Tickets || a.tickets, f.Compression || a.compress
		}
	}
	e.further(ctx, &f, all)
	return f, nil
}

// further looks at what needs to know versions and suites, all at once.
func (e Endpoint) further(ctx context.Context, f *tlsserver.Fact, all []found) {
	t := trial{Endpoint: e, offered: all}
	t.earlier = t.meetOnce(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { f.ALPN = t.negotiated(ctx) })
	wg.Go(func() { f.Resumption = t.resumes(ctx) })
	wg.Go(func() { t.shown(ctx, f) })
	probed := make([][]tlsserver.Probed, len(weaknesses)+1)
	for i, w := range weaknesses {
		wg.Go(func() {
			if p := w.run(ctx, t); p.State != "" {
				p.Name = w.name
				probed[i] = []tlsserver.Probed{p}
			}
		})
	}
	wg.Go(func() { probed[len(weaknesses)] = paddings(ctx, t) })
	wg.Wait()
	f.Probes = slices.Concat(probed...)
}

// shown looks at the certificates, and whether ours is asked for. Those of TLS 1.3 came with its signature schemes.
func (t trial) shown(ctx context.Context, f *tlsserver.Fact) {
	answers := slices.Clone(t.offered[0].shown)
	for _, x := range t.offered {
		answers = append(answers, x.answers...)
	}
	t.certificates(ctx, f, answers, t.offered[0].unshown)
	if f.AsksClient {
		f.ClientRequired = t.refusesStrangers(ctx)
	}
}

// version finds the suites of one version: all are offered, what was chosen is taken away, until
// the server refuses.
func (e Endpoint) version(ctx context.Context, v uint16) (out found) {
	h := hello{version: v, suites: offered(v), groups: allGroups(v), share: true, compress: v >= tls10 && v <= tls12}
	var wg sync.WaitGroup
	defer wg.Wait()
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
		if out.answers = append(out.answers, a); len(out.answers) == 1 {
			e.beside(ctx, &wg, &out, a)
		}
		s := tlsserver.Suite{ID: a.suite, Name: suiteName(a.suite), DHBits: a.dhBits(), DHPrime: primeName(a.prime)}
		if v != tls13 {
			s.Group = groupName(a.group)
		}
		out.protocol.Suites = append(out.protocol.Suites, s)
		if h.suites = slices.Delete(h.suites, i, i+1); len(h.suites) == 0 {
			break
		}
	}
	if n := len(out.protocol.Suites); n > 1 {
		last := n - 1
		if n > 2 && chaCha(out.protocol.Suites[last]) {
			last-- // whose place may depend on the client alone
		}
		h.suites = []uint16{out.protocol.Suites[last].ID, out.protocol.Suites[0].ID}
		if a, err := e.ask(ctx, h); err == nil {
			out.protocol.Order = "server"
			if a.suite == h.suites[0] {
				out.protocol.Order = "client"
			}
			out.protocol.ChaCha = out.protocol.Order == "server" && e.prefersChaCha(ctx, h, out.protocol.Suites)
		}
	}
	return out
}

func chaCha(s tlsserver.Suite) bool { return strings.Contains(s.Name, "CHACHA20") }

// prefersChaCha tells whether a server that has an order of its own gives ChaCha20 to those who want it.
func (e Endpoint) prefersChaCha(ctx context.Context, h hello, suites []tlsserver.Suite) bool {
	i := slices.IndexFunc(suites, chaCha)
	if i < 1 {
		return false
	}
	h.suites = []uint16{suites[i].ID, suites[0].ID}
	a, err := e.ask(ctx, h)
	return err == nil && a.suite == suites[i].ID
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
