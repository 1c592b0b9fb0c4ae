"""A broker and a database of one's own on loopback, started in well under a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nats
import orjson
from nats.aio.client import Client

from canonical import topology
from canonical.topology import inbox_prefix
from chassis.local.databases import ensure_databases
from chassis.local.nats import NatsServer
from chassis.local.ports import free_port
from chassis.local.postgres import Postgres
from chassis.provision import provision_blocking
from chassis.settings import Settings

REGION = "eu"


class LocalMesh:
    """A provisioned nats-server and a PostgreSQL server, both real, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.nats = NatsServer(
            folder=folder / "nats", port=free_port(), monitor_port=free_port(), topology=topology.load(), region=REGION
        )
        self.postgres = Postgres(folder=folder / "postgres", port=free_port(), durable=False)
        self._databases = 0

    def start(self) -> None:
        """Start both and make streams and durables."""
        self.nats.start()
        self.postgres.start()
        provision_blocking(self.nats.url, self.nats.passwords["provisioner"], REGION)

    def stop(self) -> None:
        """End both."""
        self.nats.stop()
        self.postgres.stop()

    async def settings(self, service: str, **more: Any) -> Settings:  # noqa: ANN401  any setting
        """Return the settings of a service with a database of its own and its own broker credential."""
        self._databases += 1
        database = f"test_{self._databases}"
        await ensure_databases(self.postgres.url("postgres"), [database])
        values: dict[str, Any] = {
            "nats_url": self.nats.url,
            "nats_user": service,
            "nats_password_file": self.nats.passwords[service],
            "database_url": self.postgres.url(database),
            "port": free_port(),
        }
        return Settings(**(values | more))

    async def connect(self, user: str) -> Client:
        """Return a plain broker connection of a user, with the rights the topology gives it."""
        return await nats.connect(
            self.nats.url, user=user, password=self.nats.password(user), inbox_prefix=inbox_prefix(user)
        )

    async def dead_letters(self, service: str) -> list[dict[str, Any]]:
        """Return the dead letters of a service, oldest first."""
        client = await self.connect("operator")
        try:
            js = client.jetstream()
            last = (await js.stream_info("DLQ")).state.last_seq
            found = [await js.get_msg("DLQ", sequence) for sequence in range(1, last + 1)]
            letters = [orjson.loads(message.data or b"{}") for message in found]
            return [letter for letter in letters if letter["service"] == service]
        finally:
            await client.close()


async def eventually(check: Callable[[], Awaitable[bool]], within_seconds: float = 20.0) -> None:
    """Wait until a check holds.

    Raises:
        TimeoutError: it did not in time.
    """
    deadline = time.monotonic() + within_seconds
    while not await check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{getattr(check, '__qualname__', 'the check')} did not hold in {within_seconds} s")
        await asyncio.sleep(0.05)
