"""Databases of a local PostgreSQL."""

import asyncio
import time

import asyncpg

START_SECONDS = 60.0


async def ensure_databases(url: str, names: list[str]) -> None:
    """Create the databases that do not exist; waits while the server is still starting.

    Raises:
        OSError: the server does not answer within a minute; after a crash it reads its log first.
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
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.CannotConnectNowError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
