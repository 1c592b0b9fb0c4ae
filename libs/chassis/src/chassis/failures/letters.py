"""Letters: messages a service keeps because they could not be handled yet, or were given up on.

One table holds both. *Waiting* letters are tried again by the service itself, in the order of their lane; *dead* ones
need a person. Every letter keeps the original bytes and where they came from, so it can be handled as if it had just
come.
"""

import base64
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import Failure, Permanent, Temporary
from chassis.failures import playbooks
from chassis.failures.ceiling import Ceiling
from chassis.failures.fate import Behind, fate
from chassis.sql import Row, fetch

LetterState = Literal["waiting", "dead", "queued", "retrying", "resolved", "discarded", "redirected"]

Lane = tuple[str, str]
"""A source and the business key whose messages keep their order."""

HELD = "lane IS NOT NULL AND state IN ('waiting', 'retrying')"
ADD = (
    "INSERT INTO letter (source, origin, message_id, state, stream, stream_seq, subject, headers, body, kind, "
    "partition, lane, error_class, error, fingerprint, remedy, assignee, tries, correlation_id, outcome, due_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
    "CASE WHEN $4 = 'waiting' THEN now() + make_interval(secs => $21) END) "
    "ON CONFLICT (source, origin) DO UPDATE SET state = excluded.state, error_class = excluded.error_class, "
    "error = excluded.error, fingerprint = excluded.fingerprint, remedy = excluded.remedy, lane = excluded.lane, "
    "assignee = coalesce(letter.assignee, excluded.assignee), outcome = excluded.outcome, due_at = excluded.due_at, "
    "tries = greatest(letter.tries, excluded.tries), changed_at = now() WHERE letter.state = 'retrying' "
    "RETURNING id, tries"
)
SETTLE = (
    "UPDATE letter SET state = 'resolved', lane = NULL, due_at = NULL, changed_at = now(), outcome = v.outcome "
    "FROM unnest($1::bigint[], $2::text[]) AS v(id, outcome) WHERE letter.id = v.id AND state = 'retrying'"
)

HELD_OF = (
    f"SELECT DISTINCT source, lane FROM letter WHERE {HELD} "  # noqa: S608  a constant of ours
    "AND (source, lane) IN (SELECT * FROM unnest($1::text[], $2::text[]))"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message came from: a stream position, a source outside the mesh, or an effect.

    `source` and `id` name the letter: the same failed message is one letter, however often it fails. `message_id` is
    the message's inbox id, `kind` its event type or effect name, `lane` the business key whose messages keep order;
    `age` is the time since it failed first, or since a person released it.
    """

    source: str
    id: str
    message_id: str | None = None
    stream: str | None = None
    sequence: int | None = None
    subject: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    partition: int | None = None
    lane: str | None = None
    tries: int = 1
    correlation_id: str | None = None
    age: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be kept, with what went wrong and what becomes of it."""

    origin: Origin
    body: bytes
    error: Exception
    fingerprint: str
    state: LetterState
    due_seconds: float = 0.0
    outcome: str | None = None

    @property
    def remedy(self) -> str:
        """What helps, by the name of its playbook."""
        return self.error.remedy if isinstance(self.error, Failure) else playbooks.BUG

    def record(self, service: str, tries: int, died_at: str) -> dict[str, Any]:
        """Return the dead letter as the DLQ stream keeps it."""
        origin = self.origin
        return {
            "service": service,
            "source": origin.source,
            "message_id": origin.id,
            "stream": origin.stream,
            "sequence": origin.sequence,
            "subject": origin.subject,
            "headers": dict(origin.headers),
            "tries": tries,
            "correlation_id": origin.correlation_id,
            "error_class": type(self.error).__name__,
            "error": str(self.error),
            "fingerprint": self.fingerprint,
            "owner": service,
            "remedy": self.remedy,
            "died_at": died_at,
            "body_base64": base64.b64encode(self.body).decode(),
        }


def judged(service: str, origin: Origin, body: bytes, error: Exception, ceiling: Ceiling) -> Letter:
    """Return the letter a failure makes of a message: one that waits, or a dead one.

    One that is put behind another has not been tried. While the ceiling is reached nothing dies; it counts what comes
    from streams, each at its first failure, and a bug at its last again.
    """
    if isinstance(error, Behind):
        origin = replace(origin, tries=0)
    end = fate(error, origin.tries, origin.age)
    is_bug = not isinstance(error, Behind | Temporary | Permanent)
    is_wrong = isinstance(error, Permanent) and origin.tries <= 1
    if origin.stream and (is_wrong or (is_bug and (origin.tries <= 1 or end.state == "dead"))):
        ceiling.failed()
    if end.state == "dead" and not ceiling.may_bury:
        end = replace(end, state="waiting", due_seconds=ceiling.probe_seconds)
    return Letter(origin, body, error, fingerprint(service, origin.source, error), end.state, end.due_seconds)


def fingerprint(service: str, source: str, error: Exception) -> str:
    """Return a short hash that is equal for failures of the same kind: digits and quoted values are left out."""
    shape = re.sub(r"'[^']*'|\"[^\"]*\"|\S*\d\S*", "*", str(error))
    return hashlib.sha256(f"{service}|{source}|{type(error).__name__}|{shape}".encode()).hexdigest()[:16]


async def keep(session: AsyncSession, letter: Letter) -> int | None:
    """Write a letter and return its tries; None when it is kept already and is not being tried: nothing changes."""
    origin, error = letter.origin, letter.error
    rows = await fetch(
        session,
        ADD,
        origin.source,
        origin.id,
        origin.message_id,
        letter.state,
        origin.stream,
        origin.sequence,
        origin.subject,
        orjson.dumps(dict(origin.headers)).decode(),
        letter.body,
        origin.kind,
        origin.partition,
        origin.lane if letter.state == "waiting" else None,
        type(error).__name__,
        str(error).replace("\x00", "�"),
        letter.fingerprint,
        letter.remedy,
        playbooks.of(letter.remedy).team,
        origin.tries,
        origin.correlation_id,
        letter.outcome,
        letter.due_seconds,
    )
    return int(rows[0]["tries"]) if rows else None


async def settle(session: AsyncSession, settled: Sequence[tuple[int, str]]) -> None:
    """Close letters that were tried again, each with its outcome."""
    if settled:
        await fetch(session, SETTLE, [one for one, _ in settled], [outcome for _, outcome in settled])


async def held(session: AsyncSession, lanes: Collection[Lane]) -> set[Lane]:
    """Return those lanes that have a letter that waits."""
    rows = await fetch(session, HELD_OF, [source for source, _ in lanes], [lane for _, lane in lanes])
    return {(row["source"], row["lane"]) for row in rows}


def origin_of(row: Row) -> Origin:
    """Return where a kept letter came from."""
    return Origin(
        source=row["source"],
        id=row["origin"],
        message_id=row["message_id"],
        stream=row["stream"],
        sequence=row["stream_seq"],
        subject=row["subject"],
        headers=row["headers"],
        kind=row["kind"],
        partition=row["partition"],
        lane=row["lane"],
        tries=row["tries"],
        correlation_id=row["correlation_id"],
        age=datetime.now(UTC) - row["waits_since"],
    )
