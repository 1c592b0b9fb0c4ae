"""The book in memory behaves as the one in the database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from chassis import Book, sql
from chassis.migrate import migrate
from chassis.testing import FakeBook, LocalMesh
from chassis.testing.sample import app

pytestmark = pytest.mark.integration

Transaction = Callable[[], AbstractAsyncContextManager[Book[app.Note]]]


@pytest.fixture(params=["memory", "database"])
async def transaction(request: pytest.FixtureRequest, mesh: LocalMesh) -> AsyncIterator[Transaction]:
    if request.param == "memory":
        kept = FakeBook[app.Note]()

        @asynccontextmanager
        async def in_memory() -> AsyncIterator[Book[app.Note]]:
            yield kept

        yield in_memory
        return
    service = app.empty(await mesh.settings("inventory-sync"))
    await migrate(service.engine, service._migrations())

    @asynccontextmanager
    async def in_database() -> AsyncIterator[Book[app.Note]]:
        async with sql.transaction(service.engine) as session:
            store = app.NoteStore(session)
            yield store
            await store.flush()

    yield in_database
    await service.engine.dispose()


async def test_what_was_never_kept_is_none(transaction: Transaction) -> None:
    async with transaction() as book:
        assert await book.get("SO-1") is None


async def test_what_was_kept_is_there_in_the_next_transaction(transaction: Transaction) -> None:
    async with transaction() as book:
        book.put("SO-1", app.Note(order_id="SO-1", times=3))
    async with transaction() as book:
        await book.load(["SO-1", "SO-2"])
        assert await book.get("SO-1") == app.Note(order_id="SO-1", times=3)
        assert await book.get("SO-2") is None


async def test_the_last_one_kept_counts(transaction: Transaction) -> None:
    async with transaction() as book:
        book.put("SO-1", app.Note(order_id="SO-1", times=1))
        book.put("SO-1", app.Note(order_id="SO-1", times=2))
        assert (await book.get("SO-1")) == app.Note(order_id="SO-1", times=2)
    async with transaction() as book:
        assert (await book.get("SO-1")) == app.Note(order_id="SO-1", times=2)


async def test_two_reads_give_the_same_document(transaction: Transaction) -> None:
    async with transaction() as book:
        book.put("SO-1", app.Note(order_id="SO-1"))
    async with transaction() as book:
        one, other = await book.get("SO-1"), await book.get("SO-1")
        assert one is other is not None
        one.times = 9
        book.put("SO-1", one)
    async with transaction() as book:
        assert (await book.get("SO-1")) == app.Note(order_id="SO-1", times=9)
