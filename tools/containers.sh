#!/usr/bin/env bash
# Sourced by CI: container engines from Debian's packages, every image made offline, the stand-ins' names in the environment.
# What cannot be had is said; the tests that need it are then skipped, and say so.
containers() {
  local packages="docker.io docker-compose iptables debootstrap podman catatonit containernetworking-plugins"
  packages+=" golang-github-containernetworking-plugin-dnsname dnsmasq-base"
  if ! { command -v dockerd && command -v podman && command -v debootstrap; } >/dev/null; then
    # shellcheck disable=SC2086  # names are words
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } >/dev/null || return
  fi
  if ! docker info >/dev/null 2>&1; then
    dockerd >/tmp/dockerd.log 2>&1 &
    trap "kill $!" EXIT
    for _ in $(seq 30); do docker info >/dev/null 2>&1 && break || sleep 1; done
  fi
  local names
  names=$(timeout 1800 tools/offline_images.sh) || return
  # shellcheck disable=SC2163  # each line is NAME=VALUE
  while read -r name; do export "$name"; done <<<"$names"
}
containers || echo "No container engine or no image could be had: compose and the chart are not started" >&2
