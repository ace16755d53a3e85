package secrets

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/collect/local"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/host/hosttest"
)

var checks = []*check.Check{Environment, InFiles, InUnits, Keys}

func TestChecks(t *testing.T) { checktest.Run(t, Source, checks) }

// planted are made up, in the form of the real ones. They are put together here so that scanners
// of this repository stay silent.
var planted = map[string]string{
	"password":   "Tr0ub4dor" + "-geheim-93",
	"github-pat": "ghp_" + "x7Kq2Lm9Zp4Rt8Wv3Yb6Nc1Df5Gh0Js2Qa4E",
	"aws":        "AKIA" + "Q3EGV7RJ2XKWZ5TB",
	"url":        "s3cr3t" + "Pa55w0rd",
	"unit":       "unitsecret" + "-8844",
	"job":        "cronsecret" + "-7711",
	"env":        "processpw" + "-5521",
	"token":      "tok" + "9f8e7d6c5b4a39281706",
	"netrc":      "netrcpw" + "-1289",
	"pgpass":     "pgsecret" + "-3347",
	"wordpress":  "wppass" + "-9012",
}

func plantedHost() hosttest.Host {
	h := hosttest.Host{Files: map[string]string{
		"/opt/shop/.env":                   "# DB_PASSWORD=commented-out-9\nDB_PASSWORD=" + planted["password"] + "\nDB_PASSWORD_FILE=/run/secrets/db\nGITHUB=" + planted["github-pat"] + "\nAPI_TOKEN=${FROM_ELSEWHERE}\n",
		"/etc/shop/app.conf":               "[db]\nurl = postgres://shop:" + planted["url"] + "@db:5432/shop\nkeyfile = /etc/shop/web.key\n",
		"/etc/shop/quiet.conf":             "password = \npassword_file = /etc/x\nssl_key = /etc/ssl/private/x.key\ntoken_ttl = 3600\n",
		"/etc/closed.conf":                 "auth_token: \"" + planted["token"] + "\"\n",
		"/etc/systemd/system/shop.service": "[Service]\nEnvironment=\"MODE=x\" \"SHOP_PASSWORD=" + planted["unit"] + "\"\nExecStart=/opt/shop --key-file /etc/k\n",
		"/etc/cron.d/dump":                 "# m h\n5 4 * * * root mysqldump --password=" + planted["job"] + " shop\n",
		"/etc/shop/web.key":                "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n",
		"/etc/ssl/private/ok.key":          "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n",
		"/etc/shop/sealed.key":             "-----BEGIN " + "ENCRYPTED PRIVATE KEY-----\nMIIEvQ\n-----END ENCRYPTED PRIVATE KEY-----\n",
		"/etc/shop/public.pem":             "-----BEGIN CERTIFICATE-----\n",
		"/home/erika/.netrc":               "machine x login y password " + planted["netrc"] + "\n",
		"/home/erika/.pgpass":              "db:5432:shop:shop:" + planted["pgpass"] + "\n",
		"/var/www/html/wp-config.php":      "<?php\ndefine( 'DB_NAME', 'wordpress' );\ndefine( 'DB_PASSWORD', '" + planted["wordpress"] + "' );\n",
		"/etc/nsswitch.conf":               "passwd:         compat-systemd\n",
		"/root/.aws/credentials":           "[default]\naws_access_key_id = " + planted["aws"] + "\n",
	}, Infos: map[string]host.Info{
		"/etc/closed.conf": {Mode: 0o640}, "/etc/ssl/private": {Mode: fs.ModeDir | 0o710}, "/etc/ssl/private/ok.key": {Mode: 0o644},
		"/root": {Mode: fs.ModeDir | 0o700}, "/home": {Mode: fs.ModeDir | 0o755}, "/home/erika": {Mode: fs.ModeDir | 0o755}, "/opt": {Mode: fs.ModeDir | 0o755},
	}, Processes: []host.Process{
		{PID: 7, Name: "shop", Exe: "/opt/shop/bin", Cgroup: "/system.slice/shop.service", Environ: []byte("PATH=/bin\x00DB_PASSWORD=" + planted["env"] + "\x00GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305\x00")},
		{PID: 8, Name: "shop", Exe: "/opt/shop/bin", Cgroup: "/system.slice/shop.service", Environ: []byte("DB_PASSWORD=" + planted["env"])},
		{PID: 9, Name: "bash", Exe: "/bin/bash", Cgroup: "/user.slice/user-0.slice/session-3.scope", Environ: []byte("MY_PASSWORD=of-a-person-77")},
		{PID: 10, Name: "holdfast", Exe: "/usr/bin/holdfast", Environ: []byte("HOLDFAST_PASSWORD=own-secret-77")},
	}}
	return h
}

