package packages

import "holdfast.example/holdfast/internal/vuln/version"

// debian is the order of the versions of Debian packages: deb-version(7).
var debian, _ = version.For("Debian")

// Compare orders two Debian versions. It is total: whatever the strings are, it gives -1, 0 or 1, antisymmetric and
// transitive. "1.0" and "1.00" are equal, as dpkg has it.
func Compare(a, b string) int { return debian.Compare(a, b) }

func digit(c byte) bool { return '0' <= c && c <= '9' }
