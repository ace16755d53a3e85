#!/bin/sh
# Builds the package and the image of the commit that is checked out twice, in two other folders, and compares.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for n in one another/deeper; do
	git clone -q . "$work/$n"
	(cd "$work/$n" && sh tools/package.sh | cut -d' ' -f1) >> "$work/sums"
	(cd "$work/$n" && sh tools/image.sh >/dev/null && sha256sum dist/holdfast-image.tar | cut -d' ' -f1) >> "$work/images"
done
if [ "$(sort -u "$work/images" | wc -l)" != 1 ]; then
	echo "the two images differ:" >&2
	cat "$work/images" >&2
	exit 1
fi
echo "both images have SHA-256 $(head -1 "$work/images")"
if [ "$(sort -u "$work/sums" | wc -l)" != 1 ]; then
	echo "the two builds differ:" >&2
	cat "$work/sums" >&2
	exit 1
fi
echo "both packages have SHA-256 $(head -1 "$work/sums")"
