"""What a unit of work that is done again may bring about: nothing twice, and nothing its effects rule out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from canonical import CanonicalEvent
from chassis import rows
from chassis.effect import Effect
from chassis.errors import Permanent

if TYPE_CHECKING:
    from chassis.work import Work
    from chassis.writer import NewEffect, OutboxRow

Mode = Literal["replay", "rebuild"]


@dataclass(slots=True)
class Redo:
    """The second run of an event's handler.

    `live` is the inbox source of the first run: the event counts as handled there too, so that whoever brings it later
    changes nothing. Events go out when the outbox never had them, effects unless their class says `suppress`; a rebuild
    may bring about neither. The rest is what came of it, written anew by each try of the group commit.
    """

    live: str
    mode: Mode = "replay"
    suppressed: int = 0
    outbox: "list[OutboxRow]" = field(default_factory=list)
    effects: "list[NewEffect]" = field(default_factory=list)
    published: int = 0

    def begin(self) -> "Redo":
        """Forget what an earlier try of the same unit did."""
        self.suppressed = self.published = 0
        self.outbox, self.effects = [], []
        return self

    def lets(self, item: CanonicalEvent | Effect) -> bool:
        """Say whether what the handler returned may go on; what may not is counted.

        Raises:
            Permanent: the handler belongs to a projection, which returns nothing.
        """
        if self.mode == "rebuild":
            raise Permanent(
                f"a projection's handler returned {type(item).__name__}: it may only write its tables",
                remedy="fix-service",
            )
        if isinstance(item, Effect) and type(item).replay == "suppress":
            self.suppressed += 1
            return False
        return True

    def settle(self, added: Sequence[str]) -> None:
        """Note which of the events were new to the outbox, by event id."""
        self.published = len({row.event_id for row in self.outbox} & set(added))


async def add_missing(session: AsyncSession, works: "Sequence[Work]") -> "list[OutboxRow]":
    """Write those events of work done again that the outbox never had; returns them."""
    again = [work.redo for work in works if work.redo]
    wanted = [row for redo in again for row in redo.outbox]
    added = await rows.add_missing(session, wanted)
    for redo in again:
        redo.settle(added)
    return [row for row in wanted if row.event_id in added]


def apart(works: "Sequence[Work]") -> "list[list[Work]]":
    """Return what a batch that failed is tried as: work done before apart from the rest, else in halves."""
    first, again = [work for work in works if not work.redo], [work for work in works if work.redo]
    half = len(works) // 2
    return [first, again] if first and again else [list(works[:half]), list(works[half:])]
