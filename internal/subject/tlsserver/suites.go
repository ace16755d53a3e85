package tlsserver

import "slices"

// suiteReasons has the caps and failures for cipher suites.
func suiteReasons(f Fact) []Reason {
	var out []Reason
	lists := map[string]map[string]bool{}
	note := func(is bool, rule, name string) {
		if !is {
			return
		}
		if lists[rule] == nil {
			lists[rule] = map[string]bool{}
		}
		lists[rule][name] = true
	}
	all := 0
	for _, p := range f.Protocols {
		modern := p.Name == "TLS 1.1" || p.Name == "TLS 1.2"
		rc4, small := false, false
		if modern {
			rc4 = negotiated(p, func(t traits) bool { return t.RC4 })
			small = negotiated(p, func(t traits) bool { return t.Block64 })
		}
		for _, s := range p.Suites {
			t := classify(s.Name)
			all++
			note(t.Export, "export", s.Name)
			note(t.Null, "null", s.Name)
			note(t.Anon, "anonymous", s.Name)
			note(t.short(), "short-key", s.Name)
			note(t.RC4, "rc4", s.Name)
			note(t.RC4 && rc4, "rc4-modern", s.Name)
			note(t.Block64 && small, "block64", s.Name)
			note(p.Name == "SSL 3.0" && !t.RC4 && t.Bits > 0, "poodle", s.Name) // what is no RC4 there is CBC
		}
	}
	for _, r := range []struct{ rule, effect, text string }{
		{"export", "F", "export suites are offered: "},
		{"null", "F", "suites without encryption are offered: "},
		{"anonymous", "F", "suites without authentication are offered: "},
		{"short-key", "F", "suites of less than 112 bits are offered: "},
		{"rc4-modern", "cap C", "RC4 is chosen with TLS 1.1 or newer: "},                // 2009j
		{"block64", "cap C", "64-bit block ciphers are chosen with TLS 1.1 or newer: "}, // April 2017, Sweet32
		{"poodle", "cap C", "SSL 3.0 is offered with CBC suites (POODLE): "},            // 2009g
		{"rc4", "cap B", "RC4 is offered: "},                                            // 2009i
	} {
		if names := lists[r.rule]; len(names) > 0 {
			out = append(out, Reason{r.rule, r.effect, r.text + several(names)})
		}
	}
	if all > 0 && onlyRC4(f) { // 2009k
		out = append(out, Reason{"rc4-only", "F", "only RC4 is offered"})
	}
	return append(out, modernReasons(f)...)
}

func onlyRC4(f Fact) bool {
	for _, p := range f.Protocols {
		if slices.ContainsFunc(p.Suites, func(s Suite) bool { return !classify(s.Name).RC4 }) {
			return false
		}
	}
	return true
}

// negotiated tells whether a client that knows the bad suites, and all better ones, gets one of them:
// where the server chooses, when it is the first; where the client does, when there is no other. So the
// last in order does not count. Suites that no client offers are passed over.
func negotiated(p Protocol, bad func(traits) bool) bool {
	found := false
	for _, s := range p.Suites {
		t := classify(s.Name)
		if t.broken() {
			continue
		}
		if !bad(t) {
			return false
		}
		if found = true; p.Order != "client" {
			return true // without a word on whose order counts, the list is the server's
		}
	}
	return found
}

// modernReasons tells whether a modern client gets forward secrecy and AEAD (2009p): it takes the best
// protocol, and what the server likes best there, or what it likes best itself. Suites that are never
// chosen do not count.
func modernReasons(f Fact) []Reason {
	best := f.best()
	i := slices.IndexFunc(f.Protocols, func(p Protocol) bool { return p.Name == best })
	if i < 0 || len(f.Protocols[i].Suites) == 0 {
		return nil
	}
	p := f.Protocols[i]
	forward, aead := false, false
	for _, s := range p.Suites {
		t := classify(s.Name)
		if t.broken() || t.RC4 || t.Block64 {
			continue
		}
		forward, aead = forward || t.Forward, aead || t.AEAD
		if p.Order != "client" {
			break
		}
	}
	var out []Reason
	if !forward {
		out = append(out, Reason{"forward-secrecy", "cap B", "modern clients get no forward secrecy"})
	}
	if !aead {
		out = append(out, Reason{"aead", "cap B", "modern clients get no AEAD suite"})
	}
	return out
}
