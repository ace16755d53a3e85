package vuln

import "testing"

// TestManaged: what a distribution brought is told from what an administrator installed beside it.
func TestManaged(t *testing.T) {
	for _, x := range []struct {
		distribution, file string
		want               bool
	}{
		{"Debian:12", "/usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO", true},
		{"Debian:12", "/usr/lib/ruby/gems/3.1.0/specifications/default/abbrev-0.1.0.gemspec", true},
		{"Ubuntu:22.04", "/usr/share/nodejs/ms/package.json", true},
		{"AlmaLinux:9", "/usr/lib/python3.9/site-packages/requests-2.25.1.dist-info/METADATA", true},
		{"Debian:12", "/usr/local/lib/python3.11/dist-packages/requests-2.20.0.dist-info/METADATA", false},
		{"Debian:12", "/usr/lib/python3/../../local/lib/x", false},
		{"Debian:12", "/var/lib/gems/3.1.0/specifications/rack-2.2.3.gemspec", false},
		{"Debian:12", "/usr/lib/node_modules/npm/package.json", false},
		{"Debian:12", "/srv/usr/lib/python3/dist-packages/x", false},
		{"Alpine:v3.19", "/usr/lib/python3.11/site-packages/requests-2.20.0.dist-info/METADATA", false}, // pip installs there too
		{"", "/usr/lib/python3/dist-packages/x", false},
	} {
		if got := Managed(x.distribution, x.file); got != x.want {
			t.Errorf("%s %s: %v", x.distribution, x.file, got)
		}
	}
}
