#!/usr/bin/env bash
# `make score`: plays every scenario (or SCENARIOS="a b"), clean and with faults, into a `tacho up` of its own, compares
# with the truth, prints the tables, and fails when a figure is under its target: 1.0 clean, 0.98 with faults. SEED=3 plays
# another seed than 1.
set -u
cd "$(dirname "$0")/.." || exit 1
tacho="$(realpath "${CARGO_TARGET_DIR:-target}")/release/tacho"
faults="${FAULTS:-noise=5m,reorder=2%,duplicate=1%,late=1%}"
work=$(mktemp -d)
instance=
stop() { [ -z "$instance" ] || { kill "$instance" && wait "$instance"; } 2>/dev/null; instance=; }
trap 'stop; rm -rf "$work"' EXIT
export TACHO_LOG_LEVEL="${TACHO_LOG_LEVEL:-warn}"

# check TARGET: reads a table; prints the lines of types whose precision or recall is under it, and `unexpected` ones.
check() {
  awk -v target="$1" 'NF == 7 && $2 != "precision" && ($2 == "-" || $2 < target || $3 == "-" || $3 < target) || /^unexpected/'
}

# play SCENARIO TARGET [FLAGS...]
play() {
  local scenario=$1 target=$2 data="$work/data" address table low
  shift 2
  rm -rf "$data" "$work/ready"
  "$tacho" up --data-dir "$data" --http 127.0.0.1:0 --kafka 127.0.0.1:0 >"$work/ready" &
  instance=$!
  until [ -s "$work/ready" ]; do
    kill -0 "$instance" 2>/dev/null || { echo "tacho up did not start" >&2; return 1; }
    sleep 0.1
  done
  address=$(sed -E 's/.*"kafka":"([^"]+)".*/\1/' "$work/ready")
  "$tacho" simulate --brokers "$address" --scenario "$scenario" --speedup max --seed "${SEED:-1}" --truth "$work/truth.ndjson" "$@" \
    >/dev/null &&
    "$tacho" score --truth "$work/truth.ndjson" --data-dir "$data" --details >"$work/table"
  local code=$?
  stop
  [ "$code" -eq 0 ] || return 1
  echo "## $scenario $*"
  grep -v '^    ' "$work/table"
  echo
  low=$(check "$target" <"$work/table")
  [ -z "$low" ] && return 0
  printf 'under %s in %s %s:\n%s\n' "$target" "$scenario" "$*" "$low"
  grep '^    ' "$work/table"
  return 1
}

failed=0
for scenario in ${SCENARIOS:-city-delivery ride-hailing long-haul incident-day}; do
  play "$scenario" 1 || failed=1
  play "$scenario" 0.98 --faults "$faults" || failed=1
done
exit "$failed"
