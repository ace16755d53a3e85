#!/bin/sh
# Builds dist/holdfast_VERSION_ARCH.deb: the same bytes from the same commit, wherever it is built.
set -eu
arch=${GOARCH:-$(go env GOARCH)}
out=dist/package
mkdir -p "$out"
version=$(sh tools/version.sh)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH VERSION="$version" GOARCH="$arch"
flags="-trimpath -buildvcs=false"
CGO_ENABLED=0 GOARCH=$arch go build $flags -ldflags "-s -w -buildid= -X main.version=$version" -o "$out/holdfast" ./cmd/holdfast
# Completion and manual come from a program that runs here.
CGO_ENABLED=0 GOARCH= go build $flags -ldflags "-X main.version=$version" -o "$out/here" ./cmd/holdfast
"$out/here" completion bash > "$out/holdfast.bash"
"$out/here" completion zsh > "$out/_holdfast"
"$out/here" completion fish > "$out/holdfast.fish"
"$out/here" man > "$out/holdfast.1"
rm "$out/here"
GOARCH= go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2 package --packager deb --config packaging/nfpm.yaml --target dist/ >/dev/null
sha256sum "dist/holdfast_${version}_${arch}.deb"
