"""Acts of people on letters: each covers exactly the letters it found when it began, and says what became of each.

Discarding and assigning are one transaction. A retry releases its letters in growing waves, so that a cause that is
not mended shows at the first; where it stands is in the database, so it goes on after a restart.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from canonical import topology
from chassis.errors import Permanent
from chassis.failures.redirect import REDIRECT
from chassis.failures.selection import Act, ActState, Wish

WAVES = (1, 5, 20, 50)

COVERED = {
    "retry": "letter.state IN ('dead', 'waiting')",
    "discard": "letter.state IN ('dead', 'waiting')",
    "assign": "letter.state IN ('dead', 'waiting', 'queued', 'retrying')",
    "redirect": "letter.state = 'dead' AND letter.stream IS NOT NULL",
}
"""Which letters each action can be about."""
FREE = (
    "NOT EXISTS (SELECT FROM letter_act a WHERE a.id = letter.act_id AND a.state = 'running' "
    "AND letter.act_wave IS NULL AND letter.state = 'dead')"
)
"""Not waiting for its wave in another act."""
ADD = text(
    "INSERT INTO letter_act (id, action, actor, reason, target, selection, keep_going, state) VALUES "
    "(:id, :action, :actor, :reason, :target, CAST(:selection AS jsonb), :keep_going, 'running') "
    "ON CONFLICT (id) DO NOTHING RETURNING id"
)
CHANGES = {
    "retry": "due_at = CASE WHEN o.state = 'waiting' THEN now() ELSE letter.due_at END",
    "discard": "state = 'discarded', lane = NULL, due_at = NULL, outcome = :reason",
    "assign": "assignee = :target",
    "redirect": "state = 'redirected', lane = NULL, due_at = NULL, outcome = 'to ' || :target",
}
"""What an action does to each letter at once."""
COVER = (
    "WITH o AS MATERIALIZED (SELECT * FROM letter WHERE {where} ORDER BY id FOR UPDATE), "
    "n AS (UPDATE letter SET {change}, changed_at = now(), act_id = :id, act_wave = NULL FROM o WHERE letter.id = o.id "
    "RETURNING letter.id, letter.state, letter.assignee, letter.outcome), "
    "h AS (INSERT INTO letter_history (letter_id, act_id, action, actor, reason, before, after) "
    "SELECT n.id, :id, :action, :actor, :reason, "
    "jsonb_build_object('state', o.state, 'assignee', o.assignee, 'outcome', o.outcome), "
    "jsonb_build_object('state', n.state, 'assignee', n.assignee, 'outcome', n.outcome) FROM n JOIN o USING (id)) "
    "UPDATE letter_act SET covered = (SELECT count(*) FROM n) WHERE id = :id RETURNING covered"
)
FIND = (
    "SELECT *, selection::text AS selection_text, ARRAY(SELECT DISTINCT l.correlation_id FROM letter l "
    "WHERE l.act_id = letter_act.id AND l.correlation_id IS NOT NULL LIMIT 1000) AS orders FROM letter_act"
)
COUNTS = text(
    "SELECT CASE WHEN a.action <> 'retry' THEN l.state WHEN l.state = 'dead' AND l.act_wave IS NULL THEN 'not begun' "
    "WHEN l.state = 'dead' THEN 'dead again' WHEN l.state IN ('queued', 'retrying') THEN 'in hand' ELSE l.state END "
    "AS what, count(*) AS count FROM letter l JOIN letter_act a ON a.id = l.act_id WHERE l.act_id = :id GROUP BY 1"
)
RUNNING = text(f"{FIND} WHERE state = 'running' AND action = 'retry' ORDER BY created_at FOR UPDATE SKIP LOCKED")
WAVE = text(
    "SELECT count(*) FILTER (WHERE state IN ('queued', 'retrying')) AS in_hand, "
    "count(*) FILTER (WHERE state = 'dead' AND act_wave = :wave) AS dead_again, "
    "count(*) FILTER (WHERE state = 'dead' AND act_wave IS NULL) AS left FROM letter WHERE act_id = :id"
)
RELEASE = text(
    "UPDATE letter SET state = 'queued', due_at = now(), changed_at = now(), act_wave = :wave WHERE id IN ("
    "SELECT id FROM letter WHERE act_id = :id AND state = 'dead' AND act_wave IS NULL ORDER BY id LIMIT :size)"
)
STEP = text("UPDATE letter_act SET wave = :wave WHERE id = :id")
SET_STATE = text(
    "UPDATE letter_act SET state = :state, note = :note, "
    "wave = wave + CASE WHEN :state = 'running' THEN 1 ELSE 0 END, "
    "ended_at = CASE WHEN :state = 'running' THEN NULL ELSE now() "
    "END WHERE id = :id AND state = ANY(:known) RETURNING id"
)


class Acts:
    """Begins acts, takes retries from wave to wave, and says how they are."""

    def __init__(self, service: str, region: str, engine: AsyncEngine) -> None:
        self._service, self._region, self._engine = service, region, engine

    async def count(self, wish: Wish) -> int:
        """Return how many letters an act would cover now."""
        where, values = _where(wish)
        async with self._engine.connect() as connection:
            query = text(f"SELECT count(*) FROM letter WHERE {where}")  # noqa: S608  parameters are bound
            return int((await connection.execute(query, values)).scalar_one())

    async def begin(self, wish: Wish) -> Act:
        """Begin an act; one that was begun before is left as it is.

        Raises:
            Permanent: a redirect names a service that does not exist.
        """
        if wish.action == "redirect" and wish.target not in set(topology.load().services) - {self._service}:
            raise Permanent(f"{wish.target} is no other service of the mesh", remedy="correct-request")
        async with self._engine.begin() as connection:
            values = wish.model_dump(exclude={"selection"})
            selection = orjson.dumps(wish.selection.model_dump(exclude_none=True)).decode()
            if (await connection.execute(ADD, {**values, "selection": selection})).scalar():
                await self._cover(connection, wish)
        return await self.known(wish.id)

    async def _cover(self, connection: AsyncConnection, wish: Wish) -> None:
        where, values = _where(wish)
        values |= {"id": wish.id, "action": wish.action, "actor": wish.actor, "reason": wish.reason}
        if wish.target:
            values["target"] = wish.target
        await connection.execute(text(COVER.format(where=where, change=CHANGES[wish.action])), values)
        if wish.action == "redirect":
            prefix = f"retry.{self._region}.{self._service}"
            await connection.execute(REDIRECT, {"id": wish.id, "service": self._service, "prefix": prefix})
        if wish.action != "retry":
            await connection.execute(SET_STATE, {"id": wish.id, "state": "done", "note": "", "known": ["running"]})

    async def known(self, act_id: str) -> Act:
        """Return an act.

        Raises:
            Permanent: there is none.
        """
        async with self._engine.connect() as connection:
            row = (await connection.execute(text(f"{FIND} WHERE id = :id"), {"id": act_id})).mappings().first()
            if row is None:
                raise Permanent(f"act {act_id} is not known here", remedy="correct-request")
            counts = (await connection.execute(COUNTS, {"id": act_id})).all()
        return _act(row).model_copy(update={"counts": {found.what: found.count for found in counts}})

    async def newest(self, limit: int) -> list[Act]:
        """Return the acts begun last, newest first, without their counts."""
        query = text(f"{FIND} ORDER BY created_at DESC LIMIT :limit")
        async with self._engine.connect() as connection:
            return [_act(row) for row in (await connection.execute(query, {"limit": limit})).mappings()]

    async def stop(self, act_id: str) -> Act:
        """End a retry early: letters not begun stay dead."""
        return await self._move(act_id, "stopped", "stopped by a person", known=["running"])

    async def resume(self, act_id: str) -> Act:
        """Have a retry go on that was stopped, or halted after failures."""
        return await self._move(act_id, "running", "", known=["stopped", "halted"])

    async def _move(self, act_id: str, state: ActState, note: str, *, known: list[ActState]) -> Act:
        async with self._engine.begin() as connection:
            await connection.execute(SET_STATE, {"id": act_id, "state": state, "note": note, "known": known})
        return await self.known(act_id)

    async def run_due(self) -> None:
        """Take every running retry to its next wave if the last one has ended."""
        async with self._engine.begin() as connection:
            for row in (await connection.execute(RUNNING)).mappings().all():
                await self._step(connection, _act(row))

    async def _step(self, connection: AsyncConnection, act: Act) -> None:
        now = (await connection.execute(WAVE, {"id": act.id, "wave": act.wave})).one()
        if now.in_hand:
            return
        if now.dead_again and now.left and not act.keep_going:
            note = f"{now.dead_again} letters of wave {act.wave} died again; mend the cause, then resume"
            await _set(connection, act.id, "halted", note)
        elif now.left:
            size = WAVES[min(act.wave, len(WAVES) - 1)]
            await connection.execute(RELEASE, {"id": act.id, "wave": act.wave + 1, "size": size})
            await connection.execute(STEP, {"id": act.id, "wave": act.wave + 1})
        else:
            await _set(connection, act.id, "done", "")


async def _set(connection: AsyncConnection, act_id: str, state: ActState, note: str) -> None:
    await connection.execute(SET_STATE, {"id": act_id, "state": state, "note": note, "known": ["running"]})


def _where(wish: Wish) -> tuple[str, dict[str, Any]]:
    where, values = wish.selection.where()
    return f"{where} AND {COVERED[wish.action]} AND {FREE}", values


def _act(row: Mapping[Any, Any]) -> Act:
    return Act.model_validate({**row, "selection": orjson.loads(row["selection_text"])})
