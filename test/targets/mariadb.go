package targets

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// MariaDB starts one without tables and with these arguments, and gives its port.
func MariaDB(tb testing.TB, c Issued, args ...string) int {
	tb.Helper()
	bin := need.Program(tb, "mariadbd")
	Write(tb, c.Dir, "data/none", "")
	return Start(tb, c.Dir, func(port int) *exec.Cmd {
		return exec.Command(bin, append([]string{"--no-defaults", "--user=root", "--datadir=" + filepath.Join(c.Dir, "data"), "--socket=" + filepath.Join(c.Dir, "socket"),
			"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port), "--skip-grant-tables", "--skip-innodb", "--default-storage-engine=Aria"}, args...)...)
	})
}
