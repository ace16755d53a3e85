package tlsdial

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// malformed are the records of the padding probes, after Young's padcheck. Each gives the plain blocks of
// a record with this content, to which a MAC of n bytes belongs.
var malformed = []struct {
	name  string
	empty bool // of no content
	plain func(content, mac []byte) []byte
}{
	{"wrong MAC", false, func(c, m []byte) []byte { m[0] ^= 0xff; return pad(append(c, m...)) }},
	{"wrong padding", false, func(c, m []byte) []byte { b := padLong(append(c, m...)); b[len(b)-2] ^= 0x55; return b }},
	{"padding longer than the record", false, func(_, _ []byte) []byte { return bytes.Repeat([]byte{0xff}, 96) }},
	{"padding longer than the record by a little", false, func(_, _ []byte) []byte { return bytes.Repeat([]byte{0x41}, 32) }},
	{"empty, wrong MAC", true, func(c, m []byte) []byte { m[0] ^= 0xff; return pad(append(c, m...)) }},
	{"empty, wrong padding", true, func(c, m []byte) []byte {
		m[0] ^= 0xff
		b := padLong(append(c, m...))
		b[len(b)-2] ^= 0x55
		return b
	}},
}

// padLong pads with a block more than is needed, so that there is padding to spoil.
func padLong(b []byte) []byte {
	n := 32 - len(b)%16
	for range n {
		b = append(b, byte(n-1))
	}
	return b
}

// paddings sends malformed records and compares the answers. One trial answers four questions.
func paddings(ctx context.Context, t trial) []tlsserver.Probed {
	all := func(p tlsserver.Probed) (out []tlsserver.Probed) {
		for _, n := range []string{tlsserver.PoodleTLS, tlsserver.PaddingOracle, tlsserver.ZeroLength, tlsserver.AESNIPadding} {
			p.Name = n
			out = append(out, p)
		}
		return out
	}
	h, ok := t.hello(spokenCBC)
	if !ok {
		if t.blocks() {
			return all(t.unspoken())
		}
		return all(safe("no CBC suite is offered"))
	}
	if !t.Intrusive {
		return nil
	}
	first, err := t.paddingRound(ctx, h)
	if err != nil {
		return all(inconclusive("%s", err))
	}
	accepted := func(s string) bool { return s == "silent" || s == "record 23" }
	result := func(name string, found bool, text string) tlsserver.Probed {
		p := safe("it answers malformed records alike")
		if found {
			p = vulnerable(text)
		}
		p.Name = name
		return p
	}
	if same(first) && accepted(first[0]) {
		return all(inconclusive("it does not answer malformed records"))
	}
	if !same(first) {
		// An oracle has to answer the same way each time.
		again, err := t.paddingRound(ctx, h)
		if err != nil || !slices.Equal(first, again) {
			return all(inconclusive("its answers to malformed records differ from one time to the next"))
		}
	}
	poodle := accepted(first[1]) && !accepted(first[0])
	const overflow = "alert 22" // record_overflow, which tells this one hole
	ni := first[3] == overflow && first[0] != overflow
	oracle := first[0] != first[1] || first[0] != first[2] && first[2] != overflow
	told := func(a, b int) string {
		return fmt.Sprintf("%s: %s; %s: %s", malformed[a].name, first[a], malformed[b].name, first[b])
	}
	return []tlsserver.Probed{
		result(tlsserver.PoodleTLS, poodle, "it takes records whose padding is wrong"),
		result(tlsserver.PaddingOracle, oracle && !poodle, told(0, 1)+"; "+malformed[2].name+": "+first[2]),
		result(tlsserver.ZeroLength, first[4] != first[5] && !oracle, told(4, 5)),
		result(tlsserver.AESNIPadding, ni, told(0, 3)),
	}
}

// blocks tells whether a CBC suite is offered, whichever it is.
func (t trial) blocks() bool {
	return slices.ContainsFunc(t.offered, func(f found) bool {
		return slices.ContainsFunc(f.answers, func(a answer) bool { return strings.Contains(suiteName(a.suite), "_CBC_") })
	})
}

// paddingRound gives the answer to each malformed record.
func (t trial) paddingRound(ctx context.Context, h hello) ([]string, error) {
	out := make([]string, len(malformed))
	errs := make(chan error)
	for i, m := range malformed {
		go func() {
			s, err := t.connect(ctx, h)
			if err == nil {
				defer s.Close()
				content := []byte("GET / HTTP/1.")
				if m.empty {
					content = nil
				}
				plain := m.plain(content, s.out.authenticate(23, s.version, content))
				if err := s.write(23, s.version, s.out.sealBlocks(s.version, plain)); err != nil {
					out[i] = "closed"
				} else {
					out[i] = s.reaction()
				}
			}
			errs <- err
		}()
	}
	var err error
	for range malformed {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return out, err
}
