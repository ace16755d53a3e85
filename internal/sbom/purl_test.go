package sbom

import (
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/vuln"
)

// TestPURL: each package URL becomes the package of which advisories speak.
func TestPURL(t *testing.T) {
	for text, want := range map[string]string{
		// The source package; its version only when it is given.
		"pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12.11&upstream=openssl":                          "Debian:12 openssl 3.0.11-1~deb12u2 [libssl3]",
		"pkg:deb/debian/bash@5.2.15-2%2Bb8?arch=amd64&distro=debian-12.11&upstream=bash%405.2.15-2":                        "Debian:12 bash 5.2.15-2 [bash]",
		"pkg:deb/debian/bsdutils@1%3A2.38.1-5%2Bdeb12u3?distro=debian-12&upstream=util-linux%402.38.1-5%2Bdeb12u3":         "Debian:12 util-linux 2.38.1-5+deb12u3 [bsdutils]",
		"pkg:deb/debian/libldb2@2%3A2.6.2%2Bsamba4.17.12?distro=debian-12&upstream=samba%402%3A4.17.12%2Bdfsg-0%2Bdeb12u4": "Debian:12 samba 2:4.17.12+dfsg-0+deb12u4 [libldb2]",
		"pkg:deb/debian/linux-image-6.1.0-21-amd64@6.1.90-1?distro=debian-12&upstream=linux-signed-amd64%406.1.90%2B1":     "Debian:12 linux 6.1.90-1 [linux-image-6.1.0-21-amd64]",
		"pkg:deb/debian/openssl@3.0.11-1?arch=source&distro=bookworm":                                                      "Debian:12 openssl 3.0.11-1",
		"pkg:deb/debian/curl@7.88?distro=debian-bookworm":                                                                  "Debian:12 curl 7.88 [curl]",
		"PKG:DEB/Debian/curl@7.88?Distro=Debian-12":                                                                        "Debian:12 curl 7.88 [curl]",
		"pkg:deb/ubuntu/curl@7.81?distro=ubuntu-22.04":                                                                     "Ubuntu:22.04 curl 7.81 [curl]",
		"pkg:deb/ubuntu/curl@7.81?distro=jammy":                                                                            "Ubuntu:22.04 curl 7.81 [curl]",
		"pkg:deb/debian/curl@7.88":                                                                                         "",
		"pkg:deb/kali/curl@7.88?distro=kali-2024.1":                                                                        "none",
		"pkg:rpm/almalinux/bash@5.1.8-9.el9?arch=x86_64&distro=almalinux-9.4&upstream=bash-5.1.8-9.el9.src.rpm":            "AlmaLinux:9 bash 5.1.8-9.el9",
		"pkg:rpm/almalinux/dbus@1.12.20-8.el9?distro=almalinux-9.4&epoch=1":                                                "AlmaLinux:9 dbus 1:1.12.20-8.el9",
		"pkg:rpm/redhat/bash@5.1.8-9.el9?distro=rhel-9.4":                                                                  "Red Hat:9 bash 5.1.8-9.el9",
		"pkg:rpm/redhat/bash@5.1.8-9.el9?distro=redhat-9.4":                                                                "Red Hat:9 bash 5.1.8-9.el9",
		"pkg:rpm/rocky/bash@5?distro=rocky-9.3":                                                                            "Rocky Linux:9 bash 5",
		"pkg:apk/alpine/libssl3@3.1.4-r1?distro=alpine-3.19.1&upstream=openssl":                                            "Alpine:v3.19 openssl 3.1.4-r1 [libssl3]",
		"pkg:apk/alpine/musl@1.2.4-r2?distro=3.18.4":                                                                       "Alpine:v3.18 musl 1.2.4-r2 [musl]",
		"pkg:apk/wolfi/bash@5.2-r1":                                                                                        "Wolfi bash 5.2-r1 [bash]",
		"pkg:npm/%40babel/core@7.0.0":                                                                                      "npm @babel/core 7.0.0",
		"pkg:npm/@babel/core@7.0.0":                                                                                        "npm @babel/core 7.0.0",
		"pkg:npm/@babel/core":                                                                                              "npm @babel/core ",
		"pkg:npm/babel/core@7.0.0":                                                                                         "npm @babel/core 7.0.0",
		"pkg:pypi/Ruamel.Yaml@0.17":                                                                                        "PyPI ruamel-yaml 0.17",
		"pkg:golang/golang.org/x/net@v0.1.0#html":                                                                          "Go golang.org/x/net 0.1.0",
		"pkg:golang/stdlib@go1.22.1":                                                                                       "Go stdlib 1.22.1",
		"pkg:golang/github.com/Masterminds/goutils@v1.1.0":                                                                 "Go github.com/Masterminds/goutils 1.1.0",
		"pkg:cargo/time@0.1.43":                                                                                            "crates.io time 0.1.43",
		"pkg:gem/rack@2.2.3?platform=ruby":                                                                                 "RubyGems rack 2.2.3",
		"pkg:nuget/Newtonsoft.Json@12.0.1":                                                                                 "NuGet Newtonsoft.Json 12.0.1",
		"pkg:composer/symfony/http-kernel@v6.4.0":                                                                          "Packagist symfony/http-kernel v6.4.0",
		"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar":                                                    "Maven org.apache.logging.log4j:log4j-core 2.14.1",
		"pkg:hex/phoenix@1.7.0":                                                                                            "Hex phoenix 1.7.0",
		"pkg:pub/http@0.13.0":                                                                                              "Pub http 0.13.0",
		"pkg://npm//ms@2.0.0":                                                                                              "npm ms 2.0.0",
		"pkg:generic/thing@1":                                                                                              "none",
		"pkg:oci/shop@sha256:00":                                                                                           "none",
		"npm/ms@2.0.0":                                                                                                     "error",
		"pkg:npm":                                                                                                          "error",
		"pkg:npm/":                                                                                                         "error",
		"pkg:npm/%zz@1":                                                                                                    "error",
		"pkg:npm/" + strings.Repeat("a", 5000):                                                                             "error",
	} {
		u, err := ParsePURL(text)
		got := "error"
		if err == nil {
			p, known := u.Package("")
			switch {
			case !known:
				got = "none"
			case p.Ecosystem == "":
				got = ""
			default:
				got = p.Ecosystem + " " + p.Name + " " + p.Version
				if len(p.Installed) > 0 {
					got += " [" + p.Installed[0] + "]"
				}
			}
		}
		if got != want {
			t.Errorf("%.90s: %q, want %q (%v)", text, got, want, err)
		}
	}
}

