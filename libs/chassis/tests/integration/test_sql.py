"""A transaction that is cancelled ends as cancelled, whatever becomes of its connection, and leaves nothing open."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.sql import engine_of, fetch, transaction
from chassis.testing import LocalMesh

pytestmark = pytest.mark.integration

END = text("SELECT pg_terminate_backend(:pid)")
SECONDS = 5.0
CANCELLED = 100
NOTE = "INSERT INTO cancelled_at (at) VALUES ($1)"


async def test_a_cancelled_transaction_is_cancelled_although_its_connection_is_gone(mesh: LocalMesh) -> None:
    engine = engine_of((await mesh.settings("inventory-sync")).database_url)
    held: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with transaction(engine) as session:
            held.set_result((await fetch(session, "SELECT pg_backend_pid() AS pid"))[0]["pid"])
            await asyncio.sleep(SECONDS)

    holding = asyncio.create_task(hold())
    pid = await held
    async with engine.connect() as other:
        await other.execute(END, {"pid": pid})
    await asyncio.sleep(0.2)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    await engine.dispose()


async def test_a_commit_after_a_cancelled_transaction_is_a_commit(mesh: LocalMesh) -> None:
    """Wherever in a transaction the cancellation comes: what the next one commits is there for others."""
    url = (await mesh.settings("inventory-sync")).database_url
    engine, other = engine_of(url, connections=1), engine_of(url, connections=1)

    async def note(at: int) -> None:
        async with transaction(engine) as session:
            await fetch(session, NOTE, at)

    async with transaction(other) as session:
        await fetch(session, "CREATE TABLE cancelled_at (at integer)")
    for turn in range(CANCELLED):
        noting = asyncio.create_task(note(-1))
        for _ in range(2 * turn):
            await asyncio.sleep(0)
        noting.cancel()
        await asyncio.wait([noting])
        await note(turn)
        async with transaction(other) as session:
            assert await fetch(session, "SELECT FROM cancelled_at WHERE at = $1", turn), f"turn {turn} is not there"
    await engine.dispose()
    await other.dispose()
