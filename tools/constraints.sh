#!/usr/bin/env bash
# Write constraints.txt from the workspace: versions and hashes for Python 3.11 and newer, and no address of any index.
set -euo pipefail
uv=$1
"$uv" lock --quiet --upgrade
"$uv" export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --no-annotate --locked \
  --output-file constraints.txt >/dev/null
if grep -n '://' constraints.txt; then
  echo "constraints.txt must not carry addresses" >&2
  exit 1
fi
