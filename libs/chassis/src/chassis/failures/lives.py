"""The first open message of each durable, and in how many lives of the process it was the first.

A message that ends the process leaves no failure behind: the next life begins with it again. One that was first in
several lives in a row is handled alone, while nothing else is, so that only its own end of the process counts against
it; when that has happened several times, it is kept as a letter before it is handled.
"""

import logging
from typing import Any

from nats.aio.msg import Msg
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.away import is_away

log = logging.getLogger(__name__)

ALONE_LIVES = 2
NOTE = text(
    "INSERT INTO first_open (durable, sequence, lives) VALUES (:durable, :sequence, 1) ON CONFLICT (durable) DO UPDATE "
    "SET lives = CASE WHEN first_open.sequence = excluded.sequence THEN first_open.lives + 1 ELSE 1 END, "
    "alone = CASE WHEN first_open.sequence = excluded.sequence THEN first_open.alone ELSE 0 END, "
    "sequence = excluded.sequence RETURNING lives"
)
BEGIN_ALONE = text("UPDATE first_open SET alone = alone + 1 WHERE durable = :durable RETURNING alone")
END_ALONE = text("UPDATE first_open SET alone = 0 WHERE durable = :durable RETURNING alone")


class Lives:
    """Counts for one durable."""

    def __init__(self, engine: AsyncEngine, durable: str) -> None:
        self._engine, self._durable = engine, durable

    async def of(self, msg: Msg) -> int:
        """Return in how many lives in a row, this one included, a message was the first; 0 when it is not now."""
        at = msg.metadata.sequence
        if at.consumer != 1:
            return 0
        lives = await self._count(NOTE, durable=self._durable, sequence=at.stream)
        if lives >= ALONE_LIVES:
            log.warning("first_again", extra={"durable": self._durable, "sequence": at.stream, "lives": lives})
        return lives

    async def begin_alone(self) -> int:
        """Note that the first message is now handled alone; returns in how many lives that began without an end."""
        return await self._count(BEGIN_ALONE, durable=self._durable)

    async def end_alone(self) -> None:
        """Note that the process lived through it."""
        await self._count(END_ALONE, durable=self._durable)

    async def _count(self, statement: TextClause, **values: Any) -> int:  # noqa: ANN401  any SQL value
        try:
            async with self._engine.begin() as connection:
                return int((await connection.execute(statement, values)).scalar_one())
        except Exception as error:
            if not is_away(error):
                raise
            return 0
