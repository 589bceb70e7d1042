#!/bin/sh
# The browser checks drive a Chromium or Chrome that is there; root on Debian gets one installed.
set -u

have_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

have_browser && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser checks ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
    have_browser && exit 0
fi
echo "The browser checks need Chromium or Google Chrome: install one (on Debian: apt-get install chromium)." >&2
exit 1
