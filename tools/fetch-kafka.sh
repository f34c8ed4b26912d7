#!/bin/sh
# Puts the jars of a Kafka broker into the cache, once, and prints their folder. The tests of crates/tacho-kafka start
# a broker from it. 44 MB, outside the checkout and shared by all of them.
#
#   TACHO_CACHE   where to cache; default ${XDG_CACHE_HOME:-$HOME/.cache}/tacho
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
pom=$here/kafka/pom.xml
version=$(sed -n 's:.*<kafka\.version>\(.*\)</kafka\.version>.*:\1:p' "$pom")
cache=${TACHO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tacho}/kafka
target=$cache/$version
lib=$target/lib

# The jar that the list had last: a folder without it was made from an older list.
if [ -s "$lib/kafka-tools-$version.jar" ]; then
  echo "$lib"
  exit 0
fi

fail() {
  echo "fetch-kafka: $1" >&2
  exit 1
}

[ -n "$version" ] || fail "$pom names no kafka.version"
command -v java >/dev/null 2>&1 || fail "java is missing; install Java 17 or newer (Debian, Ubuntu: apt-get install default-jre-headless)"
command -v mvn >/dev/null 2>&1 || fail "mvn is missing; install Maven 3.6 or newer (Debian, Ubuntu: apt-get install maven)"

mkdir -p "$target"
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

echo "fetch-kafka: fetching Kafka $version (44 MB) ..." >&2
# A copy: Maven leaves files beside the pom.
cp "$pom" "$work/pom.xml"
(cd "$work" && mvn -B -q dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/lib" >&2) ||
  fail "mvn could not fetch Kafka $version"
[ -s "$work/lib/kafka-tools-$version.jar" ] || fail "Maven fetched no kafka-tools-$version.jar"
# Renaming within one file system: whoever looks sees no jars or all of them.
rm -rf "$lib"
mv "$work/lib" "$lib"
echo "$lib"
