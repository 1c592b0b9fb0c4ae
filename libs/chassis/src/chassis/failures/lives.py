"""The first open message of each durable, and in how many lives of the process it was the first.

A message that ends the process leaves no failure behind: the next life begins with it again. One that was first in
several lives in a row is handled alone, and then kept as a letter before it is handled.
"""

import logging

from nats.aio.msg import Msg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.away import is_away

log = logging.getLogger(__name__)

ALONE_LIVES = 2
NOTE = text(
    "INSERT INTO first_open (durable, sequence, lives) VALUES (:durable, :sequence, 1) ON CONFLICT (durable) DO UPDATE "
    "SET lives = CASE WHEN first_open.sequence = excluded.sequence THEN first_open.lives + 1 ELSE 1 END, "
    "sequence = excluded.sequence RETURNING lives"
)


class Lives:
    """Counts for one durable."""

    def __init__(self, engine: AsyncEngine, durable: str) -> None:
        self._engine, self._durable = engine, durable

    async def of(self, msg: Msg) -> int:
        """Return in how many lives in a row, this one included, a message was the first; 0 when it is not now."""
        at = msg.metadata.sequence
        if at.consumer != 1:
            return 0
        try:
            async with self._engine.begin() as connection:
                values = {"durable": self._durable, "sequence": at.stream}
                lives = int((await connection.execute(NOTE, values)).scalar_one())
        except Exception as error:
            if not is_away(error):
                raise
            return 0
        if lives >= ALONE_LIVES:
            log.warning("first_again", extra={"durable": self._durable, "sequence": at.stream, "lives": lives})
        return lives
