#!/bin/bash
# tools/sbom.sh FILE: the components of an installation with all that runs (no tools of development), as CycloneDX JSON, checked against its schema.
# The program is installed from the wheel that is made here, never by its name: an index may have another one of that name.
# Two environments: one that holds the program and nothing else, not even pip, and one for the tool that looks at it.
set -euo pipefail
out=$1
cd "$(dirname "$0")/.."
tools/venv.sh .venv-sbom-tool '.[sbom]' constraints.txt
rm -rf .venv-sbom build/sbom
version=$(.venv-sbom-tool/bin/python tools/requirements.py version)
.venv-sbom-tool/bin/python -m venv --without-pip .venv-sbom
.venv-sbom-tool/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/sbom .
.venv-sbom-tool/bin/python -m pip --python .venv-sbom/bin/python install --quiet --disable-pip-version-check -c constraints.txt \
  "$(echo build/sbom/*.whl)[deep]" 2> >(grep -v 'is ignored: it is neither' >&2)
mkdir -p "$(dirname "$out")"
# the version is taken from the source when a wheel is built; the tool reads it from the project's table
sed "s/^dynamic = \[\"version\"\]/version = \"$version\"/" pyproject.toml > build/sbom/pyproject.toml
.venv-sbom-tool/bin/cyclonedx-py environment --pyproject build/sbom/pyproject.toml --output-reproducible --output-format JSON --spec-version 1.6 \
  --validate -o "$out" .venv-sbom/bin/python
echo "$out"
