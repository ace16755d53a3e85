#!/bin/sh
# Runs Holdfast, OpenSCAP and Lynis on this host one after the other, prints what each took and where
# they disagree. Holdfast goes first: it pays for what the page cache does not hold yet.
#
#	PROFILE='(all)' sh tools/compare.sh    every rule of OpenSCAP's content; takes minutes
#	KEEP=DIR        sh tools/compare.sh    keeps the raw results
set -eu
profile=${PROFILE:-xccdf_org.ssgproject.content_profile_standard}
content=/usr/share/xml/scap/ssg/content
export LC_ALL=C

missing=""
for p in lynis openscap-scanner ssg-debian time nginx sslscan testssl.sh; do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -q '^installed$' || missing="$missing $p"
done
if [ -n "$missing" ] && [ "$(id -u)" != 0 ]; then
	echo "compare needs these packages, and root to install them:$missing" >&2
	exit 2
fi
if [ -n "$missing" ]; then
	echo "installing:$missing" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
[ "$(id -u)" = 0 ] || echo "not root: all three see less" >&2

dir=${KEEP:-$(mktemp -d)}
[ -n "${KEEP:-}" ] || trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir"
: >"$dir/times"
go build -trimpath -o "$dir/comparehost" ./tools/comparehost

# The content for this release, else the newest one for an older release, made to accept this one.
here=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release)
release=$here
while [ "$release" -gt 8 ] && [ ! -e "$content/ssg-debian$release-ds.xml" ]; do
	release=$((release - 1))
done
[ -e "$content/ssg-debian$release-ds.xml" ] || { echo "no content for Debian in $content" >&2; exit 2; }
sed "s/\^$release\.\[0-9\]+\\$/^$here.[0-9]+$/" "$content/ssg-debian$release-ds.xml" >"$dir/content.xml"
note="content for Debian $release, profile ${profile#xccdf_org.ssgproject.content_profile_}"
# OpenSCAP takes /.dockerenv for a container and then skips most rules. A disk made of an image keeps
# that file; a machine is told by its kernel threads, which no container with PIDs of its own sees.
if [ -e /.dockerenv ] && [ "$(cat /proc/2/comm)" = kthreadd ]; then
	sed -i 's#/\.dockerenv#/.dockerenv-of-a-container#' "$dir/content.xml"
	note="$note, told that this is no container"
fi

# measure NAME STATUS COMMAND...: STATUS is the one besides 0 that means faults were found.
measure() {
	name=$1 also=$2 status=0
	shift 2
	echo "running: $name" >&2
	/usr/bin/time -q -o "$dir/cost" -f '%e\t%M' "$@" >"$dir/out" 2>"$dir/err" || status=$?
	if [ "$status" != 0 ] && [ "$status" != "$also" ]; then
		echo "$name failed with status $status:" >&2
		cat "$dir/err" >&2
		exit 2
	fi
	printf '%s\t%s\n' "$(cat "$dir/cost")" "$name" >>"$dir/times"
}
measure "Holdfast" 0 ./holdfast --state "$dir/state" assess --fail-on never --format json -o "$dir/holdfast.json"
measure "Holdfast --deep" 0 ./holdfast --state "$dir/state" assess --deep --timeout 10m --fail-on never --format json -o "$dir/deep.json"
measure "OpenSCAP, $note" 2 oscap xccdf eval --profile "$profile" --results "$dir/oscap.xml" "$dir/content.xml"
measure "Lynis" 78 lynis audit system --quiet --no-colors --report-file "$dir/lynis.dat" --logfile "$dir/lynis.log"

# shellcheck disable=SC1091
. /etc/os-release
echo "$(date -u +%F), $PRETTY_NAME, $(nproc) cores, $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
echo "lynis $(dpkg-query -W -f '${Version}' lynis), openscap-scanner $(dpkg-query -W -f '${Version}' openscap-scanner), ssg-debian $(dpkg-query -W -f '${Version}' ssg-debian)"
"$dir/comparehost" -times "$dir/times" -holdfast "$dir/holdfast.json" -oscap "$dir/oscap.xml" \
	-lynis "$dir/lynis.dat" -explained docs/compare/host.md
