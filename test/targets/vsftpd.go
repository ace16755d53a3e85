package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Vsftpd starts one with these lines in its configuration, and gives its port. Only root starts it.
func Vsftpd(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	need.Root(tb)
	bin := need.Program(tb, "vsftpd")
	Write(tb, c.Dir, "empty/none", "")
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, Write(tb, c.Dir, "vsftpd.conf", fmt.Sprintf(`listen=YES
listen_address=127.0.0.1
listen_port=%d
background=NO
anonymous_enable=NO
local_enable=YES
secure_chroot_dir=%s/empty
rsa_cert_file=%s
rsa_private_key_file=%s
%s
`, port, c.Dir, c.Chain, c.Key, lines)))
	})
}
