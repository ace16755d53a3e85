package tlsserver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// misplaced is a certificate of a chain that is not where it should be.
type misplaced struct {
	at   int
	sort string // order, extra, twice, root
	text string
}

// misplacedIn compares a chain with RFC 5246 section 7.4.2: each certificate vouches for the one before it. TLS 1.3
// allows any order and more than one way (RFC 8446 section 4.4.2), so that a second way, by a CA under two roots, is
// in order too; what no way leads to is of no use in either.
func misplacedIn(chain []Certificate) (out []misplaced) {
	used := map[int]bool{0: true}
	for found := true; found; {
		found = false
		for i, c := range chain {
			if used[i] && c.Issuer != c.Subject {
				for j, by := range chain {
					if !used[j] && by.Subject == c.Issuer {
						used[j], found = true, true
					}
				}
			}
		}
	}
	for i, c := range chain {
		if i == 0 {
			continue
		}
		before := slices.IndexFunc(chain[:i], func(b Certificate) bool { return b.Fingerprint == c.Fingerprint && b.Fingerprint != "" })
		vouches := slices.ContainsFunc(chain[:i], func(b Certificate) bool { return b.Issuer == c.Subject })
		who := cmp.Or(c.Subject, "serial "+c.Serial)
		switch {
		case before >= 0:
			out = append(out, misplaced{i, "twice", "the chain has the certificate of " + who + " twice"})
		case !used[i]:
			out = append(out, misplaced{i, "extra", "the chain has a certificate that vouches for none of the others: " + who})
		case !vouches:
			out = append(out, misplaced{i, "order", "the chain is out of order: " + who + " comes before the certificate that it vouches for"})
		case c.Issuer == c.Subject:
			out = append(out, misplaced{i, "root", "the root is sent along, which clients have or do not believe: " + who})
		}
	}
	return out
}

// chainReasons names what is misplaced. SSL Labs shows it as "chain issues" and lowers no grade for it: browsers
// put chains in order. Its row "any other warning: A-" is not meant by that, so that it is a note here, and the
// check ChainOrder, which should hold, says what to do.
func chainReasons(f Fact) (out []Reason) {
	for _, m := range misplacedIn(f.Chain) {
		out = append(out, Reason{"chain-" + m.sort, note, m.text})
	}
	return out
}

// ChainOrder demands chains as TLS 1.2 wants them.
var ChainOrder = &check.Check{
	ID:    "tlsserver-chain-order",
	Title: "The chain is in order, with nothing besides",
	Doc:   "Browsers sort out a chain that is in disorder; programs on phones and in devices refuse it. Certificates that nobody needs cost every client a part of its first packets.",
	Remedy: "cat leaf.pem intermediate.pem > fullchain.pem: the server's certificate first, then the one that signed it, and so on, without the root\n" +
		"nginx: ssl_certificate fullchain.pem; Apache: SSLCertificateFile fullchain.pem, and no SSLCertificateChainFile\n" +
		"HAProxy: crt with chain and key in one file. Caddy: tls fullchain.pem key.pem. Envoy: tls_certificates.certificate_chain\n" +
		"Java: keytool -importcert with the whole chain as PKCS #7. Go: tls.LoadX509KeyPair(\"fullchain.pem\", \"key.pem\")",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 5246 section 7.4.2"},
	Needs:        []string{PartChain},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Chain) == 0 {
			return check.Unseen("no certificate was seen")
		}
		var vs []check.Violation
		seen := map[string]bool{}
		add := func(chain []Certificate, at string) {
			for _, m := range misplacedIn(chain) {
				c := chain[m.at]
				v := check.Violation{Key: m.sort + ":" + cmp.Or(c.Subject, c.Serial), Detail: m.text, At: fmt.Sprintf("%s/%d", at, m.at), Source: f.Address}
				if m.sort != "root" && !seen[v.Key] { // the root costs bytes and breaks nothing
					seen[v.Key] = true
					vs = append(vs, v)
				}
			}
		}
		add(f.Chain, "/chain")
		for i, chain := range f.Others {
			add(chain, fmt.Sprintf("/others/%d", i))
		}
		return check.Failed("each certificate vouches for the one before it", vs)
	}),
	Examples: []check.Example{
		check.Passes("in order", sample()),
		check.Passes("alone", chained("shop<CA 1")),
		check.Passes("with the root", chained("shop<CA 1", "CA 1<Root", "Root<Root")),
		check.Passes("under two roots", chained("shop<CA 1", "CA 1<Root", "CA 1<Old Root", "Root<Old Root")),
		check.Passes("two that vouch for each other", chained("shop<A", "A<B", "B<A")),
		check.Fails("out of order", chained("shop<CA 1", "CA 2<Root", "CA 1<CA 2"), "order:CN=CA 2"),
		check.Fails("of another", chained("shop<CA 1", "CA 1<Root", "CA 7<Root"), "extra:CN=CA 7"),
		check.Fails("its own twice", chained("shop<CA 1", "shop<CA 1", "CA 1<Root"), "twice:CN=shop"),
		check.Fails("the second chain", sampleWith(func(f *Fact) {
			f.Others = [][]Certificate{chained("shop<CA 1", "CA 1<Root", "CA 7<Root").Chain}
		}), "extra:CN=CA 7"),
		check.Leaves("not seen", unseenChain()),
	},
}

// chained makes a chain of "subject<issuer".
func chained(links ...string) Fact {
	return sampleWith(func(f *Fact) {
		leaf := f.Chain[0]
		f.Chain = nil
		for _, l := range links {
			c := leaf
			subject, by, _ := strings.Cut(l, "<")
			c.Subject, c.Issuer, c.Fingerprint = "CN="+subject, "CN="+by, l
			f.Chain = append(f.Chain, c)
		}
	})
}
