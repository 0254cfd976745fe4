#!/bin/sh
# Installs what building and testing lsv needs, then runs make with the goals given:
#   sh src/setup.sh demo        sh src/setup.sh check
# With root or sudo missing packages are installed; otherwise the one line to run is printed.
set -eu
cd "$(dirname "$0")/.."

packages="make gcc libc6-dev libopenblas-dev liblapacke-dev libgmp-dev libjson-c-dev libzip-dev libpcre2-dev libreadline-dev libcairo2-dev libchafa-dev fonts-dejavu-core pkg-config python3 python3-pyte"
missing=
for p in $packages; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ]; then as=
  elif command -v sudo >/dev/null 2>&1; then as=sudo
  else
    echo "lsv needs packages that are not installed. As root, run:" >&2
    echo "  apt-get update && apt-get install -y$missing" >&2
    exit 1
  fi
  echo "installing:$missing"
  $as apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
exec make -j2 "$@"
