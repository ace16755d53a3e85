#!/bin/sh
# The linters: formatting, vet, staticcheck, govulncheck, a tidy go.mod, and generated files that are current.
set -eu
bad=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$bad" ]; then
	echo "gofmt -w these files:" >&2
	echo "$bad" >&2
	exit 1
fi
go vet ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
# Known vulnerabilities of what is built in, from a copy of the Go database: it needs no network and is as
# old as the copy. GO_ADVISORIES names another.
advisories=${GO_ADVISORIES:-../shared/data/advisories/osv/Go/all.zip}
if [ -e "$advisories" ]; then
	db=$(mktemp -d)
	trap 'rm -rf "$db"' EXIT
	go run ./tools/vulndb "$advisories" "$db"
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -db "file://$db" ./...
else
	echo "govulncheck: left out, no advisories at $advisories" >&2
fi
go mod tidy -diff
go generate ./...
git diff --exit-code -- internal/subject/all internal/web docs/coverage.md
