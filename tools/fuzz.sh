#!/usr/bin/env bash
# Fuzzes every target of fuzz/, or the one named TARGET, for SECONDS each, one process at a time, and prints what each
# did: executions, findings. What it finds lies in $CARGO_TARGET_DIR/fuzz/artifacts/TARGET; the inputs that it learned
# from stay in $CARGO_TARGET_DIR/fuzz/corpus/TARGET, and KEEP=1 adds the small ones to the kept corpus.
# cargo-fuzz wants nightly flags: RUSTC_BOOTSTRAP=1 gives them to the pinned compiler.
set -eu
cd "$(dirname "$0")/.."
version=0.13.2
seconds=${SECONDS_PER_TARGET:-600}
memory_mb=${MEMORY_MB:-2048}
cache="${TACHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tacho}/cargo-fuzz-$version"
if [ ! -x "$cache/bin/cargo-fuzz" ]; then
  echo "installing cargo-fuzz $version (once)"
  CARGO_TARGET_DIR="$cache/target" cargo install --quiet --locked --root "$cache" --version "$version" cargo-fuzz
  rm -rf "$cache/target"
fi
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")/fuzz
targets=${TARGET:-$(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | grep -v '^tacho-fuzz$')}
export RUSTC_BOOTSTRAP=1
fuzz() { "$cache/bin/cargo-fuzz" fuzz "$@"; }
options=(--fuzz-dir fuzz --target-dir "$target_dir/build" --sanitizer "${SANITIZER:-address}")
# shellcheck disable=SC2086 # TARGET may name several
for target in $targets; do
  fuzz build "${options[@]}" "$target" 2>&1 | grep -E '^(error|warning: unused)' && exit 1
done
failed=0
printf '%-14s %12s %10s %9s %9s  %s\n' target executions per_second corpus peak_mb findings
for target in $targets; do
  work=$target_dir/corpus/$target
  artifacts=$target_dir/artifacts/$target
  mkdir -p "$work" "$artifacts"
  log=$target_dir/$target.log
  before=$(find "$artifacts" -type f | wc -l)
  fuzz run "${options[@]}" "$target" "$work" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb="$memory_mb" -malloc_limit_mb="$memory_mb" -timeout=10 -max_len=8192 \
    -artifact_prefix="$artifacts/" -print_final_stats=1 -verbosity=1 >"$log" 2>&1 || true
  if [ -n "${KEEP:-}" ]; then
    fuzz run "${options[@]}" "$target" "fuzz/corpus/$target" "$work" -- -merge=1 -max_len=512 >>"$log" 2>&1 || true
  fi
  stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
  findings=$(($(find "$artifacts" -type f | wc -l) - before))
  printf '%-14s %12s %10s %9s %9s  %s\n' "$target" "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" \
    "$(find "$work" -type f | wc -l)" "$(stat peak_rss_mb)" "$findings"
  if [ -z "$(stat number_of_executed_units)" ] || [ "$findings" -gt 0 ]; then
    failed=1
    grep -E 'panicked|SUMMARY|ERROR|error' -A2 "$log" | head -20
  fi
done
exit $failed
