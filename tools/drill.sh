#!/usr/bin/env bash
# `make drill`: ROUNDS, SEED, KINDS, RATE for rounds; DRILL=store-away with MINUTES, SEED, RATE for a store that is away;
# DRILL=recompute with VEHICLES, HOURS, SEED for numbers against SQL.
set -eu
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --quiet --release --locked --package tacho-drill
flags=()
# add NAME VALUE: the flag, if there is a value.
add() { [ -z "$2" ] || flags+=("--$1" "$2"); }
add seed "${SEED:-}"
case "${DRILL:-rounds}" in
rounds)
  add rate "${RATE:-}"
  add rounds "${ROUNDS:-}"
  add kinds "${KINDS:-}"
  case "${KINDS:-broker}" in
  *broker* | *pipeline*) tools/fetch-kafka.sh >/dev/null ;;
  esac
  ;;
store-away)
  add rate "${RATE:-}"
  add minutes "${MINUTES:-}"
  ;;
recompute)
  add vehicles "${VEHICLES:-}"
  add hours "${HOURS:-}"
  ;;
*)
  echo "DRILL is rounds, store-away or recompute" >&2
  exit 2
  ;;
esac
exec "$target/release/tacho-drill" --tacho "$target/release/tacho" "${DRILL:-rounds}" "${flags[@]}"
