#!/usr/bin/env bash
# `make drill`: ROUNDS, SEED, KINDS, RATE for rounds; DRILL=store-away with MINUTES, SEED, RATE for a store that is away.
set -eu
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --quiet --release --locked --package tacho-drill
flags=()
# add NAME VALUE: the flag, if there is a value.
add() { [ -z "$2" ] || flags+=("--$1" "$2"); }
add seed "${SEED:-}"
add rate "${RATE:-}"
case "${DRILL:-rounds}" in
rounds)
  add rounds "${ROUNDS:-}"
  add kinds "${KINDS:-}"
  case "${KINDS:-broker}" in
  *broker* | *pipeline*) tools/fetch-kafka.sh >/dev/null ;;
  esac
  ;;
store-away) add minutes "${MINUTES:-}" ;;
*)
  echo "DRILL is rounds or store-away" >&2
  exit 2
  ;;
esac
exec "$target/release/tacho-drill" --tacho "$target/release/tacho" "${DRILL:-rounds}" "${flags[@]}"
