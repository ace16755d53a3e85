package targets

import (
	"fmt"
	"os/exec"
	"testing"

	"holdfast.example/holdfast/internal/need"
)

// PHP starts a FastCGI server of PHP with these settings (name=value), and gives its port. A web server sends it the
// files that it shall execute.
func PHP(tb testing.TB, settings ...string) int {
	tb.Helper()
	bin := need.Program(tb, "php-cgi")
	var args []string
	for _, s := range settings {
		args = append(args, "-d", s)
	}
	return Start(tb, Folder(tb), func(port int) *exec.Cmd {
		return exec.Command(bin, append(args, "-b", fmt.Sprint("127.0.0.1:", port))...)
	})
}
