"""What is kept, as people see it: groups of failures of one kind, letters, one letter with all that was done to it."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import decode
from chassis.effect import EffectRoute
from chassis.errors import Permanent
from chassis.failures import masking, playbooks
from chassis.failures.selection import OPEN, Edit, Selection

COLUMNS = (
    "id, source, origin, message_id, state, stream, stream_seq, subject, kind, lane, error_class, error, fingerprint, "
    "remedy, assignee, tries, correlation_id, due_at, act_id, outcome, created_at, changed_at"
)
GROUPS = text(
    "SELECT fingerprint AS group, source, min(kind) AS kind, min(error_class) AS error_class, "  # noqa: S608
    "(array_agg(error ORDER BY id DESC))[1] AS error, min(remedy) AS remedy, "
    "array_agg(DISTINCT assignee) AS assignees, count(*) FILTER (WHERE state = 'dead') AS dead, "
    "count(*) FILTER (WHERE state = 'waiting') AS waiting, "
    "count(*) FILTER (WHERE state IN ('queued', 'retrying')) AS in_hand, "
    "min(created_at) AS oldest, max(created_at) AS newest, (array_agg(id ORDER BY id))[1:3] AS samples "
    f"FROM letter WHERE state IN {OPEN} "
    "GROUP BY fingerprint, source ORDER BY count(*) DESC LIMIT :limit"
)
FULL = text(f"SELECT {COLUMNS}, headers::text AS headers, body FROM letter WHERE id = :id")  # noqa: S608
HISTORY = text(
    "SELECT action, actor, reason, before::text AS before, after::text AS after, at FROM letter_history "
    "WHERE letter_id = :id ORDER BY id"
)
EDIT = text(
    "WITH o AS (SELECT * FROM letter WHERE id = :id AND state = 'dead' FOR UPDATE), "
    "n AS (UPDATE letter SET body = :body, kind = coalesce(CAST(:kind AS text), letter.kind), "
    "message_id = coalesce(CAST(:message_id AS text), letter.message_id), changed_at = now() FROM o "
    "WHERE letter.id = o.id AND encode(sha256(o.body), 'hex') = :digest RETURNING letter.id, letter.body) "
    "INSERT INTO letter_history (letter_id, action, actor, reason, before, after) "
    "SELECT n.id, 'edit', :actor, :reason, jsonb_build_object('body', encode(o.body, 'base64')), "
    "jsonb_build_object('body', encode(n.body, 'base64')) FROM n JOIN o USING (id) RETURNING letter_id"
)
READ = text(
    "INSERT INTO letter_history (letter_id, action, actor, reason, before, after) "
    "SELECT id, 'read', :actor, :reason, '{}', '{}' FROM letter WHERE id = :id"
)
CHANGES = text(
    "SELECT h.letter_id, h.action, h.actor, h.reason, h.at, l.correlation_id FROM letter_history h "
    "LEFT JOIN letter l ON l.id = h.letter_id WHERE h.action IN ('edit', 'read') ORDER BY h.id DESC LIMIT :limit"
)


class Book:
    """Reads the letters of one service, and corrects the body of one."""

    def __init__(
        self, engine: AsyncEngine, subscriptions: Mapping[str, Any], effects: Mapping[str, EffectRoute]
    ) -> None:
        self._engine, self._subscriptions, self._effects = engine, subscriptions, effects

    async def groups(self, limit: int) -> list[dict[str, Any]]:
        """Return the groups of open letters, the largest first, each with its playbook."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(GROUPS, {"limit": limit})).mappings().all()
        return [{**row, "playbook": playbooks.of(row["remedy"]).model_dump()} for row in rows]

    async def listed(self, selection: Selection, after: int, limit: int) -> list[dict[str, Any]]:
        """Return letters in the order they came, without bodies; open ones unless a state is asked for."""
        where, values = selection.where()
        state = "true" if selection.state or selection.ids else f"state IN {OPEN}"
        query = text(f"SELECT {COLUMNS} FROM letter WHERE {where} AND {state} AND id > :after ORDER BY id LIMIT :limit")  # noqa: S608  parameters are bound
        async with self._engine.connect() as connection:
            rows = await connection.execute(query, {**values, "after": after, "limit": limit})
            return [dict(row) for row in rows.mappings()]

    async def shown(self, letter_id: int) -> dict[str, Any]:
        """Return a letter with its body, playbook and history.

        Raises:
            Permanent: there is none.
        """
        async with self._engine.connect() as connection:
            row = (await connection.execute(FULL, {"id": letter_id})).mappings().first()
            history = (await connection.execute(HISTORY, {"id": letter_id})).mappings().all()
        if row is None:
            raise Permanent(f"letter {letter_id} is not known here", remedy="correct-request")
        body = bytes(row["body"])
        return {
            **row,
            **_body(body),
            "headers": orjson.loads(row["headers"]),
            "digest": hashlib.sha256(body).hexdigest(),
            "playbook": playbooks.of(row["remedy"]).model_dump(),
            "history": [
                {**one, "before": orjson.loads(one["before"]), "after": orjson.loads(one["after"])} for one in history
            ],
        }

    async def hidden(self, letter_id: int) -> dict[str, Any]:
        """Return a letter without personal data; what its corrections were is left out too.

        Raises:
            Permanent: there is none.
        """
        letter = await self.shown(letter_id)
        body = masking.hidden(letter["body"], letter["kind"] if letter["stream"] else None)
        history = [{**one, "before": None, "after": None} for one in letter["history"]]
        return {**letter, "body": body, "encoding": "utf-8", "history": history, "is_masked": body != letter["body"]}

    async def read_whole(self, letter_id: int, actor: str, reason: str) -> dict[str, Any]:
        """Return a letter whole; who read it and why is kept in its history.

        Raises:
            Permanent: there is none.
        """
        async with self._engine.begin() as connection:
            await connection.execute(READ, {"id": letter_id, "actor": actor, "reason": reason})
        return {**await self.shown(letter_id), "is_masked": False}

    async def changes(self, limit: int) -> list[dict[str, Any]]:
        """Return which letters people corrected or read whole, the newest first."""
        async with self._engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(CHANGES, {"limit": limit})).mappings()]

    async def edit(self, letter_id: int, edit: Edit) -> dict[str, Any]:
        """Correct the body of a dead letter and return the letter.

        Raises:
            Permanent: it is not dead, was changed meanwhile, or the new body is not what its handler takes.
            ValidationError: the new body breaks its schema.
        """
        letter = await self.shown(letter_id)
        body = edit.body.encode()
        kind, message_id = self._checked(letter, body)
        values = {"id": letter_id, "body": body, "kind": kind, "message_id": message_id}
        values |= {"digest": edit.digest, "actor": edit.actor, "reason": edit.reason}
        async with self._engine.begin() as connection:
            if (await connection.execute(EDIT, values)).first() is None:
                raise _refused(f"letter {letter_id} is not dead any more, or was changed by someone else")
        return await self.shown(letter_id)

    def _checked(self, letter: Mapping[str, Any], body: bytes) -> tuple[str | None, str | None]:
        """Return the kind and message id a new body gives a letter."""
        if letter["stream"] is not None:
            return self._checked_event(letter, body)
        if route := self._effects.get(str(letter["source"]).removeprefix("effect-")):
            if route.resume:
                raise _refused("this call is made anew from the service's state: correct it there, then retry")
            if route.kind.model_validate_json(body).lane != route.kind.model_validate_json(letter["body"]).lane:
                raise _refused("the lane is the key of the call and has to stay")
            return None, None
        if _is_json(letter["body"].encode()) and not _is_json(body):
            raise _refused("the body is no JSON")
        return None, None

    def _checked_event(self, letter: Mapping[str, Any], body: bytes) -> tuple[str | None, str | None]:
        try:
            envelope, event = decode(body)
        except LookupError as error:
            raise _refused(str(error)) from error
        if letter["message_id"] not in (None, envelope.id):
            raise _refused(f"the event's id says whether it took effect before and has to stay {letter['message_id']}")
        if type(event).type not in self._subscriptions:
            raise _refused(f"this service handles no {type(event).type}")
        return type(event).type, envelope.id


def _refused(why: str) -> Permanent:
    return Permanent(why, remedy="correct-request")


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "encoding": "base64"}


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
