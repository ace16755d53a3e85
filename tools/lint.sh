#!/bin/sh
# The linters: formatting, vet, staticcheck, a tidy go.mod, and generated files that are current.
set -eu
bad=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$bad" ]; then
	echo "gofmt -w these files:" >&2
	echo "$bad" >&2
	exit 1
fi
go vet ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
go mod tidy -diff
go generate ./...
git diff --exit-code -- internal/subject/all docs/coverage.md
