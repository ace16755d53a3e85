package tlsserver

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// OldProtocols demands TLS 1.2 or newer.
var OldProtocols = &check.Check{
	ID:    "tlsserver-old-protocols",
	Title: "Protocols before TLS 1.2 are off",
	Doc:   "SSL and TLS 1.0 and 1.1 rest on MD5, SHA-1 and CBC modes with known attacks, and an attacker on the way can talk both sides down to them. No client of today needs them.",
	Remedy: "nginx: ssl_protocols TLSv1.2 TLSv1.3;\n" +
		"Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3\n" +
		"HAProxy: ssl-default-bind-options ssl-min-ver TLSv1.2\n" +
		"Caddy has nothing older; remove \"protocols\" from the tls block\n" +
		"Envoy: common_tls_context: {tls_params: {tls_minimum_protocol_version: TLSv1_2}}\n" +
		"Java: jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, ... in java.security; Tomcat: <SSLHostConfig protocols=\"TLSv1.2+TLSv1.3\">\n" +
		"Go: tls.Config{MinVersion: tls.VersionTLS12}",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 8996"},
	Needs:        Versions[2:],
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Protocols) == 0 {
			return check.Unseen("no protocol was agreed upon")
		}
		var vs []check.Violation
		var offered []string
		for i, p := range f.Protocols {
			offered = append(offered, p.Name)
			if slices.Contains(Versions[2:], p.Name) {
				vs = append(vs, check.Violation{Key: "protocol:" + p.Name, Detail: p.Name + " is offered", At: fmt.Sprintf("/protocols/%d", i), Source: f.Address})
			}
		}
		return check.Failed("it offers "+strings.Join(offered, ", "), vs)
	}),
	Examples: []check.Example{
		check.Passes("TLS 1.2 and 1.3", sample()),
		check.Fails("TLS 1.0 and 1.1 as well", sampleWith(func(f *Fact) {
			f.Protocols = append(f.Protocols, Protocol{Name: "TLS 1.1", Suites: suites("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")},
				Protocol{Name: "TLS 1.0", Suites: suites("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")})
		}), "protocol:TLS 1.1", "protocol:TLS 1.0"),
		check.Fails("SSL 2.0 without a suite", sampleWith(func(f *Fact) { f.Protocols = append(f.Protocols, Protocol{Name: "SSL 2.0"}) }), "protocol:SSL 2.0"),
		check.Leaves("TLS 1.0 could not be probed", sampleWith(func(f *Fact) { f.Note("TLS 1.0", unread) })),
		check.Leaves("refuses everything", Fact{Name: "shop.example"}),
	},
}

