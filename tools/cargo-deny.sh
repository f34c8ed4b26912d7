#!/usr/bin/env bash
# Runs cargo-deny, installed once into the cache. Advisories need the advisory database from the network and are
# checked where it can be reached; licences, bans and sources always.
set -eu
cd "$(dirname "$0")/.."
version=0.20.2
cache="${TACHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tacho}/cargo-deny-$version"
if [ ! -x "$cache/bin/cargo-deny" ]; then
  echo "installing cargo-deny $version (once)"
  CARGO_TARGET_DIR="$cache/target" cargo install --quiet --locked --root "$cache" --version "$version" cargo-deny
  rm -rf "$cache/target"
fi
"$cache/bin/cargo-deny" --log-level error check licenses bans sources
