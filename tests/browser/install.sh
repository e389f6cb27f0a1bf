#!/bin/bash
# A headless browser and what reads its PDF, from Debian's packages. Idempotent and quick when all is there.
set -euo pipefail

packages=(chromium-headless-shell poppler-utils fonts-dejavu-core)
missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${state:0:2}" = ii ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

line="apt-get install --no-install-recommends ${missing[*]}"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "=============================================================================" >&2
  echo "The tests of the HTML report need a browser that is not here. As root, type:" >&2
  echo "  $line" >&2
  echo "Until then those tests are skipped, and nothing of them is proven." >&2
  echo "=============================================================================" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi

echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update || apt-get -qq update
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt-get -qq install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
  tail -30 "$log" >&2
  exit 1
fi