// WeakSuites demands that suites with known weaknesses are off.
var WeakSuites = &check.Check{
	ID:    "tlsserver-weak-suites",
	Title: "Weak cipher suites are off",
	Doc:   "RC4 and blocks of 64 bits (3DES, DES, IDEA, RC2) leak plaintext after enough traffic, export keys are broken within hours, and NULL and anonymous suites do not encrypt, or not for the right one.",
	Remedy: "nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;\n" +
		"Apache: SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20\n" +
		"HAProxy: ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20\n" +
		"Caddy has none; remove \"ciphers\" from the tls block\n" +
		"Envoy: tls_params: {cipher_suites: [ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-RSA-AES128-GCM-SHA256, ECDHE-ECDSA-CHACHA20-POLY1305, ECDHE-RSA-CHACHA20-POLY1305]}\n" +
		"Java: add 3DES_EDE_CBC, RC4, DES, NULL, anon, EXPORT to jdk.tls.disabledAlgorithms; Tomcat: <SSLHostConfig ciphers=\"ECDHE+AESGCM:ECDHE+CHACHA20\">\n" +
		"Go: leave tls.Config.CipherSuites nil, and GODEBUG without tls3des",
	Requirements: []string{"A.5.2.3"},
	References:   []string{"RFC 7465", "RFC 9325 4.1"},
	Needs:        Versions,
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		if len(f.Protocols) == 0 {
			return check.Unseen("no protocol was agreed upon")
		}
		in, first, number := map[string][]string{}, map[string]check.Violation{}, 0
		for i, p := range f.Protocols {
			for j, s := range p.Suites {
				number++
				why := weak(s)
				if why == "" {
					continue
				}
				in[s.Name] = append(in[s.Name], p.Name)
				if _, ok := first[s.Name]; !ok {
					first[s.Name] = check.Violation{Key: "suite:" + s.Name, Detail: s.Name + " " + why, At: fmt.Sprintf("/protocols/%d/suites/%d", i, j), Source: f.Address}
				}
			}
		}
		var vs []check.Violation
		for name, v := range first {
			v.Detail += "; it is offered with " + strings.Join(slices.Compact(in[name]), ", ")
			vs = append(vs, v)
		}
		return check.Failed(fmt.Sprintf("none of %d suites is weak", number), vs)
	}),
	Examples: []check.Example{
		check.Passes("AEAD with forward secrecy", sample()),
		check.Passes("CBC is not for this check", sampleWith(func(f *Fact) { f.offer("TLS 1.2", "TLS_RSA_WITH_AES_128_CBC_SHA") })),
		check.Fails("3DES and RC4", sampleWith(func(f *Fact) {
			f.offer("TLS 1.2", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA")
		}), "suite:TLS_RSA_WITH_3DES_EDE_CBC_SHA", "suite:TLS_RSA_WITH_RC4_128_SHA"),
		check.Fails("export, NULL and anonymous", sampleWith(func(f *Fact) {
			f.offer("TLS 1.2", "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "TLS_RSA_WITH_NULL_SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA")
		}), "suite:TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", "suite:TLS_RSA_WITH_NULL_SHA", "suite:TLS_DH_anon_WITH_AES_128_CBC_SHA"),
		check.Leaves("TLS 1.2 could not be probed", sampleWith(func(f *Fact) { f.Note("TLS 1.2", unread) })),
	},
}

// MinGrade demands a grade by the SSL Labs method.
var MinGrade = &check.Check{
	ID:    "tlsserver-grade",
	Title: "The endpoint reaches the grade that is wanted",
	Doc:   "The grade by the SSL Labs method sums up certificate, protocols, key exchange and ciphers. What lowers it is named, worst first, known attacks among it.",
	Remedy: "mend what the reasons name; a good start is https://ssl-config.mozilla.org, intermediate\n" +
		"for A rather than A-: TLS 1.3, and the header Strict-Transport-Security: max-age=63072000\n" +
		"nginx: add_header Strict-Transport-Security \"max-age=63072000\" always;\n" +
		"Apache: Header always set Strict-Transport-Security \"max-age=63072000\"\n" +
		"HAProxy: http-response set-header Strict-Transport-Security \"max-age=63072000\"\n" +
		"Caddy: header Strict-Transport-Security max-age=63072000\n" +
		"Envoy: response_headers_to_add: [{header: {key: Strict-Transport-Security, value: max-age=63072000}}]\n" +
		"Tomcat: HttpHeaderSecurityFilter with hstsMaxAgeSeconds 63072000; Spring Security sends it by itself\n" +
		"Go: w.Header().Set(\"Strict-Transport-Security\", \"max-age=63072000\")",
	Requirements: []string{"A.5.2.3", "A.5.7.2"},
	References:   []string{"SSL Server Rating Guide 2009r"},
	Needs:        slices.Concat(Versions, []string{PartChain, PartHTTP}),
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		least := slices.Index(Letters, p.String("least"))
		if least < 0 {
			panic(fmt.Sprintf("parameter least is %q, which is no grade", p.String("least")))
		}
		g := Rate(f, p.Now)
		if g.Letter == "" {
			return check.Unseen("not gradable: " + texts(g.Reasons, noGrade))
		}
		if slices.Index(Letters, g.Letter) <= least {
			return check.Passed(fmt.Sprintf("grade %s, %d points", g.Letter, g.Score))
		}
		return check.Failed("", []check.Violation{{Key: "endpoint:grade", Source: f.Address,
			Detail: fmt.Sprintf("grade %s, at least %s is wanted: %s", g.Letter, Letters[least], texts(g.Reasons, g.Reasons[0].Effect))}})
	}),
	Examples: []check.Example{
		check.Passes("A+", sample()),
		check.Passes("A, as no HTTP answers", sampleWith(func(f *Fact) { f.HTTP, f.HSTS = false, nil })),
		check.Fails("A-, without HSTS", sampleWith(func(f *Fact) { f.HSTS = nil }), "endpoint:grade"),
		check.Fails("B, with TLS 1.0", sampleWith(func(f *Fact) { f.offer("TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA") }), "endpoint:grade"),
		check.Fails("T, self-signed", sampleWith(func(f *Fact) { f.Trust = "self-signed" }), "endpoint:grade"),
		check.Leaves("TLS 1.0 could not be probed", sampleWith(func(f *Fact) { f.Note("TLS 1.0", unread) })),
		check.Leaves("whether HTTP answers was not seen", sampleWith(func(f *Fact) { f.HTTP, f.HSTS = false, nil; f.Note(PartHTTP, unread) })),
	},
}

// texts joins the reasons with one effect.
func texts(all []Reason, effect string) string {
	var out []string
	for _, r := range all {
		if r.Effect == effect {
			out = append(out, r.Text)
		}
	}
	return strings.ReplaceAll(strings.Join(out, "; "), "\n", " ")
}
