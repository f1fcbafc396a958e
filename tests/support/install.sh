#!/bin/sh
# Installs the programs that the tests start, where they are missing and apt is at hand.
#
# A machine without apt is left alone: what is missing is named here, and the tests that need
# it are skipped (or fail, where CI=true).
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

missing=''
has curl || missing="$missing curl"
has chromium || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || has initdb || missing="$missing postgresql"
has mariadbd || [ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
{ has fc-list && fc-list :lang=zh-cn | grep -q .; } || missing="$missing fontconfig fonts-noto-cjk"

[ -n "$missing" ] || exit 0

if ! has apt-get; then
    echo "Not installed (no apt here):$missing" >&2
    exit 0
elif [ "$(id -u)" = 0 ]; then
    as_root=''
elif has sudo && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    echo "Not installed (needs root):$missing" >&2
    exit 0
fi

echo "Installing:$missing"
# shellcheck disable=SC2086  # lists of words
apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=300 "$@"; }
# shellcheck disable=SC2086
apt update && apt install --yes --no-install-recommends $missing ||
    echo "apt could not install:$missing" >&2
