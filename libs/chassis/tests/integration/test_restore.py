"""A restored database is older than the broker: after its durables are rewound nothing is missing, nothing doubled."""

import asyncio
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from canonical import topology
from canonical.inventory import InventoryAllocated
from canonical.orders import OrderReleased
from canonical.values import LineQuantity
from chassis import Effect, Http, Service, Settings, rebase
from chassis.administrator import administrator
from chassis.documents import Book
from chassis.effect import Outcome
from chassis.local.databases import ensure_databases
from chassis.local.ports import free_port
from chassis.local.postgres import binaries
from chassis.provision import provision_blocking
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import NOON, released
from chassis.testing.sample.app import Note, NoteStore, take_note

pytestmark = [pytest.mark.integration, pytest.mark.faults]

ORDERS = 60
TIMES = text("SELECT key, (state ->> 'times')::int AS times FROM note")


class Ring(Effect):
    """A call to the outside for an order."""

    name: ClassVar[str] = "ring"
    replay: ClassVar = "deduplicate"

    order_id: str


async def release(order: OrderReleased) -> Outcome:
    return [order]


async def allocate(event: OrderReleased, *, notes: Book[Note]) -> Outcome:
    await take_note(event, notes=notes)
    allocated = InventoryAllocated(
        occurred_at=NOON,
        allocation_id=f"AL-{event.order_id}",
        order_id=event.order_id,
        site="BER1",
        customer_id=event.customer_id,
        lines=(LineQuantity(line_number=10, sku="SKU-1", quantity=1),),
        ship_to=event.ship_to,
        contact=event.contact,
        service_level=event.service_level,
        promised_at=event.promised_at,
    )
    return [allocated, Ring(lane=event.order_id, order_id=event.order_id)]


async def hear(event: InventoryAllocated, *, notes: NoteStore) -> Outcome:
    await notes.load([event.order_id])
    note = await notes.get(event.order_id) or Note(order_id=event.order_id)
    note.times += 1
    notes.put(event.order_id, note)
    return []


async def ring(effect: Ring, *, key: str, outside: Http) -> None:
    await outside.request("POST", "/ring", json={"order_id": effect.order_id}, idempotency_key=key)