// FuzzPurl: a package that was read gives, written and read again, the same package.
func FuzzPurl(f *testing.F) {
	for _, s := range []string{"pkg:deb/debian/libldb2@2%3A2.6.2?distro=debian-12&upstream=samba%402%3A4.17.12", "pkg:rpm/almalinux/dbus@1.12.20-8.el9?distro=almalinux-9.4&epoch=1",
		"pkg:apk/alpine/musl@1.2.4-r2?distro=3.18.4", "pkg:npm/%40babel/core@7.0.0", "pkg:golang/golang.org/x/net@v0.1.0#html", "pkg:maven/a.b/c@1?type=jar", "pkg:composer/a/b@v1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParsePURL(s)
		if err != nil {
			if u.Type != "" {
				t.Fatalf("%v with an error", u)
			}
			return
		}
		p, known := u.Package("")
		if !known || p.Ecosystem == "" || p.Version == "" || vuln.IsDistribution(p.Ecosystem) {
			return
		}
		p.Places, p.Installed = nil, nil
		again, err := ParsePURL(EntryOf(p).PURL)
		if err != nil {
			t.Fatalf("%q became %q: %v", s, EntryOf(p).PURL, err)
		}
		q, _ := again.Package("")
		if q.Ecosystem != p.Ecosystem || vuln.Name(q.Ecosystem, q.Name) != vuln.Name(p.Ecosystem, p.Name) || q.Version != p.Version {
			t.Fatalf("%q became %q: %+v, then %+v", s, EntryOf(p).PURL, p, q)
		}
	})
}
