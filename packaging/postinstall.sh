#!/bin/sh
set -e
if ! getent passwd holdfast >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/holdfast --no-create-home --shell /usr/sbin/nologin holdfast
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# After an upgrade what runs goes on with the new version; nothing is started that was not.
	systemctl try-restart holdfast.service holdfast-agent.service || true
fi
