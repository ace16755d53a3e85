// Command holdfast declares, sees, judges, keeps and reports the secure operation of systems in
// production.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // deadlines run in the zone of the organisation, also where the machine has no table of zones

	"holdfast.example/holdfast/internal/cli"
)

// version is set by the Makefile.
var version = "0.1.0-dev"

// softMemory is what the collector of garbage aims at, in bytes: a thousand hosts are judged within
// 500 MB. GOMEMLIMIT sets another.
const softMemory = 450 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, version, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
