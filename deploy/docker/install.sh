#!/bin/sh
# Install a service into /opt/crossdock, which has no installer of its own: `install.sh SERVICE theirs`, what others made,
# by hash; `install.sh SERVICE ours`, our packages as wheels, the contracts of all services, and the bill of materials.
set -eu
service=$1
here=deploy/docker
# uv is told of an index of one's own as pip is
[ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE="$PIP_CERT"
[ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="$PIP_INDEX_URL"
[ -z "${PIP_EXTRA_INDEX_URL:-}" ] || export UV_INDEX="$PIP_EXTRA_INDEX_URL"
# the stage that builds keeps what was fetched: the next service asks for the same
uv="/opt/build/bin/uv --quiet --cache-dir /opt/build/cache"

# hashes cannot be given to a resolver that starts from ranges: resolve first, then install the lines with their hashes
pinned() {
  sed -e 's/ *\\$//' -e '/^ *--hash/d' constraints.txt >/tmp/pins.txt
  $uv pip compile --python "$1" --constraints /tmp/pins.txt --no-header --no-annotate --output-file /tmp/resolved.txt "$2" >/dev/null
  python3 "$here/requirements.py" pinned /tmp/resolved.txt >/tmp/pinned.txt
  $uv pip install --python "$1" --no-deps --require-hashes --compile-bytecode --requirement /tmp/pinned.txt
}

builder() {
  python3 -m venv /opt/build
  python3 "$here/requirements.py" line uv >/tmp/uv.txt
  /opt/build/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes -r /tmp/uv.txt
  echo hatchling >/tmp/backend.txt
  pinned /opt/build/bin/python /tmp/backend.txt
}

case "$2" in
theirs)
  [ -d /opt/build ] || builder
  python3 "$here/requirements.py" theirs "$service" >/tmp/theirs.txt
  pinned /opt/crossdock/bin/python /tmp/theirs.txt
  python3 "$here/slim.py" /opt/crossdock/lib/python3*/site-packages services/control-tower/src/control_tower/words
  ;;
ours)
  for folder in $(python3 "$here/requirements.py" ours "$service"); do
    (cd "$folder" && /opt/build/bin/python -m hatchling build --target wheel --directory /tmp/wheels >/dev/null)
  done
  $uv pip install --python /opt/crossdock/bin/python --no-deps --no-index --compile-bytecode /tmp/wheels/*.whl
  $uv pip check --python /opt/crossdock/bin/python
  for contract in services/*/contract.yaml; do
    install -D -m 644 "$contract" "/opt/crossdock/contracts/${contract#services/}"
  done
  /opt/crossdock/bin/python "$here/sbom.py" "$service" >/opt/crossdock/sbom.cdx.json
  ;;
esac
