package vuln

import (
	"path"
	"strings"
)

// Managed tells whether only the package manager of a distribution installs where a file lies. What lies there has the
// fixes of the distribution, whatever version it says: the distribution's advisories speak of it, and those of the
// upstream project do not. What administrators install lies elsewhere: below /usr/local, /opt, /var/lib/gems.
//
// Source: Debian Policy 9.1.2 with the policies for Python (2.1), Ruby, Node.js, Java and Go; Fedora's packaging guidelines
// (sitelib is /usr/lib/python3.N/site-packages, and pip installs below /usr/local).
func Managed(distribution, file string) bool {
	file = path.Clean(file)
	var folders []string
	switch Base(distribution) {
	case "Debian", "Ubuntu":
		folders = debianFolders
	case "AlmaLinux", "Rocky Linux", "Red Hat":
		folders = redHatFolders
	}
	for _, f := range folders {
		if strings.HasPrefix(file, f) {
			return true
		}
	}
	return false
}

var debianFolders = []string{
	"/usr/lib/python3/", "/usr/lib/python3.", "/usr/lib/python2.7/", "/usr/share/python-wheels/", "/usr/share/python3/",
	"/usr/lib/ruby/", "/usr/share/ruby", "/usr/lib/x86_64-linux-gnu/ruby/", "/usr/lib/aarch64-linux-gnu/ruby/",
	"/usr/share/nodejs/", "/usr/lib/nodejs/", "/usr/share/javascript/",
	"/usr/share/java/", "/usr/share/maven-repo/", "/usr/share/gocode/", "/usr/share/cargo/", "/usr/share/php/",
}

var redHatFolders = []string{
	"/usr/lib/python3.", "/usr/lib64/python3.", "/usr/lib/python2.7/", "/usr/lib64/python2.7/", "/usr/share/python-wheels/", "/usr/share/python3-wheels/",
	"/usr/share/gems/", "/usr/share/ruby/", "/usr/lib64/gems/", "/usr/share/rubygems/",
	"/usr/share/java/", "/usr/share/maven-poms/", "/usr/share/php/",
}
