"""What the tests of replays share: an outside system that counts, a service that calls it, a way to its end."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import httpx
from nats.aio.client import Client

from canonical import publish_subject, seal, topology
from canonical.inventory import AllocationFailed
from canonical.orders import OrderCancelled, OrderReleased
from chassis import Effect, Service, Settings
from chassis.effect import Outcome
from chassis.replay.selection import Replay, Wanted
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import NOON
from chassis.testing.sample.app import NoteStore, empty, take_note

SERVICES = topology.load().services


class Ring(Effect):
    """Ring an outside bell; told apart by its key."""

    name: ClassVar[str] = "ring"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    order_id: str


class Shout(Effect):
    """Shout outside; never again."""

    name: ClassVar[str] = "shout"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "suppress"

    order_id: str


@dataclass
class Outside:
    """A real HTTP system that writes down the key of every call; while it `refuses`, those it refused."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
            body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))))
            called, status = (self.refused, 422) if self.refuses else (self.calls, 200)
            called.append((headers["idempotency-key"], body["order_id"]))
            writer.write(f"HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n".encode())
            await writer.drain()

    async def guarded(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.answer(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Outside]:
    system = Outside()
    server = await asyncio.start_server(system.guarded, "127.0.0.1", 0)
    system.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield system
    server.close()


def cancelled(order_id: str) -> OrderCancelled:
    return OrderCancelled(occurred_at=NOON, order_id=order_id, reason="changed mind", requested_by="customer")


def sealed_body(event: OrderReleased | OrderCancelled, correlation: str | None = None) -> bytes:
    envelope = seal(
        event,
        event_id=f"{type(event).type}:{event.order_id}",
        source="order-release",
        correlation_id=correlation or event.order_id,
        causation_id=None,
        region="eu",
        recorded_at=NOON,
    )
    return envelope.model_dump_json(exclude_none=True).encode()


async def publish(
    client: Client, event: OrderReleased | OrderCancelled, correlation: str | None = None, body: bytes | None = None
) -> str:
    await client.jetstream().publish(publish_subject(event, "eu"), body or sealed_body(event, correlation))
    return f"{type(event).type}:{event.order_id}"


async def hear(event: OrderReleased, *, notes: NoteStore) -> Outcome:
    """Note the order, ring and shout outside, tell the mesh."""
    await take_note(event, notes=notes)
    order_id = event.order_id
    told = AllocationFailed(occurred_at=NOON, order_id=order_id, lines=(), reason="out-of-stock")
    return [told, Ring(lane=order_id, order_id=order_id), Shout(lane=order_id, order_id=order_id)]


async def ring(effect: Ring | Shout, *, key: str, bell: Any) -> None:
    await bell.request("POST", "/", json={"order_id": effect.order_id}, idempotency_key=key)


def made(settings: Settings, outside: Outside, handler: Any = hear) -> Service:
    service = empty(settings)
    bell = service.http(base_url=outside.url, system="bell")
    service.on(OrderReleased, handler, notes=NoteStore)
    service.effect(Ring, call=ring, bell=bell)
    service.effect(Shout, call=ring, bell=bell)
    return service


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[Service]:
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def times(service: Service, order_ids: Sequence[str]) -> list[int]:
    async with service.store(NoteStore) as notes:
        found = [await notes.read(order_id) for order_id in order_ids]
    return [note.times if note else 0 for note in found]


def noted(service: Service, order_ids: Sequence[str], count: int = 1) -> Callable[[], Any]:
    async def check() -> bool:
        return await times(service, order_ids) == [count] * len(order_ids)

    return check


async def ended(service: Service, wanted: Wanted, state: str = "done") -> Replay:
    replay, _ = await service.replayer.start(wanted)
    return await seen_to_end(service, replay.id, state)


async def seen_to_end(service: Service, replay_id: str, state: str = "done") -> Replay:
    async def is_over() -> bool:
        return (await service.replayer.known(replay_id)).state != "running"

    await eventually(is_over)
    found = await service.replayer.known(replay_id)
    assert found.state == state, found
    return found


async def broker_state(mesh: LocalMesh) -> dict[str, int]:
    """Return the last sequence of every stream and what every durable was given."""
    client = await mesh.connect("operator")
    try:
        js = client.jetstream()
        ends = {str(info.config.name): info.state.last_seq for info in await js.streams_info()}
        durables = [durable for service in SERVICES for durable in topology.load().durables(service, "eu")]
        infos = [await js.consumer_info(durable.stream, durable.name) for durable in durables]
        given = {info.name: info.delivered.consumer_seq for info in infos if info.delivered}
        return {**ends, **given}
    finally:
        await client.close()


@asynccontextmanager
async def sample_process(settings: Settings) -> AsyncIterator[tuple["asyncio.subprocess.Process", httpx.AsyncClient]]:
    """Run the sample service as a process of its own and wait until it is ready."""
    values = {name: value for name, value in settings.model_dump(mode="json").items() if value is not None}
    environment = {**os.environ, **{f"CROSSDOCK_{name.upper()}": str(value) for name, value in values.items()}}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "chassis.testing.sample", env=environment)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", timeout=30) as web:

        async def is_ready() -> bool:
            with suppress(httpx.TransportError):
                return (await web.get("/health/ready")).status_code == 200
            return False

        await eventually(is_ready)
        try:
            yield process, web
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
