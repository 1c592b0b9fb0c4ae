#!/bin/sh
# Install a service into /opt/crossdock: `install.sh SERVICE theirs`, what others made, by hash; `install.sh SERVICE ours`.
set -eu
service=$1
here=deploy/docker
pip="python -m pip --disable-pip-version-check --no-cache-dir --quiet"

# hashes cannot be given to a resolver that starts from ranges: resolve first, then take the lines with their hashes
pinned() {
  sed -e 's/ *\\$//' -e '/^ *--hash/d' constraints.txt >/tmp/pins.txt
  "$1" -m pip --disable-pip-version-check --no-cache-dir --quiet install --dry-run --ignore-installed \
    --report /tmp/report.json --constraint /tmp/pins.txt --requirement "$2"
  python "$here/requirements.py" pinned /tmp/report.json >/tmp/pinned.txt
  "$1" -m pip --disable-pip-version-check --no-cache-dir --quiet install --no-deps --require-hashes \
    --requirement /tmp/pinned.txt
}

case "$2" in
theirs)
  if [ ! -d /opt/build ]; then
    python3 -m venv /opt/build
    echo hatchling >/tmp/backend.txt
    pinned /opt/build/bin/python /tmp/backend.txt
  fi
  python "$here/requirements.py" theirs "$service" >/tmp/theirs.txt
  pinned /opt/crossdock/bin/python /tmp/theirs.txt
  ;;
ours)
  # shellcheck disable=SC2046  # one folder per word
  /opt/build/bin/python -m pip --disable-pip-version-check --no-cache-dir --quiet wheel --no-deps --no-build-isolation \
    --wheel-dir /tmp/wheels $(python "$here/requirements.py" ours "$service" | sed 's,^,./,')
  $pip install --no-deps --no-index /tmp/wheels/*.whl
  $pip check
  python "$here/sbom.py" "$service" >/opt/crossdock/sbom.cdx.json
  $pip uninstall --yes setuptools pip
  python -m compileall -q -j 0 /opt/crossdock/lib
  ;;
esac
