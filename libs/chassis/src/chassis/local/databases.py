"""Databases of a local PostgreSQL."""

import asyncio

import asyncpg


async def ensure_databases(url: str, names: list[str]) -> None:
    """Create the databases that do not exist; waits while the server is still starting.

    Raises:
        OSError: the server does not answer within ten seconds.
    """
    connection = await _connect(url.replace("+asyncpg", ""))
    try:
        have = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in names:
            if name not in have:
                await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    for attempt in range(100):
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.CannotConnectNowError):
            if attempt == 99:
                raise
            await asyncio.sleep(0.1)
    raise OSError("unreachable")
