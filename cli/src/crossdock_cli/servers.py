"""The two servers under the mesh, started here or used where they are, and what must exist in them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from canonical.federation import part_of
from canonical.topology import load
from chassis.broker_config import Leaves, link_user
from chassis.broker_passwords import ensure_passwords
from chassis.errors import StartupError
from chassis.local import LocalServerError, NatsServer, Postgres
from chassis.local.databases import ensure_databases
from chassis.provision import provision

from crossdock_cli.layout import HOST, LINK, MONITOR, NATS, POSTGRES, Layout
from crossdock_cli.parts import Runnable

FAILURES = (LocalServerError, OSError)
LEFTOVER_SECONDS = 30.0


class StartFailure(Exception):
    """The mesh cannot be brought up; the text is one sentence."""


@dataclass(slots=True)
class Database:
    """PostgreSQL, never started again while a process of its former life still has the data open."""

    server: Postgres
    data: Path

    @property
    def pid(self) -> int:
        """The process id of the latest start; 0 before the first."""
        return self.server.pid

    def start(self) -> None:
        """Wait for the former life's processes to end, then start."""
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while leftovers(self.data):
            if time.monotonic() > deadline:
                raise LocalServerError(f"Another PostgreSQL still works in {self.data}: stop it.")
            time.sleep(0.05)
        self.server.start()

    def is_alive(self) -> bool:
        """Whether the latest start still runs."""
        return self.server.is_alive()

    def stop(self) -> None:
        """Ask it to end and wait for it."""
        self.server.stop()


def leftovers(data: Path) -> list[int]:
    """Return the processes that work in a data folder: the backends of a killed server live on for a moment."""
    where = str(data.absolute())
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres" and process.cwd() == where and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def local(layout: Layout) -> Iterator[tuple[str, Runnable]]:
    """Yield the servers to be started here, the database first."""
    if layout.database_url is None:
        folder = layout.folder.absolute() / "postgres"
        yield "postgres", Database(Postgres(folder=folder, port=layout.port(POSTGRES)), folder / "data")
    if layout.nats_url is None:
        yield (
            "nats-server",
            NatsServer(
                folder=layout.folder.absolute() / "nats",
                port=layout.port(NATS),
                monitor_port=layout.port(MONITOR),
                topology=part_of(load(), layout.place),
                region=layout.region,
                leaves=leaves(layout),
            ),
        )


def leaves(layout: Layout) -> Leaves | None:
    """Return how this mesh's broker is joined to others: as their hub, to a hub, or not at all.

    Raises:
        StartFailure: the hub that is to be joined is not there.
    """
    if layout.regions:
        files = ensure_passwords(layout.broker_secrets, [link_user(region) for region in layout.regions])
        passwords = {region: files[link_user(region)].read_text() for region in layout.regions}
        return Leaves(listen=f"{HOST}:{layout.port(LINK)}", passwords=passwords)
    if layout.hub is None:
        return None
    hub, user = Layout.read(Path(layout.hub)), link_user(layout.region)
    if hub is None or layout.region not in hub.regions:
        raise StartFailure(f"{layout.hub} holds no hub that {layout.region} may join.")
    password = (hub.broker_secrets / f"nats-{user}.password").read_text()
    return Leaves(hub=f"nats://{user}:{password}@{HOST}:{hub.port(LINK)}")


async def prepare(layout: Layout) -> None:
    """Make the databases, streams and durables that are missing.

    Raises:
        StartFailure: a server does not answer or refuses.
    """
    names = layout.services()
    try:
        await ensure_databases(layout.database_url or layout.database("postgres"), names)
    except (OSError, asyncpg.PostgresError) as error:
        raise StartFailure(f"The database server cannot be used ({error}): check --database-url.") from error
    password = layout.broker_secrets / "nats-provisioner.password"
    try:
        secret = password.read_text().strip() if password.exists() else ""
        url, replicas = layout.broker_url(), layout.nats_replicas
        await provision(url, "provisioner", secret, load(), layout.region, place=layout.place, replicas=replicas)
    except StartupError as error:
        raise StartFailure(
            f"{error} Check --nats-url and --nats-secrets." if layout.nats_url else str(error)
        ) from error
