#!/bin/sh
# Puts ClickHouse's library (libchdb) into the cache, once, and prints its path. It is 500 MB unpacked, so it lives
# outside the checkout and is shared by all of them.
#
#   TACHO_CACHE   where to cache; default ${XDG_CACHE_HOME:-$HOME/.cache}/tacho
set -eu

version=26.7.3-stable.1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${TACHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tacho}/chdb
target=$cache/$version
library=$target/libchdb.so

if [ -s "$library" ]; then
  echo "$library"
  exit 0
fi

fail() {
  echo "fetch-chdb: $1" >&2
  exit 1
}

[ "$(uname -s)" = Linux ] || fail "the embedded store needs Linux with glibc; use a ClickHouse server instead (store.url)"
command -v npm >/dev/null 2>&1 || fail "npm is missing; install Node.js 20 or newer (Debian, Ubuntu: apt-get install nodejs npm)"

case $(uname -m) in
  x86_64 | amd64) package=@chdb/lib-linux-x64-gnu ;;
  aarch64 | arm64) package=@chdb/lib-linux-arm64-gnu ;;
  *) fail "there is no libchdb for $(uname -m); use a ClickHouse server instead (store.url)" ;;
esac

mkdir -p "$cache"
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

cp "$here/chdb/package.json" "$here/chdb/package-lock.json" "$here/chdb/.npmrc" "$work/"
echo "fetch-chdb: fetching $package $version (about 180 MB) ..." >&2
if [ "$package" = @chdb/lib-linux-x64-gnu ]; then
  # The lockfile holds version and integrity.
  (cd "$work" && npm ci --ignore-scripts --loglevel=error >&2) || fail "npm could not install $package $version"
else
  # Same version, but no integrity: the lockfile covers the x86-64 package alone.
  rm "$work/package.json" "$work/package-lock.json"
  (cd "$work" && npm install --no-save --no-package-lock --ignore-scripts --loglevel=error --prefix "$work" \
    "$package@$version" >&2) || fail "npm could not install $package $version"
fi

[ -s "$work/node_modules/$package/libchdb.so" ] || fail "$package $version holds no libchdb.so"
mkdir -p "$target"
# Renaming within one file system: whoever looks sees no library or all of it.
mv "$work/node_modules/$package/libchdb.so" "$library"
echo "$library"
