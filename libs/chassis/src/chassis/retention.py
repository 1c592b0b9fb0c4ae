"""What the chassis' tables no longer need goes, a bounded piece at a time.

Rows are kept longer than the streams keep messages: while a message can come again the inbox knows it, and a tail the
broker lost can be published again from the outbox.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

PIECE = 5_000
OPEN = "SELECT FROM letter l WHERE l.state IN ('waiting', 'dead', 'queued', 'retrying')"
PASSED = {
    "inbox": f"created_at < :before AND NOT EXISTS ({OPEN} AND l.source = inbox.source "
    "AND l.message_id = inbox.message_id)",
    "outbox": "published_at < :before",
    "effect": f"done_at < :before AND NOT EXISTS ({OPEN} AND l.source = 'effect-' || effect.name "
    "AND l.origin = effect.key)",
    "letter": "changed_at < :before AND state IN ('resolved', 'discarded', 'redirected')",
    "letter_history": "at < :before AND NOT EXISTS (SELECT FROM letter l WHERE l.id = letter_id)",
    "letter_act": "ended_at < :before AND NOT EXISTS (SELECT FROM letter l WHERE l.act_id = letter_act.id)",
}
"""Which rows of each table have served their time; what waits never has.

While a letter is open it can be retried, so what says whether its message took effect stays.
"""


async def drop_passed(engine: AsyncEngine, before: datetime, piece: int = PIECE) -> dict[str, int]:
    """Delete rows that were done with before that moment; returns how many of each table."""
    return {table: await _drop(engine, table, condition, before, piece) for table, condition in PASSED.items()}


async def _drop(engine: AsyncEngine, table: str, condition: str, before: datetime, piece: int) -> int:
    found = f"SELECT ctid FROM {table} WHERE {condition} LIMIT :piece FOR UPDATE SKIP LOCKED"  # noqa: S608
    query = text(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({found}))")  # noqa: S608
    dropped = 0
    while True:
        async with engine.begin() as connection:
            count = (await connection.execute(query, {"before": before, "piece": piece})).rowcount
        dropped += count
        if count < piece:
            return dropped
