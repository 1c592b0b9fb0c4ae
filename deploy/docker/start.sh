#!/bin/sh
# Run the image's service; the process is the container's first, so that it hears SIGTERM.
set -eu
case "$CROSSDOCK_SERVICE" in
  provisioner) exec python -m chassis.provisioner "$@" ;;
  *) exec python -m "$(echo "$CROSSDOCK_SERVICE" | tr - _)" "$@" ;;
esac
