"""A transaction that is cancelled ends as cancelled, whatever becomes of its connection."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.sql import engine_of, fetch, transaction
from chassis.testing import LocalMesh

pytestmark = pytest.mark.integration

END = text("SELECT pg_terminate_backend(:pid)")
SECONDS = 5.0


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
