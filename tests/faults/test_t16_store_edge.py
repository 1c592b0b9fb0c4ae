"""T16: a store is offline, and its edge is killed twice while it drains: stock equals the ledger of its tills."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from nats.js.api import AckPolicy, ConsumerConfig
from rig.edge import INVENTORY, START_SECONDS, EdgeProcess
from rig.pipeline import environment_of
from rig.process import ServiceProcess
from rig.report import Report, size

from chassis.local.ports import free_port
from chassis.testing import LocalMesh, eventually

ADJUSTMENTS = size(500, 5000)
SKUS = 20
KILLS = 2
REPEATS = 0.1
"""A till that got no answer says it again: so many of a hundred do although they got one."""
DRAINED_SECONDS = size(60.0, 300.0)
SITE, SEED = "STORE-16", 16
FETCH, FETCH_SECONDS = 500, 5.0

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(size(240, 1800))]


@dataclass(slots=True)
class Ledger:
    """What the tills were told is on disk, in their order."""

    accepted: list[dict[str, Any]] = field(default_factory=list)

    def stock(self) -> dict[str, int]:
        """Return what must be on hand."""
        pieces: Counter[str] = Counter()
        for one in self.accepted:
            pieces[one["sku"]] += one["delta"]
        return dict(pieces)


def trade(edge: EdgeProcess) -> Ledger:
    """Sell and receive at random; some tills say it twice."""
    chance, ledger = random.Random(SEED), Ledger()
    for number in range(ADJUSTMENTS):
        said = {
            "adjustment_id": f"{SITE}-{number}",
            "sku": f"EDGE-{chance.randrange(SKUS)}",
            "delta": chance.choice((-3, -2, -1, -1, -1, 12)),
            "reason": "trade",
        }
        assert edge.adjust(said).status_code == 202
        ledger.accepted.append(said)
        if chance.random() < REPEATS:
            assert edge.adjust(chance.choice(ledger.accepted)).json()["duplicate"] is True
    return ledger


async def edge_on(values: dict[str, object], log: Path) -> EdgeProcess:
    edge = EdgeProcess(values, log)

    async def answers() -> bool:
        return await asyncio.to_thread(edge.answers)

    await eventually(answers, within_seconds=START_SECONDS)
    return edge


async def told(servers: LocalMesh) -> list[dict[str, Any]]:
    """Return every adjustment inventory-sync published of this store, in the order of the stream."""
    client = await servers.connect("provisioner")
    js, found = client.jetstream(), list[dict[str, Any]]()
    wanted = "cx.eu.inventory.inventory-adjusted.v1.>"
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, filter_subject=wanted)
    info = await js.add_consumer("INVENTORY", config)
    pull = await js.pull_subscribe_bind(consumer=info.name, stream="INVENTORY")
    left = int(info.num_pending or 0)
    while left > 0:
        messages = await pull.fetch(min(FETCH, left), FETCH_SECONDS)
        left -= len(messages)
        found += [orjson.loads(message.data)["data"] for message in messages]
    await client.close()
    return [one for one in found if one["site"] == SITE]


async def test_edge_killed_while_draining(servers: LocalMesh, tmp_path: Path, report: Report) -> None:
    environment = environment_of(await servers.settings("inventory-sync"))
    url = f"http://127.0.0.1:{environment['CROSSDOCK_PORT']}"
    values = {"site": SITE, "inventory_url": url, "folder": str(tmp_path / "edge"), "port": free_port(), "batch": 5,
              "longest_pause_seconds": 1.0}  # fmt: skip
    edge = await edge_on(values, tmp_path / "edge.log")
    ledger = await asyncio.to_thread(trade, edge)
    offline = edge.waiting()
    service = ServiceProcess(environment, tmp_path / "inventory.log", service=INVENTORY)
    assert await service.ready()
    left = []
    for kill in range(1, KILLS + 1):
        await eventually(taken(url, ADJUSTMENTS * kill // (KILLS + 1)), within_seconds=DRAINED_SECONDS)
        await edge.kill()
        left.append(ADJUSTMENTS - (await store(url))["edges"][0]["taken"])
        edge = await edge_on(values, tmp_path / "edge.log")
    await eventually(taken(url, ADJUSTMENTS), within_seconds=DRAINED_SECONDS)
    stock = {item["sku"]: item["on_hand"] for item in (await store(url))["items"]}
    await eventually(lambda: published(servers), within_seconds=DRAINED_SECONDS)
    events = await told(servers)
    await edge.stop()
    await service.stop()
    assert offline == ADJUSTMENTS
    assert min(left) > 0, "the edge was not draining when it was killed"
    assert stock == ledger.stock()
    assert by_sku(events) == by_sku(ledger.accepted)
    doubled = len(events) - len({event["adjustment_id"] for event in events})
    report.note(
        "T16", "A store's edge killed while it drains", seed=SEED,
        figure=f"{ADJUSTMENTS:,} adjustments kept while offline, the edge killed with {' and '.join(map(str, left))} "
        f"left: stock of {len(stock)} SKUs equals the ledger, 0 lost, {doubled} doubled, 0 out of order per SKU",
        adjustments=ADJUSTMENTS, kills=KILLS, doubled=doubled,
    )  # fmt: skip


def taken(url: str, number: int) -> Callable[[], Any]:
    async def check() -> bool:
        edges = (await store(url))["edges"]
        return bool(edges) and edges[0]["taken"] >= number

    return check


async def store(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url) as web:
        found: dict[str, Any] = (await web.get(f"/stores/{SITE}")).json()
        return found


async def published(servers: LocalMesh) -> bool:
    return len(await told(servers)) >= ADJUSTMENTS


def by_sku(adjustments: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in adjustments:
        found.setdefault(one["sku"], []).append(one["adjustment_id"])
    return found
