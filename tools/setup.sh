#!/usr/bin/env bash
# Make the virtual environment: setup.sh VENV MEMBER... ; uv when the index has it, else plain pip. Same versions, same hashes.
set -euo pipefail
venv=$1
shift

say() { printf '%s\n' "$*" >&2; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  say "Crossdock needs Python 3.11 or newer; found $("${PYTHON:-python3}" --version 2>/dev/null || echo "none")." \
    "Install one, or name it: make setup PYTHON=/path/to/python3."
  return 1
}

# The lines of one package in constraints.txt, hashes included.
pinned() { awk -v name="$1==" 'index($0, name) == 1 {p = 1} p {print} p && !/\\$/ {exit}' constraints.txt; }

make_venv() {
  local python
  python=$(find_python) || exit 1
  say "Making $venv with $("$python" --version)"
  rm -rf "$venv"
  if ! "$python" -m venv "$venv"; then
    say "$python cannot make virtual environments: install its venv module (Debian: python3-venv)."
    exit 1
  fi
}

install_uv() {
  [ -x "$venv/bin/uv" ] && return
  pinned uv >"$venv/uv.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$venv/uv.txt"
}

editable=()
for member in "$@"; do editable+=(-e "$member"); done

with_uv() {
  local uv=("$venv/bin/uv" pip) python=(--python "$venv/bin/python")
  "${uv[@]}" sync --quiet --compile-bytecode "${python[@]}" --require-hashes constraints.txt || return
  [ ${#editable[@]} -eq 0 ] || "${uv[@]}" install --quiet "${python[@]}" --no-deps --no-build-isolation "${editable[@]}"
}

with_pip() {
  local pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check)
  "${pip[@]}" --require-hashes -r constraints.txt || return
  [ ${#editable[@]} -eq 0 ] || "${pip[@]}" --no-deps --no-build-isolation "${editable[@]}"
}

"$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || make_venv
say "Installing the pinned libraries and $# members"
if [ "${CROSSDOCK_SETUP_WITH:-uv}" = uv ] && install_uv && with_uv; then
  exit 0
fi
say "Going on with plain pip"
if ! with_pip; then
  say "The libraries could not be installed: see the lines above; is the package index reachable?"
  exit 1
fi
