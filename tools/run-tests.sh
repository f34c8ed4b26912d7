#!/usr/bin/env bash
# Runs every test of every runner, shows their output, and ends with one line: `N passed, N failed`.
# A runner that fails without saying how many tests failed counts as one failure.
set -u
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
passed=0
failed=0

# run NAME PATTERN-OF-PASSED PATTERN-OF-FAILED COMMAND...: the patterns' first group is a count, summed over lines.
run() {
  local name=$1 passed_pattern=$2 failed_pattern=$3 code ok bad
  shift 3
  echo "== $name"
  "$@" 2>&1 | tee "$log/$name"
  code=${PIPESTATUS[0]}
  count() { sed 's/\x1b\[[0-9;]*m//g' "$log/$name" | sed -nE "s/.*$1.*/\1/p" | awk '{n += $1} END {print n + 0}'; }
  ok=$(count "$passed_pattern")
  bad=$(count "$failed_pattern")
  if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
  fi
  passed=$((passed + ok))
  failed=$((failed + bad))
}

rust='^test result: [^.]*\. ([0-9]+) passed'
rust_failed='^test result: .* ([0-9]+) failed'
run rust "$rust" "$rust_failed" cargo test --release --locked --workspace --no-fail-fast --quiet
run web 'Tests .* ([0-9]+) passed' 'Tests +([0-9]+) failed' npm --prefix web run --silent test
run browser '^# pass ([0-9]+)' '^# fail ([0-9]+)' tools/e2e.sh

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
