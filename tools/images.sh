#!/usr/bin/env bash
# Build the images: images.sh [SERVICE...], all of them when none is named. Each has its package's version as its tag.
#   BASE_IMAGE   what they are built on, python:3.11-slim-bookworm if not set
#   IMAGES       what their names begin with, `crossdock` if not set
#   BUILD_ARGS   more arguments for docker build, e.g. --network host --build-arg PIP_INDEX_URL=...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder_of() {
  case "$1" in
  provisioner) echo libs/chassis ;;
  sandbox) echo sandbox ;;
  *) echo "services/$1" ;;
  esac
}

revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ $# -gt 0 ] || set -- provisioner sandbox $(ls services)
for service in "$@"; do
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$(folder_of "$service")/pyproject.toml")
  tag=${IMAGES:-crossdock}/$service:$version
  echo "Building $tag" >&2
  # shellcheck disable=SC2086  # BUILD_ARGS are words
  docker build --quiet --file deploy/docker/Dockerfile --tag "$tag" ${BASE_IMAGE:+--build-arg BASE_IMAGE="$BASE_IMAGE"} \
    --build-arg SERVICE="$service" --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    ${BUILD_ARGS:-} . >/dev/null
done
