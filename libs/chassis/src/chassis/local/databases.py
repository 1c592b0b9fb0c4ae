"""Databases of a local PostgreSQL."""

import asyncio
import time

import asyncpg

ANSWER_SECONDS, READING_SECONDS = 10.0, 60.0


async def ensure_databases(url: str, names: list[str]) -> None:
    """Create the databases that do not exist; waits while the server is still starting.

    Raises:
        OSError: the server does not answer within ten seconds.
        asyncpg.CannotConnectNowError: it answers, but still reads its log after a minute.
    """
    connection = await _connect(url.replace("+asyncpg", ""))
    try:
        have = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in names:
            if name not in have:
                await connection.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
    finally:
        await connection.close()


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    began = time.monotonic()
    while True:
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.CannotConnectNowError) as error:
            answers = isinstance(error, asyncpg.CannotConnectNowError)
            if time.monotonic() > began + (READING_SECONDS if answers else ANSWER_SECONDS):
                raise
            await asyncio.sleep(0.1)
