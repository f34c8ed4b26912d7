#!/usr/bin/env bash
# The map's benchmark: the built binary in a real Chromium. Set TACHO_BIN to measure another binary, VEHICLES="2000 10000"
# and SECONDS_PER_COUNT to change the load; one JSON line per figure on standard output.
set -eu
cd "$(dirname "$0")/.."
export TACHO_BIN="${TACHO_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/release/tacho}"
export CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}"
exec node tests/browser/demand_07_map.bench.mjs
