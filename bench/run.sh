#!/usr/bin/env bash
# `make bench`: builds with the `dist` profile (LTO, no assertions), measures, appends to bench/history.jsonl.
# ONLY=latency,recovery selects. More flags go to the harness: bench/run.sh --events 5000000
set -eu
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --quiet --profile dist --locked --package tacho --package tacho-bench
only=()
[ -z "${ONLY:-}" ] || only=(--only "$ONLY")
exec "$target/dist/tacho-bench" --tacho "$target/dist/tacho" --history bench/history.jsonl "${only[@]}" "$@"
