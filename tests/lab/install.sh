#!/bin/bash
# The laboratory's servers and clients, from Debian's packages. Idempotent and quick when all is there.
# With --all also those that only slow tests need. Daemons are kept from starting while they are installed; a policy-rc.d of the machine's own is put back afterwards.
set -euo pipefail

packages=(
  iproute2 nftables mosquitto mosquitto-clients samba smbclient krb5-kdc krb5-admin-server krb5-user slapd ldap-utils
  mariadb-server mariadb-client squid openssh-server nginx libnginx-mod-stream dnsmasq dnsutils nghttp2-server nghttp2-client faketime tshark
  freetds-bin openssl iputils-ping curl util-linux git
)
[ "${1:-}" != --all ] || packages+=(samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba winbind)
missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${state:0:2}" = ii ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

line="apt-get install --no-install-recommends ${missing[*]}"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "=============================================================================" >&2
  echo "The laboratory's tests need programs that are not here. As root, type:" >&2
  echo "  $line" >&2
  echo "Until then those tests are skipped, and nothing of them is proven." >&2
  echo "=============================================================================" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi

echo "installing: ${missing[*]}" >&2
policy=/usr/sbin/policy-rc.d
kept=
if [ -e "$policy" ]; then kept=$(mktemp); cp -p "$policy" "$kept"; fi
restore() {
  if [ -n "$kept" ]; then cp -p "$kept" "$policy"; rm -f "$kept"; else rm -f "$policy"; fi
}
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update || apt-get -qq update
log=$(mktemp)
if ! apt-get -qq install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
  tail -30 "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"
