package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Slapd starts OpenLDAP without a directory, with these lines in its configuration, and gives its port. In Debian its
// TLS is GnuTLS.
func Slapd(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	bin := need.Program(tb, "slapd")
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, "-d", "0", "-h", fmt.Sprintf("ldap://127.0.0.1:%d", port), "-f", Write(tb, c.Dir, "slapd.conf", fmt.Sprintf(`pidfile %s/pid
include /etc/ldap/schema/core.schema
%s
database config
`, c.Dir, lines)))
	})
}

// SlapdTLS are the lines with which it knows its certificate.
func SlapdTLS(c Issued) string {
	return fmt.Sprintf("TLSCertificateFile %s\nTLSCertificateKeyFile %s\n", c.Chain, c.Key)
}
