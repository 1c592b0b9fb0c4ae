"""An order's story: its events as a tree of causes, each with the time that passed since its cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from canonical.privacy import masked

from crossdock_cli.journal import Fact


@dataclass(slots=True)
class Step:
    """One event, what followed from it, and how long after its cause it was recorded."""

    fact: Fact
    after_ms: float | None = None
    since_start_ms: float = 0.0
    follows: list["Step"] = field(default_factory=list)

    def as_json(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return the step for `--json`; personal data only when `reveal` asks for it."""
        return {
            "type": self.fact.type,
            "service": self.fact.service,
            "id": self.fact.id,
            "recorded_at": self.fact.envelope["recordedtime"],
            "happened_at": self.fact.envelope.get("time"),
            "after_ms": self.after_ms,
            "since_start_ms": self.since_start_ms,
            "system": self.fact.envelope.get("sourcesystem"),
            "data": self.fact.data if reveal else masked(self.fact.type, self.fact.data),
            "follows": [step.as_json(reveal=reveal) for step in self.follows],
        }


def tell(facts: Sequence[Fact]) -> list[Step]:
    """Return the roots of the tree, in time: the release, and what the outside world reported by itself."""
    if not facts:
        return []
    start = min(fact.recorded for fact in facts)
    steps = {fact.id: Step(fact) for fact in facts}
    roots: list[Step] = []
    for step in sorted(steps.values(), key=lambda step: (step.fact.recorded, step.fact.stream, step.fact.sequence)):
        step.since_start_ms = round((step.fact.recorded - start).total_seconds() * 1000, 1)
        cause = steps.get(str(step.fact.envelope.get("causationid")))
        if cause is None or cause is step:
            roots.append(step)
            continue
        step.after_ms = round((step.fact.recorded - cause.fact.recorded).total_seconds() * 1000, 1)
        cause.follows.append(step)
    return roots


def outcome(facts: Sequence[Fact]) -> str:
    """Return how the order stands, in words."""
    types = {fact.type.rsplit(".", 1)[0]: fact for fact in facts}
    if completed := types.get("order.completed"):
        return str(completed.data.get("outcome", "completed"))
    ends = (
        ("order.cancelled", "cancellation asked for"),
        ("inventory.allocation-failed", "not allocated"),
        ("carrier.proof-of-delivery-received", "delivered"),
        ("carrier.delivered", "delivered, proof awaited"),
        ("warehouse.shipment-dispatched", "on its way"),
        ("warehouse.pack-completed", "packed"),
        ("inventory.allocated", "allocated"),
    )
    return next((words for name, words in ends if name in types), "released")


def detail(fact: Fact) -> str:
    """Return the few words of an event that a person looks for; never a name or an address."""
    shown = ("site", "carrier_code", "shipment_id", "tracking_number", "reason", "template", "outcome", "cost")
    words = []
    for name in shown:
        value = fact.data.get(name)
        if isinstance(value, dict):
            value = " ".join(str(part) for part in value.values())
        if value:
            words.append(str(value))
    return " · ".join(words[:3])
