# Holdfast: make run (build, judge this machine and, on a terminal, show it in a browser), make test (everything that must hold).
VERSION := $(shell git describe --tags --always 2>/dev/null || echo 0.1.0-dev)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
export CGO_ENABLED ?= 0

.PHONY: run build test needs lint generate fuzz bench compare cross soak e2e deb image reproducible

run: build
	./holdfast assess --fail-on never
	@if [ -t 0 ] && [ -t 1 ]; then ./holdfast serve; fi

build:
	go build $(GOFLAGS_BUILD) -o holdfast ./cmd/holdfast

cross:
	GOARCH=arm64 go build $(GOFLAGS_BUILD) -o dist/holdfast-arm64 ./cmd/holdfast
	GOARCH=amd64 go build $(GOFLAGS_BUILD) -o dist/holdfast-amd64 ./cmd/holdfast

# The Debian package, in dist.
deb:
	sh tools/package.sh

# The container image, in dist: an OCI layout for amd64 and arm64. No container engine is needed.
image:
	sh tools/image.sh

# The same commit makes the same package and the same image wherever it is built.
reproducible:
	sh tools/reproducible.sh

# The servers that the tests need. Without root they must be there already; tests that lack one skip
# with a reason, and fail under CI=true.
needs:
	@sh tools/needs.sh

test: needs build
	go vet ./...
	CGO_ENABLED=1 go test -race -shuffle=on ./...

# The pages in a browser, by two people; takes the pictures of docs/pages.
e2e: needs build
	HOLDFAST_PICTURES=$(CURDIR)/docs/pages CI=true go test -count=1 -v ./test/e2e

lint:
	sh tools/lint.sh

generate:
	go generate ./...

# A short round over every fuzz target; make soak takes longer.
fuzz:
	sh tools/fuzz.sh 10s

soak:
	sh tools/fuzz.sh 5m

bench:
	go test -run '^$$' -bench . -benchmem ./...

compare: build
	sh tools/compare.sh
	go run ./tools/comparetls -holdfast ./holdfast -explained docs/compare/tls.md
	go run ./tools/comparevulns -holdfast ./holdfast -explained docs/compare/vulnerabilities.md
