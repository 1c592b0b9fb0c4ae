"""What became of dead letters, read in the database of the service that keeps them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from chassis.settings import Settings

ENDS = {"resolved": "retry", "discarded": "discard", "redirected": "redirect"}
"""The final states of a letter, each with the act that leads there."""
LETTERS = "SELECT id, source, state, outcome, body, act_id FROM letter ORDER BY id"
HISTORY = "SELECT letter_id, act_id, action FROM letter_history WHERE actor <> '' AND reason <> ''"
ACTS = "SELECT id, action, covered FROM letter_act"
NOTES = "SELECT key, state::text AS state FROM note"


@dataclass(frozen=True, slots=True)
class Kept:
    """One letter: the order it is about, where it stands, and the act it was covered by last."""

    id: int
    order_id: str
    state: str
    outcome: str | None
    act_id: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """All letters of a service, and what people did to them: (letter, act, action)."""

    letters: Sequence[Kept]
    history: Sequence[tuple[int, str | None, str]]
    covered: dict[str, int]

    @property
    def states(self) -> Counter[str]:
        """How many letters are in each state."""
        return Counter(letter.state for letter in self.letters)

    @property
    def unaudited(self) -> int:
        """How many ends and coverings of letters no entry of the history explains."""
        done = {(letter_id, action) for letter_id, _, action in self.history}
        ends = sum((letter.id, ENDS.get(letter.state)) not in done for letter in self.letters)
        by_act = Counter(act_id for _, act_id, _ in self.history)
        return ends + sum(abs(count - by_act[act_id]) for act_id, count in self.covered.items())

    def orders(self, *, state: str) -> set[str]:
        """Return the orders of the letters in a state."""
        return {letter.order_id for letter in self.letters if letter.state == state}


async def rows(settings: Settings, query: str) -> "Sequence[asyncpg.Record]":
    """Return what a service's database answers."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def ledger(settings: Settings) -> Ledger:
    """Read the letters of a service and their history."""
    letters = [
        Kept(row["id"], _order_of(row["body"]), row["state"], row["outcome"], row["act_id"])
        for row in await rows(settings, LETTERS)
    ]
    history = [(row["letter_id"], row["act_id"], row["action"]) for row in await rows(settings, HISTORY)]
    return Ledger(letters, history, {row["id"]: row["covered"] for row in await rows(settings, ACTS)})


async def noted(settings: Settings) -> dict[str, list[str]]:
    """Return the versions a sample service noted of each order."""
    return {row["key"]: orjson.loads(row["state"])["versions"] for row in await rows(settings, NOTES)}


def _order_of(body: bytes) -> str:
    """Return the order of an event, or of a call."""
    said = orjson.loads(body)
    return str(said["data"]["order_id"] if "data" in said else said["lane"])
