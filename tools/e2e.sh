#!/usr/bin/env bash
# Browser tests: the built binary in a real Chromium. Set TACHO_BIN to test another binary.
set -eu
cd "$(dirname "$0")/.."
export TACHO_BIN="${TACHO_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/release/tacho}"
export CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}"
exec node --test --test-reporter=tap tests/browser/*.test.mjs