// TestPlanted finds each planted secret, and nothing of any secret in what leaves the package.
func TestPlanted(t *testing.T) {
	f := hosttest.Observe(Source, plantedHost())
	canonical, err := fact.Canonical(f)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	out := string(canonical)
	faults := map[string][]string{}
	for _, c := range checks {
		o := fact.Observation{Subject: "prod/web-1", Kind: f.Kind(), Fact: f, ObservedAt: check.ExampleNow}
		for _, r := range check.Judge(c, cat, []fact.Observation{o}, nil, check.ExampleNow) {
			out += r.Detail
			for _, v := range r.Violations {
				out += v.Key + v.Detail + v.At + v.Source
				faults[c.ID] = append(faults[c.ID], v.Source)
			}
		}
	}
	for _, c := range Source.Claims(f) {
		out += c.Kind + c.Fingerprint + c.Label + c.At
	}
	for name, secret := range planted {
		for _, part := range []string{secret, secret[:6], secret[len(secret)-6:]} {
			if strings.Contains(out, part) {
				t.Errorf("%s: a part of the secret leaves the package", name)
			}
		}
	}
	want := map[string][]string{
		"secrets-environment":           {"shop.service: DB_PASSWORD"},
		"secrets-files-readable":        {"/etc/shop/app.conf:2", "/home/erika/.netrc:1", "/home/erika/.pgpass:1", "/opt/shop/.env:2", "/opt/shop/.env:4", "/var/www/html/wp-config.php:3"},
		"secrets-units-jobs":            {"/etc/cron.d/dump:2", "/etc/systemd/system/shop.service:2"},
		"secrets-private-keys-readable": {"/etc/shop/web.key"},
	}
	for id, sources := range want {
		got := strings.Join(sortedCopy(faults[id]), "\n")
		if got != strings.Join(sources, "\n") {
			t.Errorf("%s: got %v, want %v", id, faults[id], sources)
		}
	}
	// What only its owner reads is in the fact, for comparing hosts, and is no fault.
	closed := 0
	for _, s := range f.(Fact).Secrets {
		for _, p := range s.Places {
			if !p.Open && (p.In == "/etc/closed.conf" || p.In == "/root/.aws/credentials") {
				closed++
			}
		}
	}
	if closed != 2 {
		t.Errorf("%d secrets in closed files, want 2: %s", closed, canonical)
	}
}

func sortedCopy(s []string) []string {
	out := append([]string(nil), s...)
	for i := range out {
		for j := i; j > 0 && out[j] < out[j-1]; j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// TestRules compiles all expressions, so that none can break in the field.
func TestRules(t *testing.T) {
	m := newMatcher()
	if len(m.rules) < 200 {
		t.Errorf("%d rules", len(m.rules))
	}
	for _, r := range m.rules {
		m.expression(r.Regex)
		m.expression(r.Path)
		for _, a := range append(r.Allow, m.allow) {
			for _, x := range append(a.Regexes, a.Paths...) {
				m.expression(x)
			}
		}
		for _, k := range r.Keywords {
			if k != strings.ToLower(k) || len(k) < 2 {
				t.Errorf("%s: keyword %q", r.ID, k)
			}
		}
	}
}

func FuzzSettings(f *testing.F) {
	for name, text := range plantedHost().Files {
		f.Add(name, text)
	}
	f.Add("/etc/x.yml", "db:\n  \"password\": 'a b', \ndefine('DB_PASSWORD', 'x)')\nurl=://:@://a:bcd@")
	f.Fuzz(func(t *testing.T, name, text string) {
		c := &collector{rules: newMatcher(), found: map[[2]string][]Place{}}
		for _, sort := range []string{"file", "unit", "job"} {
			c.settings(sort, name, []byte(text), true)
		}
		for k, places := range c.found {
			if k[0] == "" || len(k[1]) != 22 || len(places) == 0 {
				t.Errorf("%q %v", k, places)
			}
		}
	})
}

func gatherMachine(t testing.TB) *host.Evidence {
	t.Helper()
	ev, tr := host.NewEvidence(), local.Machine()
	if err := tr.Gather(context.Background(), ev.Claim(Source.Needs), ev); err != nil {
		t.Fatal(err)
	}
	if err := tr.Gather(context.Background(), ev.Claim(Source.Follow(ev)), ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

// BenchmarkMachine scans the machine at hand: all of /etc and the environments. Baseline of
// 2026-11-24, Debian 12 with 900 packages, 2 virtual cores: 7 to 12 ms.
func BenchmarkMachine(b *testing.B) {
	ev := gatherMachine(b)
	b.ReportAllocs()
	for b.Loop() {
		Source.Parse(ev, fact.Key{})
	}
}

// TestMachine looks twice at one machine: both looks are equal.
func TestMachine(t *testing.T) {
	ev := gatherMachine(t)
	a, err := fact.Canonical(Source.Parse(ev, fact.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := fact.Canonical(Source.Parse(ev, fact.Key{}))
	if !bytes.Equal(a, b) {
		t.Error("one machine gives two facts")
	}
	if testing.Verbose() && os.Getenv("SHOW") != "" {
		t.Logf("%s", a)
	}
}
