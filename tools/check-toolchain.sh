#!/usr/bin/env bash
# Says which toolchain is missing and how to get it. Silent when all is there.
set -u
missing=0
need() { # command, what for, how to install
  command -v "$1" >/dev/null 2>&1 && return
  missing=1
  printf '%s is missing (%s). Install it with: %s\n' "$1" "$2" "$3" >&2
}
need cargo 'Rust, builds the binary' "curl https://sh.rustup.rs -sSf | sh"
need cc 'a C compiler, builds librdkafka' 'apt-get install build-essential'
need make 'builds librdkafka' 'apt-get install build-essential'
need perl 'configures OpenSSL, for TLS and SASL to Kafka' 'apt-get install perl'
need node 'Node.js 20 or newer, builds the dashboard' 'apt-get install nodejs npm'
need npm 'installs the dashboard and the ClickHouse library' 'apt-get install npm'
if command -v node >/dev/null 2>&1; then
  major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
  if [ "$major" -lt 20 ]; then
    missing=1
    echo "Node.js $major is too old: version 20 or newer is needed, see https://nodejs.org" >&2
  fi
fi
exit $missing
