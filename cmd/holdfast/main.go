// Command holdfast declares, sees, judges, keeps and reports the secure operation of systems in
// production.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"holdfast.example/holdfast/internal/cli"
)

// version is set by the Makefile.
var version = "0.1.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, version, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
