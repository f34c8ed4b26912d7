#!/usr/bin/env bash
# Installs what the tests need beyond Rust, Node and a C compiler: a Chromium for the browser tests, kcat and the
# Python client for the client tests. Does nothing when they are there.
set -eu
cd "$(dirname "$0")/.."
packages=()
command -v chromium >/dev/null 2>&1 || packages+=(chromium)
command -v kcat >/dev/null 2>&1 || packages+=(kcat)
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "missing: ${packages[*]}. Install with: sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
cache="${TACHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tacho}"
if [ ! -x "$cache/python/bin/python" ]; then
  python3 -m venv "$cache/python"
  "$cache/python/bin/python" -m pip install --quiet 'confluent-kafka==2.16.1'
fi
# A real Apache Kafka for the tests of `tacho-kafka`.
tools/fetch-kafka.sh >/dev/null
