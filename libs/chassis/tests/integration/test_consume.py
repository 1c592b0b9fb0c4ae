"""From a stream into the database: once each, poison kept apart, bugs bounded, retries in order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from canonical import Envelope, publish_subject, seal
from canonical.orders import OrderReleased
from chassis import Permanent, Service, Temporary
from chassis.effect import Outcome
from chassis.testing import LocalMesh, eventually
from chassis.testing.orders import NOON, released
from chassis.testing.sample.app import Note, NoteStore, build, empty, take_note

pytestmark = pytest.mark.integration


def sealed(event: OrderReleased, event_id: str) -> Envelope:
    return seal(
        event,
        event_id=event_id,
        source="order-release",
        correlation_id=event.order_id,
        causation_id=None,
        region="eu",
        recorded_at=NOON,
    )


async def publish(client: Client, event_id: str, event: OrderReleased, body: bytes | None = None) -> None:
    envelope = sealed(event, event_id)
    raw = envelope.model_dump_json(exclude_none=True).encode() if body is None else body
    await client.jetstream().publish(publish_subject(event, "eu"), raw)


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[Service]:
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


@pytest.fixture
async def erp(mesh: LocalMesh) -> AsyncIterator[Client]:
    client = await mesh.connect("order-release")
    yield client
    await client.close()


async def note(service: Service, order_id: str) -> Note | None:
    async with service.store(NoteStore) as notes:
        return await notes.read(order_id)


def noted(service: Service, order_ids: list[str]) -> Callable[[], "asyncio.Future[bool]"]:
    async def check() -> bool:
        return all([await note(service, order_id) for order_id in order_ids])

    return check  # type: ignore[return-value]


async def test_poison_in_a_batch_of_256_costs_the_others_nothing(mesh: LocalMesh, erp: Client) -> None:
    orders = [f"SO-batch-{number}" for number in range(256)]
    for number, order_id in enumerate(orders):
        poison = b'{"specversion": "1.0", "type": "order.released.v1", "data": 7}' if number == 100 else None
        await publish(erp, f"batch-{number}", released(order_id), poison)
    good = orders[:100] + orders[101:]
    async with running(build(await mesh.settings("inventory-sync"))) as service:
        await eventually(noted(service, good))
        assert [(await note(service, order_id)).times for order_id in good] == [1] * 255  # type: ignore[union-attr]
        assert await note(service, orders[100]) is None

        async def buried() -> bool:
            letters = await mesh.dead_letters("inventory-sync")
            return any("schema:" in letter["error"] for letter in letters)

        await eventually(buried)


async def test_a_handler_bug_is_tried_a_bounded_number_of_times_then_kept(mesh: LocalMesh, erp: Client) -> None:
    calls: Counter[str] = Counter()

    async def faulty(event: OrderReleased, *, notes: NoteStore) -> Outcome:
        calls[event.order_id] += 1
        if event.order_id == "SO-bug":
            return [{}["missing"]]
        return await take_note(event, notes=notes)

    service = empty(await mesh.settings("inventory-sync"))
    service.on(OrderReleased, faulty, notes=NoteStore)
    await publish(erp, "bug-1", released("SO-bug"))
    await publish(erp, "bug-2", released("SO-sound"))
    async with running(service):
        await eventually(noted(service, ["SO-sound"]))

        async def kept() -> bool:
            letters = await mesh.dead_letters("inventory-sync")
            return [letter["tries"] for letter in letters if letter["error_class"] == "KeyError"] == [5]

        await eventually(kept, within_seconds=40)
        tried = calls["SO-bug"]
        await asyncio.sleep(1)
        # one try with its batch and one alone, at most, for each of the five deliveries; and none after the last
        assert 5 <= tried == calls["SO-bug"] <= 10


async def test_a_permanent_failure_is_kept_at_once_and_a_temporary_one_is_tried_again(
    mesh: LocalMesh, erp: Client
) -> None:
    calls: Counter[str] = Counter()

    async def moody(event: OrderReleased, *, notes: NoteStore) -> Outcome:
        calls[event.order_id] += 1
        if event.order_id == "SO-never":
            raise Permanent("no such thing", remedy="check-it")
        if event.order_id == "SO-later" and calls[event.order_id] < 5:
            raise Temporary("not yet")
        return await take_note(event, notes=notes)

    service = empty(await mesh.settings("inventory-sync"))
    service.on(OrderReleased, moody, notes=NoteStore)
    await publish(erp, "moody-1", released("SO-never"))
    await publish(erp, "moody-2", released("SO-later"))
    async with running(service):
        await eventually(noted(service, ["SO-later"]))
        letters = [letter for letter in await mesh.dead_letters("inventory-sync") if letter["remedy"] == "check-it"]
        assert [letter["tries"] for letter in letters] == [1]
        assert calls["SO-never"] <= 2
        assert (await note(service, "SO-later")).times == 1  # type: ignore[union-attr]


async def test_the_same_event_again_changes_nothing(mesh: LocalMesh, erp: Client) -> None:
    for _ in range(3):
        await publish(erp, "again-1", released("SO-again"))
    await publish(erp, "again-2", released("SO-after"))
    async with running(build(await mesh.settings("inventory-sync"))) as service:
        await eventually(noted(service, ["SO-after", "SO-again"]))
        await asyncio.sleep(0.3)
        assert (await note(service, "SO-again")).times == 1  # type: ignore[union-attr]


async def test_another_domains_subject_is_refused_and_named(mesh: LocalMesh, caplog: pytest.LogCaptureFixture) -> None:
    foreign = publish_subject(released("SO-foreign"), "eu")
    row = "INSERT INTO outbox (event_id, stream, subject, payload) VALUES ('foreign-1', 'ORDER', :subject, '{}')"
    async with running(build(await mesh.settings("inventory-sync"))) as service:
        async with service.engine.begin() as connection:
            await connection.execute(text(row), {"subject": foreign})
        service.relay.wake()

        async def refused() -> bool:
            return any(record.message == "outbox_refused" for record in caplog.records)

        await eventually(refused)
        errors = {record.message: record.error for record in caplog.records if record.levelname == "ERROR"}  # type: ignore[attr-defined]
        assert set(errors) == {"broker_denied", "outbox_refused"}
        assert all("permissions violation" in said and foreign.lower() in said for said in errors.values())
        assert "timeout" not in caplog.text.lower()
        assert service.metrics.denied._value.get() >= 1
    client = await mesh.connect("operator")
    try:
        state = await client.jetstream().stream_info("ORDER", subjects_filter=foreign)
        assert not state.state.subjects
    finally:
        await client.close()
