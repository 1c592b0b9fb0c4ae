"""T03: the power goes while acknowledgements are given; nothing acknowledged may be missing from the disk.

The same cut with the broker's own default must lose: a rig that cannot see a loss proves nothing.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from nats.errors import Error as NatsError
from rig.cluster import cluster
from rig.powercut import cut
from rig.replicated import replicated, started
from rig.report import Report, size
from rig.streams import READER, connected, held
from rig.volume import MIB, needs_volume, volume

from canonical import topology
from chassis.local import NatsServer, Postgres
from chassis.local.databases import ensure_databases
from chassis.local.ports import free_port
from chassis.provision import provision_blocking

CUTS = size(1, 30)
LOAD_SECONDS = 1.5
PUBLISHERS, WRITERS = 64, 16
BROKER_DISK, DATABASE_DISK = 4096 * MIB, 1024 * MIB
SUBJECT = "cx.eu.order.released.v1.HUB.cut"
STREAM, PUBLISHER = "ORDER", "order-release"
GONE = (asyncio.CancelledError, OSError, NatsError, asyncpg.PostgresError, asyncpg.InterfaceError)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(120, 3600)), needs_volume]

Strike = Callable[[], None]
Work = Callable[[str], Awaitable[None]]
Counts = tuple[int, int]
"""How many were acknowledged, and how many of them are gone."""


class CarelessNatsServer(NatsServer):
    """The broker as it comes: nothing is said about when it syncs."""

    def write_config(self) -> Path:
        """Write the shipped configuration without its `sync_interval`."""
        path = super().write_config()
        config = json.loads(path.read_text())
        del config["jetstream"]["sync_interval"]
        path.write_text(json.dumps(config))
        return path


async def under_load(works: Sequence[Work], strike: Strike) -> set[str]:
    """Do each work again and again with ever new ids until the power is cut; returns the ids acknowledged."""
    acknowledged: set[str] = set()

    async def go_on(place: int, work: Work) -> None:
        number = 0
        while True:
            await work(f"{place}-{number}")
            acknowledged.add(f"{place}-{number}")
            number += 1

    places = [asyncio.create_task(go_on(place, work)) for place, work in enumerate(works)]
    await asyncio.sleep(LOAD_SECONDS)
    await asyncio.to_thread(strike)
    for place in places:
        place.cancel()
    ends = await asyncio.gather(*places, return_exceptions=True)
    wrong = [end for end in ends if not isinstance(end, GONE)]
    assert not wrong, wrong
    return acknowledged


async def publish(server: NatsServer, strike: Strike) -> set[str]:
    """Publish to the order stream until the cut; returns the ids acknowledged."""
    async with connected(server.url, PUBLISHER, server.password(PUBLISHER)) as client:

        async def one(message_id: str) -> None:
            answer = await client.request(SUBJECT, b"x" * 512, timeout=30, headers={"Nats-Msg-Id": message_id})
            assert "seq" in json.loads(answer.data), answer.data

        return await under_load([one] * PUBLISHERS, strike)


async def in_stream(server: NatsServer) -> set[str]:
    """Return the ids the order stream holds."""
    async with connected(server.url, READER, server.password(READER)) as client:
        return set((await held(client, STREAM)).values())


async def commit(server: Postgres, strike: Strike) -> set[str]:
    """Commit one row at a time on several connections until the cut; returns the ids acknowledged."""
    url = server.url("postgres").replace("+asyncpg", "")
    connections = [await asyncpg.connect(url) for _ in range(WRITERS)]

    def writer(connection: asyncpg.Connection) -> Work:
        async def one(row_id: str) -> None:
            await connection.execute("INSERT INTO kept VALUES ($1)", row_id)

        return one

    await connections[0].execute("CREATE TABLE kept (id text PRIMARY KEY)")
    try:
        return await under_load([writer(connection) for connection in connections], strike)
    finally:
        for connection in connections:
            connection.terminate()


async def in_table(server: Postgres) -> set[str]:
    """Return the ids the table holds, once the server has recovered."""
    await ensure_databases(server.url("postgres"), [])
    connection = await asyncpg.connect(server.url("postgres").replace("+asyncpg", ""))
    try:
        return {row["id"] for row in await connection.fetch("SELECT id FROM kept")}
    finally:
        await connection.close()


async def cut_broker(folder: Path, kind: type[NatsServer]) -> Counts:
    """Cut the power of a broker under load."""
    server = kind(
        folder=folder / "nats", port=free_port(), monitor_port=free_port(), topology=topology.load(), region="eu"
    )
    with volume(folder / "disk", server.folder / "jetstream", BROKER_DISK) as disk:
        try:
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(provision_blocking, server.url, server.passwords["provisioner"], "eu")
            disk.sync()
            acknowledged = await publish(server, lambda: cut(disk, server.pid))
            await asyncio.to_thread(server.start)
            return len(acknowledged), len(acknowledged - await in_stream(server))
        finally:
            server.kill()


async def cut_cluster(folder: Path) -> Counts:
    """Cut the power of three brokers at once, under load."""
    with volume(folder / "disk", folder / "cluster", BROKER_DISK) as disk:
        async with replicated(cluster(folder / "cluster")) as stream:
            disk.sync()
            strike = partial(cut, disk, *(member.pid for member in stream.members))
            acknowledged = await publish(stream.members[0], strike)
            await started(stream.members)
            return len(acknowledged), len(acknowledged - set(await stream.ids()))


async def cut_database(folder: Path) -> Counts:
    """Cut the power of a database under load."""
    server = Postgres(folder=folder / "postgres", port=free_port(), durable=True)
    with volume(folder / "disk", server.folder, DATABASE_DISK) as disk:
        try:
            await asyncio.to_thread(server.start)
            disk.sync()
            acknowledged = await commit(server, lambda: cut(disk, server.pid))
            await asyncio.to_thread(server.start)
            return len(acknowledged), len(acknowledged - await in_table(server))
        finally:
            server.kill()


async def test_broker_as_it_comes_loses(tmp_path: Path, report: Report) -> None:
    acknowledged, lost = await cut_broker(tmp_path, CarelessNatsServer)
    assert lost > 0, f"none of {acknowledged} lost: this rig sees no loss"
    report.note(
        "T03", "Power cut, control: the broker's default", seed=0,
        figure=f"1 cut: {lost:,} of {acknowledged:,} acknowledged lost, as it must be",
        cuts=1, acknowledged=acknowledged, control_lost=lost,
    )  # fmt: skip


async def cut_again_and_again(title: str, cut_once: Callable[[Path], Awaitable[Counts]], at: Path, to: Report) -> None:
    """Cut as often as the size of the run says; nothing acknowledged may be gone."""
    pairs = [await cut_once(at / str(number)) for number in range(CUTS)]
    acknowledged, lost = (sum(counts) for counts in zip(*pairs, strict=True))
    to.note(
        "T03", f"Power cut, {title}", seed=0, figure=f"{CUTS} cuts: {lost} of {acknowledged:,} acknowledged lost",
        cuts=CUTS, acknowledged=acknowledged, lost=lost,
    )  # fmt: skip
    assert acknowledged > 100 * CUTS
    assert lost == 0


async def test_shipped_broker_loses_nothing(tmp_path: Path, report: Report) -> None:
    await cut_again_and_again("broker as shipped", partial(cut_broker, kind=NatsServer), tmp_path, report)


async def test_three_brokers_lose_nothing(tmp_path: Path, report: Report) -> None:
    await cut_again_and_again("three brokers as shipped at once", cut_cluster, tmp_path, report)


async def test_database_loses_nothing(tmp_path: Path, report: Report) -> None:
    await cut_again_and_again("database as shipped", cut_database, tmp_path, report)
