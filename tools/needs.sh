#!/bin/sh
# Installs what the tests need, when root on a Debian system; says what is missing otherwise.
set -eu
packages="systemd openssh-server openssh-client iproute2 nftables sudo busybox-static gcc libc6-dev git openssl rpm
	nginx apache2 haproxy stunnel4 php-cgi
	postgresql mariadb-server-core postfix dovecot-imapd dovecot-pop3d dovecot-managesieved slapd prosody vsftpd
	chromium fonts-dejavu-core"
command -v npm >/dev/null || packages="$packages npm"
missing=""
for p in $packages; do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -q '^installed$' || missing="$missing $p"
done
# What the browser tests load into pages.
axe() {
	[ -e test/e2e/node_modules/axe-core/axe.min.js ] && return
	command -v npm >/dev/null && npm ci --silent --ignore-scripts --prefix test/e2e || echo "the browser tests cannot look at accessibility: npm ci --prefix test/e2e" >&2
}
if [ -z "$missing" ]; then
	axe
	exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "tests that need these will be skipped:$missing" >&2
	exit 0
fi
echo "installing for the tests:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# A policy that starts no service: the tests start their own servers.
if [ ! -e /usr/sbin/policy-rc.d ]; then
	printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get update -qq
# Postfix asks what it shall be; nothing: the tests bring their own configuration.
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
axe
