"""How metadata changes: revision after revision, each by somebody who knew the one before; and what is told of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from canonical import CanonicalEvent
from canonical.compatibility import check, substance
from canonical.contracts import Contract, Reads
from canonical.metadata import Consumer, Document, Name, Partner, SchemaEntry, key_of
from canonical.ops import MetadataChanged, PartnerProfileChanged, SchemaRegistered
from chassis import Permanent


class Author(BaseModel):
    """Who changes something, and why."""

    actor: str = Field(min_length=1, max_length=128)
    """The person or team."""
    reason: str = Field(min_length=1, max_length=2000)
    """Why; it is kept."""


class Change(Author):
    """A wish to change a document."""

    kind: str
    """Its kind."""
    name: Name
    """Its name."""
    body: dict[str, Any] | None
    """What it is to say; none to withdraw it."""
    expected: int | None
    """The revision its author knew; none for a new document."""

    @property
    def key(self) -> str:
        """The document's key."""
        return key_of(self.kind, self.name)

    @property
    def number(self) -> str:
        """The same for the same change sent again, so that it is made once."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()
        return f"{self.key}@{(self.expected or 0) + 1}|{hashlib.sha256(content).hexdigest()[:16]}"


class Superseded(Permanent):
    """Somebody else changed the document meanwhile, or it is there already."""

    def __init__(self, reason: str, current: Document | None) -> None:
        super().__init__(reason, remedy="correct-request")
        self.current = current


def next_of(current: Document | None, change: Change, at: datetime) -> Document:
    """Return the next revision.

    Raises:
        Superseded: the author did not know the present one.
    """
    if change.expected != (current.revision if current else None):
        raise Superseded(_who(current, change), current)
    return Document(
        kind=change.kind,
        name=change.name,
        revision=(current.revision if current else 0) + 1,
        body=change.body,
        actor=change.actor,
        reason=change.reason,
        changed_at=at,
    )


def _who(current: Document | None, change: Change) -> str:
    if current is None:
        return f"{change.key} is not there, so there is no revision {change.expected} to change"
    return (
        f"{current.key} is at revision {current.revision}, changed by {current.actor} "
        f"at {current.changed_at.isoformat(timespec='seconds')}: {current.reason}"
    )


def told(previous: Document | None, document: Document) -> CanonicalEvent:
    """Return the fact that a document changed."""
    body, at = document.body, document.changed_at
    if body and document.kind == SchemaEntry.kind and body["digest"] != (_body(previous).get("digest")):
        return SchemaRegistered(occurred_at=at, event_type=document.name, digest=body["digest"])
    if body and document.kind == Partner.kind:
        return PartnerProfileChanged(
            occurred_at=at,
            partner=document.name,
            revision=document.revision,
            actor=document.actor,
            reason=document.reason,
        )
    return MetadataChanged(
        occurred_at=at,
        kind=document.kind,
        name=document.name,
        revision=document.revision,
        is_valid=body is not None,
        actor=document.actor,
        reason=document.reason,
    )


def _body(document: Document | None) -> Mapping[str, Any]:
    return (document.body if document else None) or {}


def digest_of(schema: Mapping[str, Any]) -> str:
    """Return the digest of what a schema promises."""
    return hashlib.sha256(json.dumps(substance(schema), sort_keys=True).encode()).hexdigest()


def entry_of(
    event_type: str, schema: Mapping[str, Any], owner: str, past: Sequence[SchemaEntry], consumers: tuple[Consumer, ...]
) -> SchemaEntry | str:
    """Return what is registered of an event: its next revision, or the last one with owner and consumers as they are.

    A schema that was registered before, as an older tower has it, makes no revision; of one that breaks who reads the
    event the reason is returned instead.
    """
    digest, last = digest_of(schema), past[-1] if past else None
    if last and digest in {entry.digest for entry in past}:
        return last.model_copy(update={"owner": owner, "consumers": consumers})
    fresh = SchemaEntry(
        revision=last.revision + 1 if last else 1,
        digest=digest,
        json_schema=schema,
        owner=owner,
        consumers=consumers,
        **({"mode": last.mode} if last else {}),
    )
    breaks = check({entry.revision: entry.json_schema for entry in past}, schema, fresh.mode)
    if breaks:
        first = breaks[0]
        return f"{event_type} {first.path}: {first.what} ({first.direction}); make it a new version"
    return fresh


def consumers_of(
    event_type: str,
    hearing: Sequence[str],
    contracts: Mapping[str, Contract],
    before: Sequence[Consumer],
    now: datetime,
) -> tuple[Consumer, ...]:
    """Return who reads an event: what of it by its contract, and since when it was first seen to."""
    since = {consumer.service: consumer.since for consumer in before}

    def reads(service: str) -> Reads:
        stated = contracts[service].of(event_type) if service in contracts else None
        return stated if stated is not None else "everything"

    return tuple(
        Consumer(service=service, since=since.get(service, now), reads=reads(service)) for service in sorted(hearing)
    )
