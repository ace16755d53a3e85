package tlsserver

import (
	"slices"
	"strings"
	"testing"
)

// TestProfile: after the tables of Mozilla's guidelines 6.0.
func TestProfile(t *testing.T) {
	intermediate := func(f *Fact) {
		for i := range f.Protocols {
			f.Protocols[i].Order = "client"
		}
	}
	modern := func(f *Fact) {
		intermediate(f)
		f.Protocols = f.Protocols[:1]
		f.Chain[0].NotBefore = f.Chain[0].NotAfter.AddDate(0, 0, -90)
	}
	for name, c := range map[string]struct {
		change func(*Fact)
		want   string
		lacks  string
	}{
		"modern":                {modern, "modern", ""},
		"intermediate":          {intermediate, "intermediate", "TLS 1.2 is offered"},
		"the server's order":    {func(f *Fact) {}, "none", "order of suites"},
		"TLS 1.3 and RSA":       {func(f *Fact) { modern(f); f.Chain[0].Key, f.Chain[0].KeyBits = "RSA", 2048 }, "none", "TLS 1.2 is not offered"},
		"a year":                {func(f *Fact) { intermediate(f); f.Chain[0].NotBefore = f.Chain[0].NotAfter.AddDate(-1, 0, 0) }, "intermediate", "90 days"},
		"two years":             {func(f *Fact) { intermediate(f); f.Chain[0].NotBefore = f.Chain[0].NotAfter.AddDate(-2, 0, 0) }, "none", "366 days"},
		"DHE":                   {func(f *Fact) { intermediate(f); f.offer("TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256") }, "none", "DHE_RSA"},
		"no post-quantum group": {func(f *Fact) { intermediate(f); f.Protocols[0].Groups = []string{"x25519"} }, "none", "X25519MLKEM768"},
		"RSA 3072":              {func(f *Fact) { intermediate(f); f.Chain[0].Key, f.Chain[0].KeyBits = "RSA", 3072 }, "none", "RSA 2048"},
		"short HSTS":            {func(f *Fact) { modern(f); f.HSTS = []string{"max-age=31536000"} }, "none", "HSTS"},
		"TLS 1.0":               {func(f *Fact) { intermediate(f); f.offer("TLS 1.0") }, "none", "TLS 1.0"},
		"nothing seen":          {func(f *Fact) { *f = Fact{} }, "none", "no certificate"},
	} {
		got, lacks := Profile(sampleWith(c.change))
		if got != c.want || c.lacks != "" && !slices.ContainsFunc(lacks, func(l string) bool { return strings.Contains(l, c.lacks) }) || c.lacks == "" && len(lacks) > 0 {
			t.Errorf("%s: %s %q, want %s for %s", name, got, lacks, c.want, c.lacks)
		}
	}
}
