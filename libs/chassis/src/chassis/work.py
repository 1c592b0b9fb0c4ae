"""One unit of work for the group commit: a message, the handler it goes to, and what caused it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from chassis.effect import Handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from canonical import Envelope
    from chassis.failures.letters import Letter
    from chassis.redo import Redo


@dataclass(frozen=True, slots=True)
class Cause:
    """What an outgoing fact descends from.

    `step_id` fixes the ids of what follows; `causation_id` is the event behind it, if there was one.
    """

    step_id: str
    causation_id: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class EffectEnd:
    """The effect row a unit of work closes."""

    seq: int
    state: str
    error: str | None = None


@dataclass(slots=True, eq=False)
class Work:
    """A message on its way through the group commit.

    `source` and `message_id` are the inbox key; work that ends an effect is guarded by the effect row instead, work
    that only keeps a `letter` by the letter's own. While a message of a `lane` waits to be tried again, later ones wait
    behind it. `keep` says which letter a failure makes of the message; without it the submitter gets the error. Work
    that `settles` a letter says with which outcome.
    Work with a `redo` was done before, and gives way to what was not.
    """

    source: str
    message_id: str
    cause: Cause
    message: BaseModel | None = None
    handler: Handler | None = None
    args: tuple[Any, ...] = ()
    deps: Mapping[str, Any] = field(default_factory=dict)
    ends: EffectEnd | None = None
    letter: "Letter | None" = None
    redo: "Redo | None" = None
    lane: str | None = None
    keep: "Callable[[Exception], Letter] | None" = None
    settles: int | None = None
    outcome: str = "it took effect"
    future: "asyncio.Future[Sequence[Envelope] | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


def cause_of(envelope: "Envelope") -> Cause:
    """Return the cause of what follows from an event: the same whenever, and however often, it is handled."""
    return Cause(envelope.id, envelope.id, envelope.correlationid, envelope.traceparent, envelope.company)


def root_cause(region: str, source: str, message_id: str) -> Cause:
    """Return the cause of what came from outside: its id is fixed by where it came from and its own id there.

    The region is part of that: two regions may know outside systems that give the same numbers.
    """
    return Cause(step_id=f"{region}/{source}/{message_id}")


_cause: ContextVar[Cause] = ContextVar("cause")


def current_cause() -> Cause:
    """Return the cause of the message being handled.

    Raises:
        LookupError: no message is being handled.
    """
    return _cause.get()


def traceparent() -> str | None:
    """Return the W3C trace context of what is being handled; None when it has none."""
    cause = _cause.get(None)
    return cause.traceparent if cause else None


def set_cause(cause: Cause) -> None:
    """Make `cause` the current one for the running task."""
    _cause.set(cause)
