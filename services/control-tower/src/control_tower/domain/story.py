"""The story of one business transaction: its events as a tree of causes, with the time between them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel

from canonical.privacy import masked


class Told(BaseModel):
    """One event of a story."""

    id: str
    """Identity of the event."""
    type: str
    """`domain.event.vN`."""
    service: str
    """Who published it."""
    subject: str
    """Its business key."""
    happened_at: AwareDatetime
    """When it happened in the world."""
    recorded_at: AwareDatetime
    """When the mesh recorded it."""
    after_ms: float | None = None
    """Milliseconds since its cause was recorded; None where it has no cause here."""
    depth: int = 0
    """How many causes lie before it."""
    cause: str | None = None
    """Identity of its cause, where that is part of the story."""
    system: str | None = None
    """Outside system it came from."""
    corrects: str | None = None
    """Identity of the event it corrects or retracts."""
    data: dict[str, Any]
    """The event; personal data and secrets are masked."""


def tell(envelopes: Sequence[Mapping[str, Any]]) -> list[Told]:
    """Return events in reading order: each cause before what follows from it, roots by time."""
    told = {str(envelope["id"]): _told(envelope) for envelope in envelopes}
    follows: dict[str | None, list[Told]] = {}
    for envelope in envelopes:
        one, cause = told[str(envelope["id"])], told.get(str(envelope.get("causationid")))
        if cause is not None and cause is not one:
            one.cause = cause.id
            one.after_ms = round((one.recorded_at - cause.recorded_at).total_seconds() * 1000, 1)
        follows.setdefault(one.cause, []).append(one)
    return _walked(follows)


def _walked(follows: Mapping[str | None, list[Told]]) -> list[Told]:
    """Return the tree flattened, without recursion: a chain of causes may be long."""
    found: list[Told] = []
    left = [(one, 0) for one in sorted(follows.get(None, ()), key=_when, reverse=True)]
    while left:
        one, depth = left.pop()
        one.depth = depth
        found.append(one)
        left += [(after, depth + 1) for after in sorted(follows.get(one.id, ()), key=_when, reverse=True)]
    return found


def _when(told: Told) -> tuple[datetime, str]:
    return told.recorded_at, told.id


def _told(envelope: Mapping[str, Any]) -> Told:
    return Told(
        id=envelope["id"],
        type=envelope["type"],
        service=str(envelope["source"]).rsplit("/", 1)[-1],
        subject=envelope["subject"],
        happened_at=envelope["time"],
        recorded_at=envelope["recordedtime"],
        system=envelope.get("sourcesystem"),
        corrects=envelope.get("correctionof"),
        data=masked(envelope["type"], envelope["data"]),
    )
