package version

import (
	goversion "go/version"
	"strings"
	"testing"
)

func TestFor(t *testing.T) {
	for ecosystem, want := range map[string]string{
		"Debian": "dpkg", "Debian:12": "dpkg", "Debian:12.11": "dpkg", "debian:12": "dpkg",
		"Ubuntu:22.04:LTS": "dpkg", "Ubuntu:Pro:18.04:LTS": "dpkg", "Echo": "dpkg",
		"AlmaLinux:9": "rpm", "Rocky Linux:9": "rpm", "Red Hat:enterprise_linux:9::baseos": "rpm",
		"SUSE:Linux Enterprise Server 15 SP5": "rpm", "openSUSE:Leap 15.5": "rpm", "Mageia:9": "rpm",
		"openEuler:24.03-LTS": "rpm", "Photon OS:5.0": "rpm", "Azure Linux:3": "rpm",
		"Alpine:v3.19": "apk", "Chainguard": "apk", "Wolfi": "apk", "MinimOS": "apk", "Alpaquita:stream": "apk",
		"BellSoft Hardened Containers:23": "apk",
		"npm":                             "semver", "crates.io": "semver", "Hex": "semver", "SwiftURL": "semver", "Bitnami": "semver", "GitHub Actions": "semver",
		"Go": "go", "Pub": "pub", "NuGet": "nuget", "PyPI": "pep440", "pypi": "pep440", "Maven": "maven",
		"Maven:https://repo1.example/": "maven", "RubyGems": "rubygems", "Packagist": "packagist", "CRAN": "cran", "Hackage": "cran",
	} {
		if o, ok := For(ecosystem); !ok || o.Name() != want {
			t.Errorf("For(%q) = %q, %v, want %q", ecosystem, o.Name(), ok, want)
		}
	}
	for _, ecosystem := range []string{"", ":12", "Debianish", "GIT", "Android", "Linux"} {
		if o, ok := For(ecosystem); ok || o != 0 {
			t.Errorf("For(%q) = %q: an order that nobody knows", ecosystem, o.Name())
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for o := dpkg; o < orders; o++ {
		if o.Name() == "" || seen[o.Name()] {
			t.Errorf("order %d has the name %q", o, o.Name())
		}
		seen[o.Name()] = true
	}
	if Order(0).Name() != "" || Order(0).Valid("1") || Order(0).Compare("1", "2") != -1 {
		t.Error("the zero Order is more than bytes")
	}
}

// TestBeginning: "0" introduces every version, and is the plain version 0 for Compare.
func TestBeginning(t *testing.T) {
	for _, c := range []struct {
		o Order
		v string
	}{{dpkg, "0~~"}, {rpm, "0~rc1"}, {apk, "0_alpha"}, {semver, "0.0.0-0"}, {golang, "0.0.0-20200101000000-0123456789ab"},
		{pep440, "0.dev0"}, {maven, "0-alpha"}, {rubygems, "0.a"}, {packagist, "0-dev"}, {cran, "x"}} {
		if c.o.Compare(c.v, Beginning) >= 0 {
			t.Errorf("%s: %q is no pre-release of 0", c.o.Name(), c.v)
		}
		if !c.o.From(c.v, Beginning) {
			t.Errorf("%s: %q is before the beginning", c.o.Name(), c.v)
		}
	}
	if semver.From("1.0.0-rc.1", "1.0.0") || !semver.From("1.0.0", "1.0.0") || !semver.From("1.0.1", "1.0.0") {
		t.Error("From does not compare")
	}
}

// rising lists versions in the order that the source named beside each gives, each older than the next.
var rising = []struct {
	source string
	o      Order
	list   string
}{
	{"deb-version(7)", dpkg, "1.0~~ 1.0~~a 1.0~ 1.0 1.0-1 1.0a 1.0a-1 1.0+ 1.0.1 1:0.1"},
	{"Debian's practice", dpkg, "1.0-1~bpo12+1 1.0-1 1.0-1+b1 1.0-1+deb12u1 1.0-1+deb12u2 1.0-1.1 1.0-2"},
	{"rpm-version(7)", rpm, "1.0~beta1 1.0~rc1 1.0 1.0-~1 1.0-1 1.0^20240501git 1.0.1 1.0.1-1.el9 1.0.1-1.el9_2.1 1.0.1-2.el9 1:0.1-1"},
	{"apk-package(5)", apk, "1.0_alpha 1.0_beta 1.0_pre 1.0_rc 1.0_rc1 1.0 1.0-r1 1.0~0123ab 1.0_cvs 1.0_svn 1.0_git 1.0_hg 1.0_p 1.0_p1 1.0a 1.0b 1.0.1"},
	{"apk: 0 first is a decimal place", apk, "1.02 1.02.07 1.1 1.9 1.10"},
	{"semver.org 11", semver, "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"},
	{"registries' spelling", semver, "v1 =1.0.1 1.2 v1.2.1 1.2.1.1"},
	{"go.dev/ref/mod pseudo-versions", golang, "1.2.3-pre 1.2.3-pre.0.20200101000000-0123456789ab 1.2.3 1.2.4-0.20200101000000-0123456789ab 1.2.4"},
	{"the vulnerability database's stdlib", golang, "go1.20.14 1.21.0-0 go1.21rc2 1.21.0-rc.3 go1.21.0 1.21.3"},
	{"PEP 440", pep440, "1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.1.dev1 2.1 1!0.5"},
	{"pom reference", maven, "1-alpha 1-beta 1-milestone 1-rc 1-SNAPSHOT 1 1-sp 1-abc 1-1 1.1"},
	{"pom reference", maven, "1-foo 1.foo2 1-foo10 1-1 1-1-foo 1-2 1.1 1.2"},
	{"MNG-7644", maven, "1.0.0.RC1 1.0.0-RC2 1.0.RC3 1.0.0.Final 1.0.0.SP1"},
	{"Gem::Version", rubygems, "0.9 1.0.a.2 1.0.b1 1.0.b10 1.0-rc1 1.0.rc1 1.0 1.0.1"},
	{"Gem::Version", rubygems, "1.a.b 1.a.0.b 1.a 1.a.1 1"},
	{"versions.md of Composer", packagist, "dev-main 1.0-dev 1.0-alpha1 1.0-beta1-dev 1.0-beta1 1.0-beta10 1.0-RC1 1.0 1.0-p1 1.0.1 1.9 1.x-dev 2.0"},
	{"NuGet", nuget, "1.0-Alpha 1.0-alpha10 1.0-alpha2 1.0-BETA 1.0 1.0.0.1-rc 1.0.0.1"},
}

func TestRising(t *testing.T) {
	for _, c := range rising {
		vs := strings.Fields(c.list)
		for i, a := range vs {
			for j, b := range vs {
				want := sign(i - j)
				if got := c.o.Compare(a, b); got != want {
					t.Errorf("%s, %s: Compare(%q, %q) = %d, want %d", c.o.Name(), c.source, a, b, got, want)
				}
			}
		}
	}
}

// TestEqual holds spellings of one version together.
func TestEqual(t *testing.T) {
	for _, c := range []struct {
		o    Order
		list string
	}{
		{dpkg, "1.0 1.00 0:1.0 1.0-0 00:1.0-00"},
		{rpm, "1.0-1 0:1.0-1 1_0-1 1.00-01 1.0.-1"},
		{apk, "01.2_rc1-r1 1.2_rc01-r01"},
		{semver, "1.2 v1.2.0 1.2.0+build =1.2.0 V1.2"},
		{golang, "1.21rc2 go1.21rc2 go1.21.0-rc.2 v1.21.0-rc.2+incompatible"},
		{nuget, "1 1.0.0.0 1.0.0+abc"},
		{pep440, "1.0a2 1.0.0-ALPHA_2 v1.a2 01.0.a.2 0!1.0alpha02"},
		{pep440, "1.0.post1 1.0-1 1.0-r1 1.0rev1 1.POST.1"},
		{maven, "1 1.0 1-ga 1.0.0.Final 1-RELEASE 1.0-0"},
		{maven, "1-a1 1-alpha-1 1.alpha1 1.0.0.Alpha1 1.0-ALPHA-1"},
		{maven, "1-0.1 1.0-0.1 1.ga-0.1"},
		{rubygems, "1.rc1 1.0.rc1 1.0.0.rc.1"},
		{rubygems, "1.0.1.a 1.0.1.0.a 1.0.1.0.0.a.0"},
		{packagist, "1.0 v1.0.0.0 1.0-stable 1+build 1.0@stable"},
		{packagist, "1.0-alphadev 1.0a-dev 1.alpha.dev"},
		{packagist, "1.0-beta2 1.0.0b2 1.0.BETA.2"},
		{cran, "1.2-3 1.2.3 1.02.3"},
	} {
		vs := strings.Fields(c.list)
		for _, a := range vs {
			for _, b := range vs {
				if got := c.o.Compare(a, b); got != 0 {
					t.Errorf("%s: Compare(%q, %q) = %d, want 0", c.o.Name(), a, b, got)
				}
			}
		}
	}
}

// TestNonsense: what is no version is told apart, and counts as older than a version that it might be.
func TestNonsense(t *testing.T) {
	for _, c := range []struct {
		o             Order
		invalid, than string
	}{
		{dpkg, "", "0.1"}, {dpkg, "1:", "1:1"}, {dpkg, "1.0-", "1.0-1"}, {dpkg, ":1", "1.1"}, {dpkg, "1 0", "2"},
		{rpm, "", "0"}, {rpm, "1.0-", "1.0-1"}, {rpm, "1 0", "2"},
		{apk, "", "0"}, {apk, "latest", "0"}, {apk, "1.0-1", "1.0"}, {apk, "1.0_foo", "1.0"}, {apk, "1..2", "1.2"}, {apk, "1.0-r", "1.0"},
		{semver, "latest", "0.0.0"}, {semver, "1.x", "1.0.0"}, {semver, "1.2.3rc1", "1.2.3"}, {semver, "1.2.3-a..b", "1.2.3"},
		{golang, "(devel)", "0.0.0"}, {golang, "devel +0123456789", "0.0.0"},
		{pep440, "", "0"}, {pep440, "2.0-custom", "0.dev0"}, {pep440, "unknown", "0.dev0"}, {pep440, "1.0+", "0"},
		{maven, "", "0.1"}, {maven, "${revision}", "1"}, {maven, "[1,2)", "1"},
		{rubygems, "", "0.1"}, {rubygems, "latest", "0"}, {rubygems, "1..2", "1.3"},
		{packagist, "dev-main", "0.0.0-dev"}, {packagist, "1.0-foo", "1.0-dev"}, {packagist, "", "0"},
		{nuget, "1.*", "1.0"}, {nuget, "1.2.3.4.5", "1.2.3.5"}, {pub, "any", "0.0.0"},
		{cran, "1.a", "1.0"}, {cran, "1.a", "1"}, {cran, "", "0"}, {cran, "1.", "1.0"},
	} {
		if c.o.Valid(c.invalid) {
			t.Errorf("%s: %q is taken for a version", c.o.Name(), c.invalid)
		}
		if !c.o.Valid(c.than) {
			t.Errorf("%s: %q is not taken for a version", c.o.Name(), c.than)
		}
		if got := c.o.Compare(c.invalid, c.than); got != -1 {
			t.Errorf("%s: Compare(%q, %q) = %d, want -1", c.o.Name(), c.invalid, c.than, got)
		}
	}
}

// TestGoReleases takes the Go toolchain's own order of its releases.
func TestGoReleases(t *testing.T) {
	vs := []string{"go1.4beta1", "go1.4rc2", "go1.4", "go1.9.2", "go1.20rc1", "go1.20rc3", "go1.20rc10", "go1.20.14", "go1.21rc2", "go1.21rc10", "go1.21.0", "go1.22.1", "go2.0.0"}
	for _, a := range vs {
		for _, b := range vs {
			if got, want := golang.Compare(a, b), goversion.Compare(a, b); got != want {
				t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
		if !golang.Valid(a) || !golang.Valid(a+" X:nocoverageredesign") {
			t.Errorf("%q is not taken for a version", a)
		}
	}
}

// TestLong takes minutes when an order takes quadratic time, and shows one that recurses.
func TestLong(t *testing.T) {
	const n = 1 << 17
	for o := dpkg; o < orders; o++ {
		for _, piece := range []string{"0.", "0-", "0", "-", ".", "a.", "a1", "1.", "~", "x.", ".x", "_rc", "ga."} {
			a, b := "1."+strings.Repeat(piece, n), "1."+strings.Repeat(piece, n)+"1"
			if got := o.Compare(a, b); got != -o.Compare(b, a) {
				t.Errorf("%s: %q many times: %d", o.Name(), piece, got)
			}
			o.Valid(a)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	for o := dpkg; o < orders; o++ {
		for _, p := range golden(t, o.Name()) {
			if n := testing.AllocsPerRun(1, func() { o.Compare(p.a, p.b); o.Valid(p.a) }); n != 0 {
				t.Fatalf("%s: %q and %q allocate %v times", o.Name(), p.a, p.b, n)
			}
		}
	}
}
