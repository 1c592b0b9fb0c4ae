"""Rows that are done go after their days; rows that wait never do."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.migrate import migrate
from chassis.retention import PASSED, drop_passed
from chassis.testing import LocalMesh
from chassis.testing.sample.app import empty

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=16), NOW - timedelta(days=14)
FILL = {
    "inbox": "INSERT INTO inbox (source, message_id, created_at) SELECT 'order', :tag || n, :at",
    "outbox": "INSERT INTO outbox (event_id, stream, subject, payload, created_at, published_at) "
    "SELECT :tag || n, 'ORDER', 's', '', :at, CASE WHEN n > 1 THEN CAST(:at AS timestamptz) END",
    "effect": "INSERT INTO effect (key, name, lane, payload, cause, created_at, done_at) "
    "SELECT :tag || n, 'ring', 'l', '{}', '{}', :at, CASE WHEN n > 1 THEN CAST(:at AS timestamptz) END",
    "letter_act": "INSERT INTO letter_act (id, action, actor, reason, selection, state, ended_at) "
    "SELECT :tag || n, 'retry', 'ada', '', '{}', 'done', CAST(:at AS timestamptz)",
    "letter": "INSERT INTO letter (source, origin, message_id, state, body, error_class, error, fingerprint, remedy, "
    "tries, act_id, changed_at) SELECT 'order', :tag || n, :tag || n, CASE WHEN n > 1 THEN 'resolved' ELSE 'dead' END, "
    "'', 'Permanent', 'unknown', 'f', 'look', 1, :tag || n, CAST(:at AS timestamptz)",
    "letter_history": "INSERT INTO letter_history (letter_id, action, actor, before, after, at) "
    "SELECT (SELECT id FROM letter WHERE origin = :tag || n), 'retry', 'ada', '{}', '{}', CAST(:at AS timestamptz)",
}
"""25 old rows and 25 young ones of each table; the first of either waits still, or belongs to one that does."""


async def _count(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_only_what_is_done_and_old_goes(mesh: LocalMesh) -> None:
    service = empty(await mesh.settings("inventory-sync"))
    await migrate(service.engine, service._migrations())
    async with service.engine.begin() as connection:
        for query in FILL.values():
            for tag, at in (("old", OLD), ("young", YOUNG)):
                await connection.execute(text(f"{query} FROM generate_series(1, 25) AS n"), {"tag": tag, "at": at})
    dropped = await drop_passed(service.engine, NOW - timedelta(days=15), piece=10)
    left = {table: await _count(service.engine, table) for table in PASSED}
    await service.engine.dispose()
    assert dropped == dict.fromkeys(FILL, 24)
    assert left == dict.fromkeys(FILL, 26)
