package targets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// What the lines of a test may need; a module that is loaded does nothing until it is told to.
var apacheModules = []string{"mpm_event", "authz_core", "authn_core", "ssl", "headers", "alias", "autoindex", "mime", "dir", "env", "actions", "status", "info", "cgid",
	"include", "dav", "dav_fs", "negotiation"}

// Apache starts Apache httpd with these lines in its configuration, and gives its port. What it serves is below www of
// the folder of the certificate, with a first page if it has none.
func Apache(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	bin := need.Program(tb, "apache2", "httpd")
	if _, err := os.Stat(filepath.Join(c.Dir, "www/page.html")); err != nil {
		Write(tb, c.Dir, "www/page.html", "hello")
	}
	var load strings.Builder
	for _, m := range apacheModules {
		fmt.Fprintf(&load, "LoadModule %[1]s_module /usr/lib/apache2/modules/mod_%[1]s.so\n", m)
	}
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, "-D", "FOREGROUND", "-f", Write(tb, c.Dir, "apache.conf", fmt.Sprintf(`%[1]s
ServerRoot %[2]s
DefaultRuntimeDir %[2]s
PidFile %[2]s/pid
ScriptSock %[2]s/cgid
DavLockDB %[2]s/lock
ErrorLog /dev/stderr
TypesConfig /etc/mime.types
User www-data
Group www-data
ServerName localhost
Listen 127.0.0.1:%[3]d
SSLEngine on
SSLCertificateFile %[4]s
SSLCertificateKeyFile %[5]s
DocumentRoot %[2]s/www
DirectoryIndex page.html
<Directory %[2]s/www>
	Require all granted
</Directory>
%[6]s
`, load.String(), c.Dir, port, c.Chain, c.Key, lines)))
	})
}
