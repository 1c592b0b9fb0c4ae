"""The table of replays: what was asked for and how far it is, so that whoever starts next goes on from there."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.errors import Permanent
from chassis.replay.selection import Cursor, Replay, Wanted

COLUMNS = (
    "id, state, request, cursors, total, done, counts, failures, projection, emptied_at, per_second, error, "
    "created_at, updated_at, ended_at"
)
ADD = text(
    "INSERT INTO replay (id, request, cursors, total, projection) "
    "VALUES (:id, CAST(:request AS jsonb), CAST(:cursors AS jsonb), :total, :projection)"
)
GET = text(f"SELECT {COLUMNS} FROM replay WHERE id = :id")  # noqa: S608
LIST = text(f"SELECT {COLUMNS} FROM replay ORDER BY created_at DESC LIMIT :limit")  # noqa: S608
RUNNING = text(f"SELECT {COLUMNS} FROM replay WHERE state = 'running' ORDER BY created_at")  # noqa: S608
BEGIN_REBUILD = text(
    "UPDATE replay SET emptied_at = now(), cursors = CAST(:cursors AS jsonb), total = :total, updated_at = now() "
    "WHERE id = :id AND emptied_at IS NULL"
)
ADVANCE = text(
    "UPDATE replay SET cursors = CAST(:cursors AS jsonb), done = :done, counts = CAST(:counts AS jsonb), "
    "failures = CAST(:failures AS jsonb), per_second = :per_second, updated_at = now() "
    "WHERE id = :id AND state = 'running' RETURNING id"
)
IS_RUNNING = text("SELECT state = 'running' FROM replay WHERE id = :id")
END = text(
    "UPDATE replay SET state = :state, error = :error, ended_at = now(), updated_at = now() "
    "WHERE id = :id AND state = 'running' RETURNING id"
)
RESUME = text(
    "UPDATE replay SET state = 'running', error = NULL, ended_at = NULL, updated_at = now() "
    "WHERE id = :id AND state IN ('stopped', 'failed') AND projection IS NULL RETURNING id"
)


class ReplayBook:
    """Replays by id."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, replay_id: str, wanted: Wanted, cursors: Mapping[str, Cursor], total: int) -> None:
        """Keep a replay that is to run.

        Raises:
            Permanent: the same projection is being rebuilt already.
        """
        values = {
            "id": replay_id,
            "request": wanted.model_dump_json(),
            "cursors": _json(cursors),
            "total": total,
            "projection": wanted.projection,
        }
        try:
            await self._change(ADD, values)
        except IntegrityError as error:
            raise Permanent(
                f"{wanted.projection} is being rebuilt already: wait for it or stop it", remedy="correct-request"
            ) from error

    async def get(self, replay_id: str) -> Replay | None:
        """Return a replay; None when there is none."""
        found = await self._select(GET, {"id": replay_id})
        return found[0] if found else None

    async def newest(self, limit: int) -> list[Replay]:
        """Return the replays begun last, newest first."""
        return await self._select(LIST, {"limit": limit})

    async def running(self) -> list[Replay]:
        """Return what is to run, oldest first."""
        return await self._select(RUNNING, {})

    async def is_running(self, replay_id: str) -> bool:
        """Say whether a replay is still to run."""
        async with self._engine.connect() as connection:
            return bool((await connection.execute(IS_RUNNING, {"id": replay_id})).scalar())

    async def begin_rebuild(self, replay_id: str, cursors: Mapping[str, Cursor], total: int) -> None:
        """Note that the tables are empty, and what is to be read from here on."""
        await self._change(BEGIN_REBUILD, {"id": replay_id, "cursors": _json(cursors), "total": total})

    async def advance(self, replay: Replay) -> bool:
        """Keep how far a replay is; returns False when it was stopped meanwhile."""
        values = {
            "id": replay.id,
            "cursors": _json(replay.cursors),
            "done": replay.done,
            "counts": replay.counts.model_dump_json(),
            "failures": orjson.dumps([failed.model_dump() for failed in replay.failures]).decode(),
            "per_second": replay.per_second,
        }
        return await self._change(ADVANCE, values)

    async def end(self, replay_id: str, state: str, error: str | None = None) -> bool:
        """End a running replay as `done`, `stopped` or `failed`; returns False when it does not run."""
        return await self._change(END, {"id": replay_id, "state": state, "error": error})

    async def resume(self, replay_id: str) -> bool:
        """Have a stopped or failed replay go on; returns False when it is neither, or a rebuild."""
        return await self._change(RESUME, {"id": replay_id})

    async def _change(self, statement: Any, values: Mapping[str, Any]) -> bool:  # noqa: ANN401  a text clause
        async with self._engine.begin() as connection:
            return (await connection.execute(statement, values)).rowcount > 0

    async def _select(self, statement: Any, values: Mapping[str, Any]) -> list[Replay]:  # noqa: ANN401
        async with self._engine.connect() as connection:
            rows: Sequence[Any] = (await connection.execute(statement, values)).mappings().all()
        return [Replay.model_validate(dict(row)) for row in rows]


def _json(cursors: Mapping[str, BaseModel]) -> str:
    return orjson.dumps({name: cursor.model_dump() for name, cursor in cursors.items()}).decode()
