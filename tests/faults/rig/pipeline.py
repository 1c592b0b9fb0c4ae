"""One service between a real broker, a real database and a real outside system: fed, broken, drained and judged."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy

from canonical import topology
from chassis.local.ports import free_port
from chassis.settings import Settings
from chassis.testing import LocalMesh, eventually

from rig.outside import Outside, outside
from rig.process import ServiceProcess
from rig.source import Change, Source
from rig.verdict import Seen, Told, Verdict, judge

SERVICE = "inventory-sync"
DURABLES = topology.load().durables(SERVICE, "eu")
PAGE = 1_000
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint IN (SELECT hashtextextended(name, 0) FROM unnest($1::text[]) AS name) "
    "GROUP BY pid"
)
WAITING = (
    "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL)"
    " + (SELECT count(*) FROM effect WHERE state = 'pending')"
    " + (SELECT count(*) FROM letter WHERE state IN ('waiting', 'queued', 'retrying'))"
)


def environment_of(settings: Settings, **more: object) -> dict[str, str]:
    """Return the environment of a process with these settings; further ones by their names without the prefix."""
    names = ("nats_url", "nats_user", "nats_password_file", "database_url", "port")
    values = {name: getattr(settings, name) for name in names} | more
    return {f"CROSSDOCK_{name.upper()}": str(value) for name, value in values.items()}


class Pipeline:
    """The sample service with all it stands between; `fed` is what the source has committed."""

    def __init__(self, settings: Settings, folder: Path, source: Client, operator: Client) -> None:
        self.settings = settings
        self._js = operator.jetstream()
        self.source = Source(source)
        self.outside = Outside()
        self.fed: list[Change] = []
        self.processes: list[ServiceProcess] = []
        self._first_told = self._first_letter = 0
        self.log_path = folder / "service.log"

    async def begin(self, outside_system: Outside) -> None:
        """Note where the streams stand."""
        self.outside = outside_system
        self._first_told, self._first_letter = await self._last("INVENTORY"), await self._last("DLQ")

    async def start(self, *, defect: str = "", **environment: object) -> ServiceProcess:
        """Start a process of the service; further settings by their names without the prefix."""
        more = {"port": free_port(), "outside_url": self.outside.url, **environment}
        process = ServiceProcess(environment_of(self.settings, **more), self.log_path, defect=defect)
        self.processes.append(process)
        await process.ready()
        return process

    async def feed(self, fed: Sequence[Change], *, per_second: float = 0.0) -> None:
        """Commit changes at the source, as fast as it goes or at most so many a second."""
        self.fed += fed
        await self.source.publish(fed, per_second=per_second)

    async def feed_copies(self, fed: Sequence[Change], copies: int, seed: int) -> None:
        """Commit each change several times, under different broker ids and at different times."""
        self.fed += fed
        await self.source.publish_copies(fed, copies, random.Random(seed))

    async def stop(self) -> None:
        """End what runs: kindly, then without asking."""
        await asyncio.gather(*(process.stop() for process in self.processes if process.exit_code is None))

    async def kill(self) -> None:
        """End what runs."""
        await asyncio.gather(*(process.kill() for process in self.processes if process.exit_code is None))

    async def cut_owners(self) -> int:
        """Cut the connections that hold the locks of the service's durables; returns how many were cut."""
        connection = await self._connect()
        try:
            return len(await connection.fetch(CUT, [durable.name for durable in DURABLES]))
        finally:
            await connection.close()

    async def durables(self) -> list[ConsumerInfo]:
        """Return the broker's view of the service's durables."""
        return [await self._js.consumer_info(durable.stream, durable.name) for durable in DURABLES]

    async def drain(self, within_seconds: float = 60.0) -> None:
        """Wait until nothing waits: durables, outbox, effects and the letters to be tried again are empty.

        Raises:
            TimeoutError: something is stuck.
        """
        connection = await self._connect()

        async def is_empty() -> bool:
            waiting = [info.num_pending + info.num_ack_pending for info in await self.durables()]
            return not any(waiting) and not await connection.fetchval(WAITING)

        try:
            await eventually(is_empty, within_seconds)
        finally:
            await connection.close()

    async def verdict(self) -> Verdict:
        """Hold everything against what was fed."""
        return judge(self.fed, await self.seen())

    async def seen(self) -> Seen:
        """Return what became of what was fed."""
        orders = {change.order_id for change in self.fed}
        connection = await self._connect()
        try:
            rows = await connection.fetch("SELECT key, state::text AS state FROM note")
        finally:
            await connection.close()
        state = {row["key"]: orjson.loads(row["state"])["versions"] for row in rows if row["key"] in orders}
        told = [_told(found) for found in await self._messages("INVENTORY", self._first_told)]
        letters = [_refused(found) for found in await self.dead_letters()]
        return Seen(state, told, tuple(self.outside.calls), letters)

    async def dead_letters(self) -> list[dict[str, Any]]:
        """Return what was told of the source's events that were given up on."""
        return [found for found in await self._messages("DLQ", self._first_letter) if found["source"] == "order"]

    @property
    def database_url(self) -> str:
        """The service's database, for asyncpg."""
        return self.settings.database_url.replace("+asyncpg", "")

    async def _connect(self) -> "asyncpg.Connection[Any]":
        return await asyncpg.connect(self.database_url)

    async def _last(self, stream: str) -> int:
        return (await self._js.stream_info(stream)).state.last_seq

    async def _messages(self, stream: str, after: int) -> list[dict[str, Any]]:
        missing = await self._last(stream) - after
        if missing <= 0:
            return []
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            mem_storage=True,
            inactive_threshold=60.0,
        )
        subscription = await self._js.pull_subscribe("", stream=stream, config=config)
        found: list[dict[str, Any]] = []
        while len(found) < missing:
            batch = await subscription.fetch(min(PAGE, missing - len(found)), timeout=10)
            found += [orjson.loads(message.data) for message in batch]
        await subscription.unsubscribe()
        return found


def _told(found: dict[str, Any]) -> Told:
    took = datetime.fromisoformat(found["recordedtime"]) - datetime.fromisoformat(found["time"])
    return Told(found["id"], found["data"]["order_id"], found["data"]["reason"], took.total_seconds())


def _refused(letter: dict[str, Any]) -> tuple[str, str]:
    data = orjson.loads(base64.b64decode(letter["body_base64"]))["data"]
    return data["order_id"], (data.get("reason") or data["cause"]).split()[0]


@asynccontextmanager
async def pipeline(mesh: LocalMesh, folder: Path) -> AsyncIterator[Pipeline]:
    """Give a pipeline with a database of its own on a mesh; what still runs at the end is killed."""
    settings = await mesh.settings(SERVICE)
    users = ("order-release", "operator", "provisioner")
    source, operator, provisioner = clients = [await mesh.connect(user) for user in users]
    for durable in DURABLES:
        # what an earlier run left undone is not ours
        end = (await operator.jetstream().stream_info(durable.stream)).state.last_seq
        await provisioner.jetstream().reset_consumer(durable.stream, durable.name, end + 1)
    line = Pipeline(settings, folder, source, operator)
    try:
        async with outside() as system:
            await line.begin(system)
            yield line
            await line.kill()
    finally:
        await line.kill()
        for client in clients:
            await client.close()
