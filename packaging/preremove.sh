#!/bin/sh
set -e
# On an upgrade the new version restarts what runs.
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
	systemctl disable --now holdfast.service holdfast-agent.service || true
fi
