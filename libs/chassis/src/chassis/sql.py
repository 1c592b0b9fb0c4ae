"""The committer's way to the database: asyncpg's own connection under SQLAlchemy's session, in one transaction.

The statements every batch runs go to the driver directly, at half the processor time; a store with tables of its own
works with the session as usual, on the same connection and in the same transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from chassis.away import is_away

DRIVER = "driver"
Row = asyncpg.Record


def engine_of(url: str, connections: int = 12) -> AsyncEngine:
    """Return the engine of a service's database; a third of its connections is closed when nobody needs them."""
    spare = connections // 3
    return create_async_engine(
        url,
        pool_size=connections - spare,
        max_overflow=spare,
        connect_args={"timeout": 5},
        json_deserializer=orjson.loads,
    )


@lru_cache(maxsize=32)
def _plain(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine without transactions of its own: the driver begins and ends them."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """Give a session whose work is committed at the end, or undone when an error leaves the block.

    A cancellation may come while the driver begins or ends the transaction, which then stays open in the server:
    whatever is committed next on that connection would be a part of it, and lost with it. So the connection is ended.
    """
    async with _plain(engine).connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        if driver is None:
            raise TypeError("the connection has no driver")
        try:
            async with (
                driver.transaction(),
                AsyncSession(connection, autoflush=False, expire_on_commit=False) as session,
            ):
                session.info[DRIVER] = driver
                yield session
                await session.flush()
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            is_cancelled = isinstance(error, asyncio.CancelledError) or bool(task and task.cancelling())
            if is_cancelled:
                driver.terminate()
            if is_cancelled or is_away(error):
                await connection.invalidate()
            if is_cancelled and not isinstance(error, asyncio.CancelledError):
                # undoing failed on a connection that is gone; whoever cancelled must not be taken for a failure
                raise asyncio.CancelledError from error
            raise


async def fetch(session: AsyncSession, statement: str, *values: Any) -> Sequence[Row]:  # noqa: ANN401  any SQL value
    """Run a statement with `$1` placeholders within `transaction` and return its rows.

    Raises:
        KeyError: the session is not one of `transaction`: what it wrote would not be undone with the rest.
    """
    rows: Sequence[Row] = await session.info[DRIVER].fetch(statement, *values)
    return rows
