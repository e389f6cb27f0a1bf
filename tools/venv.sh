#!/bin/bash
# tools/venv.sh FOLDER REQUIREMENT [CONSTRAINTS]: a virtual environment with this project in it, in the versions that the file of constraints names (none: the
# newest that fit). Installs python3-venv where it may, else says what to type.
set -euo pipefail
folder=$1 requirement=$2 constraints=${3:-}

python=
for name in python3.14 python3.13 python3.12 python3.11 python3; do
  found=$(command -v "$name" 2>/dev/null) || continue
  if "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$found; break; fi
done
if [ -z "$python" ]; then
  echo "Python 3.11 or later is needed and was not found. On Debian 12: apt-get install python3" >&2
  exit 2
fi

if ! [ -x "$folder/bin/python" ] || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
  rm -rf "$folder"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian ships the module apart; the package of another interpreter than Debian's own has its name in it
    package=python3-venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "installing $package" >&2
      export DEBIAN_FRONTEND=noninteractive
      apt-get -qq update || apt-get -qq update
      apt-get -qq install -y --no-install-recommends "$package" >/dev/null
    else
      echo "The module venv is missing. As root, type: apt-get install $package" >&2
      exit 2
    fi
  fi
  "$python" -m venv "$folder"
fi

"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location ${constraints:+-c "$constraints"} \
  -e "$requirement" 2> >(grep -v 'is ignored: it is neither' >&2)
