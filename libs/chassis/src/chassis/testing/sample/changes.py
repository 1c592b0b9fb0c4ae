"""The sample service in full: every change of an order is state, an event and a call to an outside system.

The `reason` of a change is its version, numbered from 1 within an order; a word behind it says what the handler does:
`3 refused` fails for good, `3 later` fails for a while, `3 stuck` always, `3 bug` as a bug does, `3 needs bolt` while
the item master lacks that item, `3 fatal` ends the process.
"""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from canonical.inventory import AllocationReleased
from canonical.orders import OrderChanged
from chassis.client import Http
from chassis.documents import Book
from chassis.effect import Effect, Outcome
from chassis.errors import Permanent, Temporary
from chassis.service import Service
from chassis.testing.sample.app import Note, NoteStore
from chassis.testing.sample.app import build as build_notes
from chassis.testing.sample.settings import SampleSettings

REFUSED, LATER, STUCK, BUG, FATAL = "refused", "later", "stuck", "bug", "fatal"
NEEDS = "needs "
FATAL_EXIT = 70
LATER_SECONDS = 0.3


class Ring(Effect):
    """Ring at the outside system for one version of an order."""

    name: ClassVar[str] = "ring"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"

    version: str


@dataclass(slots=True)
class Mood:
    """How the handler behaves: seconds it takes, where the known items are, and since when it puts versions off."""

    seconds: float = 0.0
    items_file: Path | None = None
    put_off: dict[tuple[str, str], float] = field(default_factory=dict)

    async def judge(self, event: OrderChanged) -> str:
        """Return the version of a change.

        Raises:
            Permanent: it is to be refused, or needs an item that is not known.
            Temporary: it is to be put off always, or for a while that is not over.
            ZeroDivisionError: it is to meet a bug.
        """
        version, _, word = event.reason.partition(" ")
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if word == REFUSED:
            raise Permanent("this version is refused", remedy="check-address")
        if word.startswith(NEEDS):
            self.look_up(word.removeprefix(NEEDS))
        if word == FATAL:
            os._exit(FATAL_EXIT)
        if word == BUG:
            raise ZeroDivisionError("a bug of the handler")
        if word == STUCK:
            raise Temporary("this version is always put off")
        first = self.put_off.setdefault((event.order_id, version), time.monotonic())
        if word == LATER and time.monotonic() < first + LATER_SECONDS:
            raise Temporary("this version is put off")
        return version

    def look_up(self, item: str) -> None:
        """Look an item up in the item master.

        Raises:
            Permanent: it is not there.
        """
        known = self.items_file.read_text().split() if self.items_file else []
        if item not in known:
            raise Permanent(f"SKU {item} is unknown", remedy="add-item")


async def note_change(event: OrderChanged, *, notes: Book[Note], mood: Mood) -> Outcome:
    """Note a version, tell of it and ring."""
    version = await mood.judge(event)
    note = await notes.get(event.order_id) or Note(order_id=event.order_id)
    note.times += 1
    note.versions.append(version)
    notes.put(event.order_id, note)
    told = AllocationReleased(occurred_at=event.occurred_at, order_id=event.order_id, lines=(), reason=version)
    return [told, Ring(lane=event.order_id, version=version)]


async def ring(effect: Ring, *, key: str, http: Http) -> None:
    """Ring."""
    await http.request("POST", "/ring", json={"order_id": effect.lane, "version": effect.version}, idempotency_key=key)


def build(settings: SampleSettings) -> Service:
    """Return the sample service with changes."""
    service = build_notes(settings)
    http = service.http(base_url=settings.outside_url, system="outside")
    service.on(OrderChanged, note_change, notes=NoteStore, mood=Mood(settings.handler_seconds, settings.items_file))
    service.effect(Ring, call=ring, http=http)
    return service
