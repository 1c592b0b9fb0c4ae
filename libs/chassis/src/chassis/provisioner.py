"""`python -m chassis.provisioner`: what must exist before services start, for containers and charts.

`secrets` makes passwords, `config` writes the broker's configuration, `apply` makes databases, streams and durables,
`ready` asks services whether they are.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import httpx

from canonical.federation import Place, part_of
from canonical.topology import load
from chassis.broker_config import PROVISIONER, ROUTE, Cluster, Leaves, Listening, broker_config, link_user, users
from chassis.broker_passwords import ensure_passwords, ensure_secret, password_file, read_passwords
from chassis.errors import StartupError
from chassis.local.databases import ensure_databases
from chassis.provision import Provisioned, provision

RETRY_SECONDS, ANSWER_SECONDS = 2.0, 5.0
FAILED_EXIT = 3


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="provisioner", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    made = commands.add_parser("secrets", help="make the broker's passwords that are missing")
    config = commands.add_parser("config", help="write the broker's configuration")
    apply = commands.add_parser("apply", help="make databases, streams and durables; running it again changes nothing")
    for command in (made, config, apply):
        command.add_argument("--secrets-dir", type=Path, required=True, help="folder of nats-<user>.password files")
        command.add_argument("--leaves", default="", help="regions that may join this hub, with commas between")
    made.add_argument("--also", default="", help="further secret files to make, with commas between")
    for command in (config, apply):
        command.add_argument("--region", required=True, help="region token of subjects and JetStream domain")
        command.add_argument("--hub", default="", help="host and port of the hub's leaf listener, where there is one")
    config.add_argument("--out", type=Path, required=True, help="file to write")
    config.add_argument("--cluster", default="", help="host and port of every server's route listener, commas between")
    config.add_argument("--server-name", default="", help="this server's name in the cluster")
    config.add_argument("--store-dir", type=Path, default=Path("/data"), help="folder of the streams")
    config.add_argument("--tls-dir", type=Path, help="folder of tls.crt, tls.key and ca.crt")
    apply.add_argument("--nats-url", required=True, help="broker of the region")
    apply.add_argument("--nats-ca-file", type=Path, help="authority that signed the broker's certificate")
    apply.add_argument("--database-url-file", type=Path, help="file of the URL of a role that may create databases")
    apply.add_argument("--replicas", type=int, default=1, help="servers that keep each stream: 1, or 3 of a cluster")
    apply.add_argument("--services", default="", help="services that need a database, with commas between")
    ready = commands.add_parser("ready", help="wait until every address answers well")
    ready.add_argument("urls", nargs="+", help="addresses such as http://host:8101/health/ready")
    for command in (apply, ready):
        command.add_argument("--wait-seconds", type=float, default=300.0, help="how long it may take")
    return top


def names(text: str) -> list[str]:
    """Return the names of a list with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]


def make_secrets(args: argparse.Namespace) -> None:
    """Make a password for every user of the broker, for every region that may join, and what else is named."""
    wanted = [*users(load()), ROUTE, *(link_user(region) for region in names(args.leaves))]
    ensure_passwords(args.secrets_dir, wanted)
    for name in names(args.also):
        ensure_secret(args.secrets_dir / name)


def write_config(args: argparse.Namespace) -> None:
    """Write the broker's configuration, readable by its owner only."""
    regions = names(args.leaves)
    topology = part_of(load(), place(args.region, regions, args.hub))
    scheme = "tls" if args.tls_dir else "nats"
    leaves = Leaves()
    if regions:
        leaf_passwords = read_passwords(args.secrets_dir, [link_user(region) for region in regions])
        leaves = Leaves(listen="0.0.0.0:7422", passwords={r: leaf_passwords[link_user(r)] for r in regions})
    elif args.hub:
        secret = password_file(args.secrets_dir, link_user(args.region)).read_text().strip()
        leaves = Leaves(hub=f"{scheme}://{link_user(args.region)}:{secret}@{args.hub}")
    listening = Listening(
        client="0.0.0.0:4222",
        monitor="0.0.0.0:8222",
        store=args.store_dir,
        server_name=args.server_name or f"crossdock-{args.region}",
        tls=args.tls_dir,
        cluster=cluster_of(names(args.cluster), args.secrets_dir),
    )
    passwords = read_passwords(args.secrets_dir, users(topology))
    args.out.touch(mode=0o600)
    args.out.write_text(json.dumps(broker_config(topology, args.region, passwords, listening, leaves), indent=1))


def cluster_of(members: Sequence[str], secrets_dir: Path) -> Cluster | None:
    """Return how the servers of a cluster find each other; None for a server that stands alone."""
    if not members:
        return None
    return Cluster("0.0.0.0:6222", tuple(members), password_file(secrets_dir, ROUTE).read_text().strip())


def apply(args: argparse.Namespace) -> None:
    """Make what is missing, waiting for servers that are still starting."""
    asyncio.run(_apply(args))


async def _apply(args: argparse.Namespace) -> None:
    if args.database_url_file:
        await ensure_databases(
            args.database_url_file.read_text().strip(), names(args.services) or list(load().services)
        )
    deadline = time.monotonic() + args.wait_seconds
    while True:
        try:
            done = await _streams(args)
        except StartupError as error:
            if time.monotonic() > deadline:
                raise
            sys.stderr.write(f"provisioner: {error} Trying again.\n")
            await asyncio.sleep(RETRY_SECONDS)
        else:
            counts = {"created": len(done.created), "updated": done.updated, "unchanged": len(done.unchanged)}
            sys.stdout.write(json.dumps(counts) + "\n")
            return


async def _streams(args: argparse.Namespace) -> Provisioned:
    password = password_file(args.secrets_dir, PROVISIONER).read_text().strip()
    where = place(args.region, names(args.leaves), args.hub)
    return await provision(
        args.nats_url,
        PROVISIONER,
        password,
        load(),
        args.region,
        args.nats_ca_file,
        place=where,
        replicas=args.replicas,
    )


def place(region: str, leaves: Sequence[str], hub: str) -> Place:
    """Return what a broker carries: what belongs to a hub or to a region that joins one, else a whole mesh."""
    if leaves:
        return Place("hub", region, tuple(leaves))
    return Place("region" if hub else "whole", region)


def wait_ready(args: argparse.Namespace) -> None:
    """Ask until every address answers 200; tells why those that do not are not ready.

    Raises:
        StartupError: one did not in time.
    """
    deadline = time.monotonic() + args.wait_seconds
    while waiting := {url: why for url in args.urls if (why := _unready(url))}:
        if time.monotonic() > deadline:
            raise StartupError("; ".join(f"{url}: {why}" for url, why in waiting.items()) + ".")
        time.sleep(RETRY_SECONDS)


def _unready(url: str) -> str:
    try:
        answer = httpx.get(url, timeout=ANSWER_SECONDS)
    except httpx.HTTPError as error:
        return repr(error)
    return "" if answer.is_success else answer.text


def main(argv: Sequence[str] | None = None) -> int:
    """Do as the command line says; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        {"secrets": make_secrets, "config": write_config, "apply": apply, "ready": wait_ready}[args.command](args)
    except (StartupError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        sys.stderr.write(f"provisioner: {error}\n")
        return FAILED_EXIT
    return 0


if __name__ == "__main__":
    sys.exit(main())
