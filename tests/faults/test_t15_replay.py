"""T15: old events replayed to one subscriber under live load; nobody else notices, and nothing outside is repeated."""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy
from rig.report import Report, size

from canonical import publish_subject, seal, topology
from chassis.settings import Settings
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import released

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(size(120, 3600))]

OLD = size(2_000, 100_000)
REPLAY_RATE = size(600.0, 1_000.0)
LIVE_RATE = 50.0
LIVE_SECONDS = size(5.0, 100.0)
TARGET_RATIO = 1.5
GRACE_SECONDS = size(1.0, 0.25)
SERVICE = "inventory-sync"


@dataclass
class Bell:
    """The outside system: when it was rung for which order, and under which key."""

    rung: dict[str, float] = field(default_factory=dict)
    keys: Counter[str] = field(default_factory=Counter)
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                self.rung.setdefault(body["order_id"], time.monotonic())
                self.keys[headers["idempotency-key"]] += 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Bell]:
    bell = Bell()
    server = await asyncio.start_server(bell.answer, "127.0.0.1", 0)
    bell.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield bell
    server.close()


@asynccontextmanager
async def subscriber(settings: Settings, bell: Bell) -> AsyncIterator[httpx.AsyncClient]:
    """Run the one subscriber as a process of its own."""
    values = {name: value for name, value in settings.model_dump(mode="json").items() if value is not None}
    own = {f"CROSSDOCK_{name.upper()}": str(value) for name, value in values.items()}
    rig = {"CROSSDOCK_BELL_URL": bell.url, "PYTHONPATH": str(Path(__file__).parent), "CROSSDOCK_LOG_LEVEL": "WARNING"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "rig.bell", env={**os.environ, **own, **rig})
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=120) as web:

            async def is_ready() -> bool:
                with suppress(httpx.TransportError):
                    return (await web.get("/health/ready")).status_code == 200
                return False

            await eventually(is_ready)
            yield web
    finally:
        process.terminate()
        await process.wait()


async def publish(client: Client, order_id: str) -> None:
    event = released(order_id)
    envelope = seal(
        event,
        event_id=f"released:{order_id}",
        source="order-release",
        correlation_id=order_id,
        causation_id=None,
        region="eu",
        recorded_at=datetime.now(UTC),
    )
    await client.publish(publish_subject(event, "eu"), envelope.model_dump_json(exclude_none=True).encode())


async def live(client: Client, bell: Bell, name: str, until: "asyncio.Task[Any] | None" = None) -> list[float]:
    """Publish at the live rate for a while, or while a task goes on; returns seconds from event to outside call."""
    sent: dict[str, float] = {}
    began = time.monotonic()
    while time.monotonic() - began < LIVE_SECONDS or (until is not None and not until.done()):
        order_id = f"{name}-{len(sent)}"
        sent[order_id] = time.monotonic()
        await publish(client, order_id)
        await asyncio.sleep(max(0.0, began + len(sent) / LIVE_RATE - time.monotonic()))
    await rung(bell, sent)
    return [bell.rung[order_id] - at for order_id, at in sent.items()]


async def rung(bell: Bell, order_ids: Iterable[str], within_seconds: float = 60.0) -> None:
    async def all_rung() -> bool:
        return all(order_id in bell.rung for order_id in order_ids)

    await eventually(all_rung, within_seconds)


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


async def ends(client: Client) -> dict[str, int]:
    return {str(info.config.name): info.state.last_seq for info in await client.jetstream().streams_info()}


@asynccontextmanager
async def listener(client: Client) -> AsyncIterator[dict[tuple[str, int], str]]:
    """Hear every event of every domain from now on, as another consumer would: event ids by stream and sequence."""
    heard: dict[tuple[str, int], str] = {}

    async def hear(msg: Any) -> None:
        heard[msg.metadata.stream, msg.metadata.sequence.stream] = json.loads(msg.data)["id"]

    js, subscriptions = client.jetstream(), []
    for name in (name for name, stream in topology.load().streams.items() if stream.domain):
        new = ConsumerConfig(deliver_policy=DeliverPolicy.NEW)
        subscriptions.append(await js.subscribe(">", stream=name, ordered_consumer=True, config=new, cb=hear))
    yield heard
    for subscription in subscriptions:
        await subscription.unsubscribe()


async def test_t15_replay_under_live_load(tmp_path: Path, report: Report) -> None:
    mesh = LocalMesh(tmp_path)
    await asyncio.to_thread(mesh.start)
    try:
        erp, operator = await mesh.connect("order-release"), await mesh.connect("operator")
        settings = await mesh.settings(SERVICE)
        async with listening() as bell, subscriber(settings, bell) as web:
            old = [f"SO-old-{number}" for number in range(OLD)]
            for order_id in old:
                await publish(erp, order_id)
            await rung(bell, old, within_seconds=size(60, 1800))
            until = datetime.now(UTC).isoformat()
            alone = await live(erp, bell, "SO-alone")
            before, keys = await ends(operator), dict(bell.keys)
            async with listener(operator) as heard:
                wanted = {"until": until, "rate": REPLAY_RATE, "reason": "T15", "actor": "T15"}
                answer = (await web.post("/replays", json=wanted)).json()
                ending = asyncio.create_task(ended(web, answer["id"]))
                beside = await live(erp, bell, "SO-beside", ending)
                replay = await ending
                await settled(operator, before, 2 * len(beside), heard)
            after = await ends(operator)
        await erp.close()
        await operator.close()
    finally:
        await asyncio.to_thread(mesh.stop)
    repeated = sum(1 for key, count in bell.keys.items() if count > 1) + len(bell.keys) - len(keys) - len(beside)
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    ratio = p99(beside) / p99(alone)
    report.note(
        "T15",
        "Replay under live load",
        seed=0,
        figure=f"{replay['done']} old events handled again at {replay['per_second']:.0f}/s beside {LIVE_RATE:.0f} live "
        f"events/s: {repeated} outside calls repeated, {sum(grown.values()) - 2 * len(beside)} messages added to the "
        f"streams or seen by others, live p99 {ratio:.2f}x ({p99(alone) * 1000:.0f} → {p99(beside) * 1000:.0f} ms)",
        events=replay["done"],
        repeated=repeated,
        live_p99_ratio=round(ratio, 2),
    )
    assert (replay["state"], replay["done"], replay["counts"]["failed"]) == ("done", OLD, 0)
    assert replay["counts"]["repeated"] == 2 * OLD
    assert repeated == 0
    assert grown == {"ORDER": len(beside), "INVENTORY": len(beside)}
    assert len(heard) == len(set(heard.values())) == 2 * len(beside)
    assert ratio <= TARGET_RATIO or p99(beside) <= 4 * p99(alone) + GRACE_SECONDS, "live traffic waited for the replay"


async def settled(client: Client, before: dict[str, int], count: int, heard: Mapping[tuple[str, int], str]) -> None:
    """Wait until all that follows from live events is published, and a moment for what should not be."""

    async def is_published() -> bool:
        grown = sum((await ends(client)).values()) - sum(before.values())
        return grown >= count and len(heard) >= count

    await eventually(is_published)
    await asyncio.sleep(1)


async def ended(web: httpx.AsyncClient, replay_id: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = (await web.get(f"/replays/{replay_id}")).json()
        if found["state"] != "running":
            return found
        await asyncio.sleep(0.2)
