#!/bin/sh
# Builds dist/holdfast-image.tar, an OCI layout for amd64 and arm64, and beside it what is in it as CycloneDX: the same bytes of
# the image from the same commit, wherever it is built. No container engine is needed.
set -eu
out=dist/image
rm -rf "$out"
mkdir -p "$out"
version=$(sh tools/version.sh)
for arch in amd64 arm64; do
	CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$version" -o "$out/holdfast-$arch" ./cmd/holdfast
done
go run ./tools/image -version "$version" -revision "$(git rev-parse HEAD)" -epoch "$(git log -1 --format=%ct)" -out dist/holdfast-image.tar "amd64=$out/holdfast-amd64" "arm64=$out/holdfast-arm64"
# The list is what the program of this machine sees in the file system of the image.
here=$out/holdfast-$(go env GOHOSTARCH)
mkdir -p "$out/root/usr/bin"
cp "$out/holdfast-amd64" "$out/root/usr/bin/holdfast"
"$here" --state "$out/state" assess "rootfs:$out/root" --subject holdfast-image --fail-on never >"$out/assess.log" 2>&1 || [ $? = 1 ] || { cat "$out/assess.log" >&2; exit 1; }
"$here" --state "$out/state" sbom -o dist/holdfast-image.cdx.json
rm -rf "$out"
