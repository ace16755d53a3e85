#!/bin/sh
# The version of what is built: a tag; without one it is older than any release and says the commit.
set -eu
version=$(git describe --tags --exact-match 2>/dev/null | sed 's/^v//' || true)
[ -n "$version" ] || version=0.1.0~$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd).$(git rev-parse --short=12 HEAD)
echo "$version"
