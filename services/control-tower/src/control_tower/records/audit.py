"""The audit: kept in the archive's database, longer than any service keeps its own."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from control_tower.domain.audit import Entry

COLUMNS = "service, id, action, actor, reason, target, about, covered, state, at, ended_at, detail::text AS detail"
KEEP = """
INSERT INTO audit AS a (service, id, action, actor, reason, target, about, covered, state, at, ended_at, detail)
VALUES (:service, :id, :action, :actor, :reason, :target, :about, :covered, :state, :at, :ended_at,
    CAST(:detail AS jsonb))
ON CONFLICT (service, id) DO UPDATE SET
    about = ARRAY(SELECT DISTINCT unnest(a.about || excluded.about) ORDER BY 1),
    covered = excluded.covered, state = excluded.state, ended_at = excluded.ended_at, detail = excluded.detail
WHERE (a.covered, a.state, a.detail) IS DISTINCT FROM (excluded.covered, excluded.state, excluded.detail)
    OR NOT a.about @> excluded.about
"""
ALL = """
SELECT * FROM audit UNION ALL
SELECT 'control-tower', key || '@' || revision,
    CASE WHEN document->>'body' IS NULL THEN 'withdraw' WHEN revision = 1 THEN 'add' ELSE 'change' END || ' ' || kind,
    document->>'actor', document->>'reason', document->>'name', '{}', 1, 'done',
    (document->>'changed_at')::timestamptz, (document->>'changed_at')::timestamptz, document FROM metadata_revision
"""
"""What was done in the services and by exports, and every revision of central metadata."""
FIND = f"""
SELECT {COLUMNS} FROM ({ALL}) AS everything
WHERE (CAST(:who AS text) IS NULL OR actor ILIKE :who ESCAPE '!')
    AND (CAST(:what AS text) IS NULL OR action ILIKE :what ESCAPE '!')
    AND (CAST(:service AS text) IS NULL OR service = :service)
    AND (CAST(:since AS timestamptz) IS NULL OR at >= :since) AND (CAST(:before AS timestamptz) IS NULL OR at < :before)
    AND (CAST(:about AS text) IS NULL OR about @> ARRAY[CAST(:about AS text)])
    AND (CAST(:words AS text) IS NULL OR reason ILIKE :words ESCAPE '!')
ORDER BY at DESC, service, id LIMIT :limit
"""  # noqa: S608
ONE = (
    f"SELECT {COLUMNS} FROM ({ALL}) AS everything WHERE id LIKE :start ESCAPE '!' ORDER BY length(id), at DESC LIMIT 2"  # noqa: S608
)


class Asked(BaseModel):
    """What of the audit is asked for; empty means all."""

    who: str | None = Field(default=None, max_length=128)
    """A person, or a part of the name."""
    what: str | None = Field(default=None, max_length=64)
    """An action, or its beginning: retry, discard, assign, redirect, edit, read, replay, export, change ..."""
    service: str | None = Field(default=None, max_length=64)
    """Where it was done."""
    since: AwareDatetime | None = None
    """Begun since."""
    before: AwareDatetime | None = None
    """Begun before; the `at` of the last entry of a page gives the next."""
    order: str | None = Field(default=None, max_length=255)
    """An order, or other business transaction, that it is about."""
    words: str | None = Field(default=None, max_length=128)
    """A part of the reason."""
    limit: int = Field(default=100, ge=1, le=1000)
    """Entries at most."""


class Audit:
    """Keeps entries, each once however often it is told, and finds them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Keep entries, or what has become of those kept before."""
        rows = [
            {**entry.model_dump(), "about": list(entry.about), "detail": orjson.dumps(entry.detail).decode()}
            for entry in sorted(entries, key=lambda entry: (entry.service, entry.id))
        ]
        if rows:
            async with self._engine.begin() as connection:
                await connection.execute(text(KEEP), rows)

    async def find(self, asked: Asked) -> list[Entry]:
        """Return entries, the newest first."""
        said = asked.model_dump(exclude={"order"}) | {"about": asked.order}
        return await self._entries(
            FIND, **said | {name: _part(said[name]) for name in ("who", "words")} | {"what": _start(asked.what)}
        )

    async def of(self, start: str) -> list[Entry]:
        """Return the entries, two at most, whose id begins so; one that is called just so first."""
        return await self._entries(ONE, start=_start(start))

    async def _entries(self, query: str, **parameters: Any) -> list[Entry]:  # noqa: ANN401  any SQL value
        async with self._engine.connect() as connection:
            rows = (await connection.execute(text(query), parameters)).mappings()
            return [Entry.model_validate({**row, "detail": orjson.loads(row["detail"])}) for row in rows]


def _part(words: str | None) -> str | None:
    return f"%{_escaped(words)}%" if words else None


def _start(words: str | None) -> str | None:
    return f"{_escaped(words)}%" if words else None


def _escaped(words: str) -> str:
    return words.replace("!", "!!").replace("%", "!%").replace("_", "!_")
