"""The ledger of every call received, and what came of it."""

import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["applied", "replayed", "refused", "faulted", "rate_limited"]


@dataclass(frozen=True, slots=True)
class Record:
    """One call: to which system, which action on which business key, and what came of it."""

    number: int
    at: float
    system: str
    action: str
    key: str
    order_id: str
    outcome: Outcome


class Ledger:
    """All records, and the applied ones by effect; it only grows."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.applied: dict[str, dict[tuple[str, str, str], int]] = defaultdict(lambda: defaultdict(int))

    def note(self, system: str, action: str, key: str, order_id: str, outcome: Outcome) -> Record:
        """Write a record."""
        record = Record(len(self.records) + 1, time.time(), system, action, key, order_id, outcome)
        self.records.append(record)
        if outcome == "applied":
            self.applied[order_id][system, action, key] += 1
        return record

    def about(self, order_id: str) -> list[dict[str, Any]]:
        """Return every record about an order."""
        return [asdict(record) for record in self.records if record.order_id == order_id]
