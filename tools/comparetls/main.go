// Command comparetls looks at one nginx with Holdfast, sslscan and testssl.sh, one after the other, and prints what
// each took and where they disagree on protocols and suites. The server offers what OpenSSL still can.
//
//	go run ./tools/comparetls -holdfast ./holdfast [-full] [-explained docs/compare/tls.md]
package main

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	holdfast := flag.String("holdfast", "./holdfast", "binary")
	full := flag.Bool("full", false, "also all that testssl.sh looks at, which takes a minute")
	explained := flag.String("explained", "", "document in which each disagreement has to stand")
	flag.Parse()
	if err := compare(*holdfast, *full, *explained); err != nil {
		log.Fatal(err)
	}
}

// seen are the suites that a program saw, as "TLS 1.2 TLS_..."; of sslscan and testssl.sh by their numbers.
type seen map[string]bool

func compare(holdfast string, full bool, explained string) error {
	dir, err := os.MkdirTemp("", "comparetls")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	port, stop, err := nginx(dir)
	if err != nil {
		return err
	}
	defer stop()
	target := fmt.Sprint("localhost:", port)
	own, ownTime, err := measured(5, func() (seen, error) { return ofHoldfast(holdfast, dir, target) })
	if err != nil {
		return fmt.Errorf("holdfast: %w", err)
	}
	scan, scanTime, err := measured(5, func() (seen, error) { return ofSSLScan(target) })
	if err != nil {
		return fmt.Errorf("sslscan: %w", err)
	}
	test, testTime, err := measured(1, func() (seen, error) { return ofTestSSL(dir, target, "-p", "-E") })
	if err != nil {
		return fmt.Errorf("testssl.sh: %w", err)
	}
	fmt.Printf("\nTLS of one nginx on loopback, RSA and ECDSA certificates, TLS 1.0 to 1.3, all suites of its OpenSSL\n")
	row := func(name string, d time.Duration, s seen) {
		fmt.Printf("  %8.2f s  %4d suites  %s\n", d.Seconds(), len(s), name)
	}
	row("Holdfast: all that it looks at, judged and recorded (median of 5)", ownTime, own)
	row("sslscan: protocols, suites, certificate (median of 5)", scanTime, scan)
	row("testssl.sh: protocols and suites", testTime, test)
	if full {
		_, d, err := measured(1, func() (seen, error) { return ofTestSSL(dir, target) })
		if err != nil {
			return fmt.Errorf("testssl.sh in full: %w", err)
		}
		fmt.Printf("  %8.2f s               testssl.sh: all that it looks at\n", d.Seconds())
	}
	var text []byte
	if explained != "" {
		if text, err = os.ReadFile(explained); err != nil {
			return err
		}
	}
	open := 0
	differ := func(name string, s seen) {
		for _, x := range []struct {
			a, b seen
			text string
		}{{own, s, "Holdfast alone, not " + name}, {s, own, name + " alone, not Holdfast"}} {
			var only []string
			for k := range x.a {
				if !x.b[k] {
					only = append(only, k)
				}
			}
			slices.Sort(only)
			for _, k := range only {
				mark := ""
				if _, suite, _ := strings.Cut(k, " 0x"); !strings.Contains(string(text), "0x"+suite) {
					mark, open = "  NOT EXPLAINED", open+1
				}
				fmt.Printf("  %s: %s%s\n", x.text, k, mark)
			}
		}
	}
	differ("sslscan", scan)
	differ("testssl.sh", test)
	if open > 0 && explained != "" {
		return fmt.Errorf("%d disagreements are not explained in %s", open, explained)
	}
	return nil
}

func measured(n int, run func() (seen, error)) (out seen, median time.Duration, err error) {
	var all []time.Duration
	for range n {
		begin := time.Now()
		if out, err = run(); err != nil {
			return nil, 0, err
		}
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	return out, all[len(all)/2], nil
}

func ofHoldfast(bin, dir, target string) (seen, error) {
	cmd := exec.Command(bin, "--state", filepath.Join(dir, "state"), "assess", "--fail-on", "never", "--format", "json", "tls://"+target)
	data, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var a struct {
		Endpoints []struct {
			Suites []struct {
				Protocol string `json:"protocol"`
				ID       uint16 `json:"id"`
			} `json:"suites"`
		} `json:"endpoints"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, err
	}
	out := seen{}
	for _, e := range a.Endpoints {
		for _, s := range e.Suites {
			out[fmt.Sprintf("%s 0x%04x", s.Protocol, s.ID)] = true
		}
	}
	return out, nil
}

func ofSSLScan(target string) (seen, error) {
	data, err := exec.Command("sslscan", "--xml=-", "--show-cipher-ids", target).Output()
	if err != nil {
		return nil, err
	}
	var d struct {
		Test struct {
			Ciphers []struct {
				Protocol string `xml:"sslversion,attr"`
				ID       string `xml:"id,attr"`
			} `xml:"cipher"`
		} `xml:"ssltest"`
	}
	if err := xml.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	out := seen{}
	for _, c := range d.Test.Ciphers {
		out[strings.Replace(c.Protocol, "TLSv", "TLS ", 1)+" "+strings.ToLower(c.ID)] = true
	}
	return out, nil
}

// suiteID is how testssl.sh names what it saw of a suite: cipher-tls1_2_xc030.
var suiteID = regexp.MustCompile(`^cipher-tls1(?:_([123]))?_x([0-9a-f]{2,6})$`)

func ofTestSSL(dir, target string, more ...string) (seen, error) {
	file := filepath.Join(dir, "testssl.json")
	_ = os.Remove(file)
	args := append(more, "--quiet", "--warnings", "off", "--color", "0", "--jsonfile", file, target)
	cmd := exec.Command("testssl", args...)
	if err := cmd.Run(); err != nil {
		if _, there := os.Stat(file); there != nil { // it ends with the number of its findings
			return nil, err
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	out := seen{}
	for _, f := range all {
		if m := suiteID.FindStringSubmatch(f.ID); m != nil {
			out["TLS 1."+cmp.Or(m[1], "0")+" 0x"+strings.Repeat("0", max(0, 4-len(m[2])))+m[2]] = true
		}
	}
	return out, nil
}

func nginx(dir string) (port int, stop func(), err error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, nil, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, nil, err
	}
	for name, k := range map[string]struct{ private, public any }{"rsa": {rsaKey, rsaKey.Public()}, "ec": {ecKey, ecKey.Public()}} {
		tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 2, 0)}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.public, k.private)
		if err != nil {
			return 0, nil, err
		}
		private, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return 0, nil, err
		}
		for file, b := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: private}} {
			if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(b), 0o600); err != nil {
				return 0, nil, err
			}
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	conf := fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log %[1]s/errors; worker_processes 1;
events {}
http { access_log off; server {
	listen 127.0.0.1:%[2]d ssl;
	ssl_certificate %[1]s/rsa.pem; ssl_certificate_key %[1]s/rsa.key; ssl_certificate %[1]s/ec.pem; ssl_certificate_key %[1]s/ec.key;
	ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0; ssl_prefer_server_ciphers on;
	location / { return 200 "hello"; } } }
`, dir, port)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return 0, nil, err
	}
	cmd := exec.Command("nginx", "-c", file)
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	stop = func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			c.Close()
			return port, stop, nil
		}
	}
	stop()
	return 0, nil, fmt.Errorf("nginx does not answer")
}
