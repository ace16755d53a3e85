package targets

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// Postfix starts the SMTP side of Postfix with these lines in main.cf, and gives its port. It takes no mail. Only root
// starts it.
func Postfix(tb testing.TB, c Issued, lines string) int {
	tb.Helper()
	need.Root(tb)
	master := need.Program(tb, "/usr/lib/postfix/sbin/master")
	owner, err := user.Lookup("postfix")
	if err != nil {
		need.Missing(tb, "%v", err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	for _, d := range []string{"data", "queue", "queue/pid", "queue/private", "queue/public"} {
		d = filepath.Join(c.Dir, d)
		if err := os.Mkdir(d, 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.Chown(d, uid, 0); err != nil {
			tb.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(c.Dir, "queue"), 0, 0); err != nil { // as Postfix demands
		tb.Fatal(err)
	}
	Write(tb, c.Dir, "main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = %[2]s
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
inet_protocols = ipv4
maillog_file = /dev/stdout
smtpd_relay_restrictions = reject
alias_maps =
notify_classes =
smtpd_tls_cert_file = %[3]s
smtpd_tls_key_file = %[4]s
%[5]s
`, c.Dir, filepath.Dir(master), c.Chain, c.Key, lines))
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		Write(tb, c.Dir, "master.cf", fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`, port))
		return exec.Command(master, "-c", c.Dir, "-d")
	})
}
