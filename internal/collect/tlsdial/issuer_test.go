package tlsdial

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/subject/tlsserver"
)

// TestIncomplete: a chain that lacks certificates is incomplete where they lead to a CA that is trusted, of an unknown CA
// where they do not, and incomplete with the reason where they cannot be had.
func TestIncomplete(t *testing.T) {
	files := map[string][]byte{}
	var asked atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/moved.crt" {
			http.Redirect(w, r, "/one.crt", http.StatusFound)
			return
		}
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	defer site.Close()
	root, _ := authority(t, "Root", nil)
	link := func(by *issuer, name, url string) *issuer {
		out, _ := certify(t, by, &x509.Certificate{Subject: named(name), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, IssuingCertificateURL: urls(url)})
		return out
	}
	one := link(root, "One", "")
	two := link(one, "Two", site.URL+"/one.crt")
	three := link(two, "Three", site.URL+"/two.crt")
	four := link(three, "Four", site.URL+"/three.crt")
	stranger, _ := authority(t, "Stranger", nil)
	strange := link(stranger, "Strange", "")
	files["/one.crt"], files["/two.crt"], files["/three.crt"], files["/four.crt"], files["/strange.crt"] = one.Raw, two.Raw, three.Raw, four.Raw, strange.Raw
	files["/one.pem"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.Raw})
	files["/text.crt"], files["/large.crt"] = []byte("<html>"), bytes.Repeat([]byte{0x30}, maxIssuer+1)
	for name, c := range map[string]struct {
		by     *issuer
		url    string
		trust  string
		text   string
		letter string
		asked  int64
	}{
		"one":             {one, site.URL + "/one.crt", "incomplete", "from there it is trusted", "B", 1},
		"one, in PEM":     {one, site.URL + "/one.pem", "incomplete", "from there it is trusted", "B", 1},
		"two":             {two, site.URL + "/two.crt", "incomplete", "from there it is trusted", "B", 2},
		"three":           {three, site.URL + "/three.crt", "incomplete", "from there it is trusted", "B", 3},
		"more than three": {four, site.URL + "/four.crt", "unknown-ca", "nor behind the issuer", "T", 3},
		"of a stranger":   {strange, site.URL + "/strange.crt", "unknown-ca", "nor behind the issuer", "T", 1},
		"not there":       {one, site.URL + "/gone.crt", "incomplete", "404", "B", 1},
		"of another":      {one, site.URL + "/two.crt", "incomplete", "the certificate of another", "B", 1},
		"no certificate":  {one, site.URL + "/text.crt", "incomplete", "holds no certificate", "B", 1},
		"too large":       {one, site.URL + "/large.crt", "incomplete", "more than 64 KiB", "B", 1},
		"moved":           {one, site.URL + "/moved.crt", "incomplete", "302", "B", 1},
		"by LDAP":         {one, "ldap://localhost/cn=One", "incomplete", "only http", "B", 0},
		"a file":          {one, "file:///etc/passwd", "incomplete", "only http", "B", 0},
		"metadata":        {one, "http://169.254.169.254/latest/meta-data/", "incomplete", "may not send Holdfast there", "B", 0},
	} {
		leaf, _ := leafOf(t, c.by, c.url)
		e := shows(t, leaf)
		e.Roots = x509.NewCertPool()
		e.Roots.AddCert(root.Certificate)
		asked.Store(0)
		f, err := Probe(t.Context(), e)
		if err != nil || f.Trust != c.trust || !strings.Contains(f.TrustText, c.text) || asked.Load() != c.asked || strings.Contains(f.TrustText, "\n") {
			t.Errorf("%s: %v %s (%s), asked %d times", name, err, f.Trust, f.TrustText, asked.Load())
		}
		if g := tlsserver.Rate(f, time.Now()); g.Letter != c.letter {
			t.Errorf("%s: graded %s %q, want %s", name, g.Letter, g.Reasons, c.letter)
		}
		// With what it lacks sent along nothing is fetched.
		if c.trust == "incomplete" && c.by == one {
			asked.Store(0)
			e := shows(t, leaf, one.Certificate)
			e.Roots = x509.NewCertPool()
			e.Roots.AddCert(root.Certificate)
			if f, err := Probe(t.Context(), e); err != nil || f.Trust != "trusted" || asked.Load() != 0 {
				t.Errorf("%s, complete: %v %s, asked %d times", name, err, f.Trust, asked.Load())
			}
		}
	}
}

// TestMayFetch: no server sends Holdfast to where it cannot go itself.
func TestMayFetch(t *testing.T) {
	const public, private, own = "93.184.216.34:443", "10.1.2.3:443", "127.0.0.1:8443"
	for address, allowed := range map[string]string{ // by an endpoint at: i the Internet, p a private address, l loopback
		"8.8.8.8": "ipl", "2606:4700::1111": "ipl",
		"10.0.0.1": "pl", "172.16.0.1": "pl", "192.168.1.1": "pl", "fd00::1": "pl", "::ffff:10.0.0.1": "pl",
		"127.0.0.1": "l", "127.8.9.1": "l", "::1": "l", "::ffff:127.0.0.1": "l",
		"169.254.169.254": "", "fe80::1": "", "::ffff:169.254.169.254": "", "100.100.100.200": "", "168.63.129.16": "",
		"0.0.0.0": "", "0.1.2.3": "", "::": "", "224.0.0.1": "", "ff02::1": "", "255.255.255.255": "", "240.0.0.1": "",
		"192.0.0.192": "", "198.18.0.1": "", "64:ff9b::7f00:1": "", "2002:7f00:1::": "", "2001:0:7f00:1::": "", "fd00:ec2::254": "",
	} {
		for letter, at := range map[string]string{"i": public, "p": private, "l": own} {
			want := strings.Contains(allowed, letter)
			if got := (Endpoint{Address: at}).mayFetch(netip.MustParseAddr(address)); got != want {
				t.Errorf("%s by %s: %t, want %t", address, at, got, want)
			}
		}
	}
	if (Endpoint{Address: "shop.example:443"}).mayFetch(netip.MustParseAddr("10.0.0.1")) {
		t.Error("a name stands for an address that is not known")
	}
}

func named(name string) pkix.Name { return pkix.Name{CommonName: name} }

func urls(url string) []string {
	if url == "" {
		return nil
	}
	return []string{url}
}