class Outside:
    """A system that logs every call: the keys it was called with for each order."""

    def __init__(self) -> None:
        self.keys: dict[str, list[str]] = defaultdict(list)
        self.port = free_port()

    async def _ring(self, request: Request) -> PlainTextResponse:
        self.keys[(await request.json())["order_id"]].append(request.headers["idempotency-key"])
        return PlainTextResponse("rung")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = Starlette(routes=[Route("/ring", self._ring, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="warning", lifespan="off"))
        task = asyncio.create_task(server.serve())
        yield
        server.should_exit = True
        await task


class Chain:
    """Orders are released, allocated (with a call outside), and heard of by a third service."""

    def __init__(self, mesh: LocalMesh, settings: dict[str, Settings], outside: Outside) -> None:
        self.mesh, self.settings, self.outside = mesh, settings, outside
        self.first, self.middle, self.last = self._service("order-release"), self._middle(), self._last()
        self.orders = 0

    def _service(self, name: str) -> Service:
        service = Service(name, self.settings[name])
        service.package = "chassis.testing.sample"
        return service

    def _middle(self) -> Service:
        service = self._service("inventory-sync")
        outside = service.http(base_url=f"http://127.0.0.1:{self.outside.port}", system="outside")
        service.on(OrderReleased, allocate, notes=NoteStore)
        service.effect(Ring, call=ring, outside=outside)
        return service

    def _last(self) -> Service:
        service = self._service("warehouse-adapter")
        service.on(InventoryAllocated, hear, notes=NoteStore)
        return service

    async def release(self, count: int) -> None:
        numbers = range(self.orders, self.orders + count)
        self.orders += count
        await asyncio.gather(*(self.first.accept("erp", str(n), released(f"SO-{n}"), release) for n in numbers))

    async def settled(self) -> None:
        async def everything() -> bool:
            heard = await times(self.last)
            return len(heard) == self.orders and len(self.outside.keys) == self.orders and await quiet(self.middle)

        await eventually(everything)

    async def restart_middle(self) -> None:
        self.middle = self._middle()
        await self.middle.start()

    async def rewind(self, moment: datetime) -> list[rebase.Move]:
        nats = self.mesh.nats
        async with administrator(nats.url, "provisioner", nats.password("provisioner")) as js:
            moves = await rebase.rewind(js, topology.load().durables("inventory-sync", "eu"), moment)
            for move in moves:
                await rebase.apply(js, move)
        return moves


async def times(service: Service) -> dict[str, int]:
    """Return how often a service took note of each order."""
    async with service.engine.connect() as connection:
        return {row.key: row.times for row in await connection.execute(TIMES)}


async def quiet(service: Service) -> bool:
    """Whether nothing waits to be published or called."""
    waiting = "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) + "
    waiting += "(SELECT count(*) FROM effect WHERE state = 'pending')"
    async with service.engine.connect() as connection:
        return (await connection.execute(text(waiting))).scalar_one() == 0


def dump(url: str, file: Path) -> None:
    """Back a database up while it works."""
    plain = url.replace("+asyncpg", "")
    subprocess.run([binaries() / "pg_dump", "--format=custom", f"--file={file}", plain], check=True)


async def restore(mesh: LocalMesh, url: str, file: Path) -> None:
    """Put the backup in the place of the database."""
    name = url.rsplit("/", 1)[1]
    server = mesh.postgres.url("postgres").replace("+asyncpg", "")
    drop = [binaries() / "psql", server, "-qc", f'DROP DATABASE "{name}" WITH (FORCE)']
    await asyncio.to_thread(subprocess.run, drop, check=True)
    await ensure_databases(mesh.postgres.url("postgres"), [name])
    command = [binaries() / "pg_restore", f"--dbname={url.replace('+asyncpg', '')}", file]
    await asyncio.to_thread(subprocess.run, command, check=True)


@pytest.fixture
async def chain(tmp_path: Path, mesh: LocalMesh) -> AsyncIterator[Chain]:
    own = LocalMesh(tmp_path)
    nats, own.postgres = own.nats, mesh.postgres
    await asyncio.to_thread(nats.start)
    await asyncio.to_thread(provision_blocking, nats.url, nats.passwords["provisioner"], "eu")
    settings = {
        name: await mesh.settings(name, nats_url=nats.url, nats_password_file=nats.passwords[name])
        for name in ("order-release", "inventory-sync", "warehouse-adapter")
    }
    outside = Outside()
    found = Chain(own, settings, outside)
    async with AsyncExitStack() as stack:
        stack.callback(nats.kill)
        await stack.enter_async_context(outside.serving())
        for service in (found.first, found.last, found.middle):
            await service.start()
        stack.push_async_callback(found.first.stop)
        stack.push_async_callback(found.last.stop)
        yield found
        await found.middle.stop()


async def test_a_restored_database_is_made_whole_by_a_rewind(chain: Chain, tmp_path: Path) -> None:
    await forget_repeats_at_once(chain)
    url, backup = chain.settings["inventory-sync"].database_url, tmp_path / "inventory-sync.dump"
    await chain.release(ORDERS)
    await chain.settled()
    began = datetime.now(UTC)
    under_load = asyncio.create_task(chain.release(ORDERS))
    await asyncio.to_thread(dump, url, backup)
    await under_load
    await chain.release(ORDERS)
    await chain.settled()

    await chain.middle.stop()
    await restore(chain.mesh, url, backup)
    assert ORDERS <= len(await times(chain.middle)) < chain.orders, "the restored database is as new as the lost one"
    calls_before = sum(map(len, chain.outside.keys.values()))
    moves = await chain.rewind(began)
    await chain.restart_middle()
    await chain.release(ORDERS)
    await eventually(lambda: whole(chain))
    await chain.settled()

    once = {f"SO-{number}": 1 for number in range(chain.orders)}
    assert len(moves) == topology.load().partitions
    assert await times(chain.middle) == once
    assert await times(chain.last) == once
    assert {order_id: len(set(keys)) for order_id, keys in chain.outside.keys.items()} == once
    assert sum(map(len, chain.outside.keys.values())) > calls_before + ORDERS, "nothing was called again"
    assert await allocations(chain) > chain.orders, "no repeat reached the stream: the inbox was not tried"


async def test_without_a_rewind_there_is_a_gap(chain: Chain, tmp_path: Path) -> None:
    """The control: what the test above counts would show what is missing."""
    url, backup = chain.settings["inventory-sync"].database_url, tmp_path / "inventory-sync.dump"
    await chain.release(20)
    await chain.settled()
    await asyncio.to_thread(dump, url, backup)
    await chain.release(20)
    await chain.settled()
    await chain.middle.stop()
    await restore(chain.mesh, url, backup)
    await chain.restart_middle()
    await chain.release(20)
    await chain.settled()
    assert sorted(await times(chain.middle)) == sorted(f"SO-{n}" for n in (*range(20), *range(40, 60)))


async def whole(chain: Chain) -> bool:
    return len(await times(chain.middle)) == chain.orders


async def allocations(chain: Chain) -> int:
    """Return how many messages INVENTORY holds, repeats and all."""
    client = await chain.mesh.connect("operator")
    try:
        return (await client.jetstream().stream_info("INVENTORY")).state.messages
    finally:
        await client.close()


async def forget_repeats_at_once(chain: Chain) -> None:
    """Let the stream take in a repeat as it does when the repeat comes days later."""
    nats = chain.mesh.nats
    async with administrator(nats.url, "provisioner", nats.password("provisioner")) as js:
        config = (await js.stream_info("INVENTORY")).config
        await js.update_stream(config.evolve(duplicate_window=0.1))
