package scalar

import (
	"encoding"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzText gives any text to every type that is text in a file: what is refused leaves nothing
// behind that is written, and what is read is written and read again as the same.
func FuzzText(f *testing.F) {
	type text interface {
		encoding.TextUnmarshaler
		encoding.TextMarshaler
	}
	for _, s := range strings.Fields("90s 6mo 2026-11-23 2026-11-23T09:00 mon-wed,fri 22:00-02:00 600/m 512KiB 100% 10.0.0.0/8 *.a.example:443 [fd00::1]:443 [::1]:22 " +
		"a_b.example a+b@c.example vault:a/b file:a/b.pem https://u@a.example/x?y=z */web-[0-9] ^SHOP-[0-9]+$ file:/var/log/x starttls+smtp://a ssh://u@a:22 " +
		"image:a/b:1 engine:unix:///a k8s:./dir tfstate:a.tfstate 2028-02-30 fe80::1%eth0 24:00-00:00 0.0.0.0/33 9999999999999999999TB") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, make := range []func() text{
			func() text { return new(Duration) }, func() text { return new(Date) }, func() text { return new(Moment) }, func() text { return new(Days) },
			func() text { return new(Hours) }, func() text { return new(Rate) }, func() text { return new(Size) }, func() text { return new(Percent) },
			func() text { return new(Network) }, func() text { return new(HostPort) }, func() text { return new(Listen) }, func() text { return new(Host) },
			func() text { return new(Email) }, func() text { return new(Secret) }, func() text { return new(FileRef) }, func() text { return new(URL) },
			func() text { return new(Where) }, func() text { return new(Pattern) }, func() text { return new(LogSource) }, func() text { return new(Target) },
		} {
			v := make()
			if err := v.UnmarshalText([]byte(s)); err != nil {
				if !utf8.ValidString(s) && utf8.ValidString(err.Error()) {
					continue
				}
				if strings.ContainsAny(err.Error(), "\n\x1b") {
					t.Errorf("%T: the error %q runs over a line or moves the cursor", v, err)
				}
				continue
			}
			first, err := v.MarshalText()
			if err != nil {
				t.Errorf("%T: %q is read and cannot be written: %v", v, s, err)
				continue
			}
			again := make()
			if err := again.UnmarshalText(first); err != nil {
				t.Errorf("%T: %q is written as %q, which is refused: %v", v, s, first, err)
				continue
			}
			if second, err := again.MarshalText(); err != nil || string(second) != string(first) {
				t.Errorf("%T: %q is written as %q, and then as %q (%v)", v, s, first, second, err)
			}
		}
	})
}

// FuzzWords: what helps people with their typing breaks on nothing.
func FuzzWords(f *testing.F) {
	f.Add("hihg", "high", "https://user:secret@a.example/")
	f.Add("", "ü\x00", "[::1]:22")
	f.Fuzz(func(t *testing.T, word, candidate, address string) {
		if n := Nearest(word, []string{candidate}); n != "" && n != candidate {
			t.Errorf("the nearest to %q of %q is %q", word, candidate, n)
		}
		if q := Quote(word); strings.ContainsAny(q, "\n\x1b\x00") {
			t.Errorf("%q is quoted as %q", word, q)
		}
		if host, port := SplitPort(address); len(host)+len(port) > len(address) {
			t.Errorf("%q is split into %q and %q", address, host, port)
		}
		if err := WebAddress(address, "https"); err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("the error %q runs over a line", err)
		}
		for name, is := range map[string]func(string) bool{"name": IsName, "zone": IsZone, "calendar": IsCalendar, "requirement": IsRequirement} {
			if is(word) && strings.ContainsAny(word, " \n\x1b\x00") {
				t.Errorf("%q is a %s", word, name)
			}
		}
		if wrong := WrongRepository(word); strings.ContainsAny(wrong, "\n\x1b\x00") {
			t.Errorf("%q is refused by %q", word, wrong)
		}
	})
}
