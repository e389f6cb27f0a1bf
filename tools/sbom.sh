#!/bin/bash
# tools/sbom.sh FILE: the components of an installation with all that runs (no tools of development), as CycloneDX JSON, checked against its schema.
# Two environments: one that holds the program and nothing else, not even pip, and one for the tool that looks at it.
set -euo pipefail
out=$1
cd "$(dirname "$0")/.."
tools/venv.sh .venv-sbom-tool '.[sbom]' constraints.txt
rm -rf .venv-sbom build/sbom
.venv-sbom-tool/bin/python -m venv --without-pip .venv-sbom
.venv-sbom-tool/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/sbom .
.venv-sbom-tool/bin/python -m pip --python .venv-sbom/bin/python install --quiet --disable-pip-version-check -c constraints.txt --find-links build/sbom --pre \
  "$(.venv-sbom-tool/bin/python tools/requirements.py release)" 2> >(grep -v 'is ignored: it is neither' >&2)
mkdir -p "$(dirname "$out")"
.venv-sbom-tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON --spec-version 1.6 --validate -o "$out" \
  .venv-sbom/bin/python
echo "$out"
