"""What carriers report of a parcel, and the rank-and-time rules that make one state of it in any order of arrival."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from profiles import Milestone
from profiles.times import Basis

Kind = Milestone
"""What a carrier reports, in the words profiles map to."""
Occurrence = Literal["once", "each-place", "each-time", "each-fact", "when-complete", "past-threshold", "never"]


class Rule(NamedTuple):
    """How a kind of fact counts.

    `rank` decides between facts of the same moment; a fact that does not move the parcel changes no state.
    `occurs` says when it is another event: once a shipment, at each new place, the n-th time on any parcel, each fact
    of each parcel, when all parcels have it, when the estimate moved enough, or never.
    """

    rank: int
    moves: bool
    occurs: Occurrence


RULES: dict[Kind, Rule] = {
    "unmapped": Rule(0, False, "never"),
    "info": Rule(1, False, "never"),
    "cancelled": Rule(2, False, "never"),
    "label-created": Rule(5, False, "never"),
    "picked-up": Rule(10, True, "once"),
    "in-transit": Rule(20, True, "once"),
    "arrived-at-facility": Rule(30, True, "each-place"),
    "eta-changed": Rule(31, False, "past-threshold"),
    "delivery-delayed": Rule(32, False, "each-time"),
    "customs-hold": Rule(40, True, "each-time"),
    "out-for-delivery": Rule(50, True, "each-time"),
    "delivery-attempted": Rule(60, True, "each-time"),
    "available-for-pickup": Rule(70, True, "once"),
    "delivery-exception": Rule(80, True, "each-fact"),
    "return-in-transit": Rule(90, True, "once"),
    "delivered": Rule(100, True, "when-complete"),
    "proof-of-delivery": Rule(110, False, "when-complete"),
}
HANDED_OVER: tuple[Kind, ...] = ("delivered", "proof-of-delivery")
"""Kinds that prove the delivery, the better one first; a proof counts as a delivery whose scan was lost."""


class Fact(BaseModel):
    """Something a carrier reported of one parcel, in our words.

    `at` is aware, unless the carrier named no zone (`local-unknown`): then it is the carrier's own clock and never
    taken for another. `received` is when we heard of it, for reports that name no time. `heard_at` is when the first
    report of it came.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Kind
    at: datetime
    basis: Basis | Literal["received"] = "offset"
    code: str
    text: str = ""
    place: str | None = None
    reason: str | None = None
    eta: AwareDatetime | None = None
    signed_by: str | None = None
    document_ref: str | None = None
    heard_at: AwareDatetime | None = None

    @property
    def order(self) -> datetime:
        """Return what facts are sorted by; a clock of unknown zone counts as if it were UTC, for order only."""
        return moment_order(self.at)


class ParcelState(BaseModel):
    """Where a parcel stands."""

    state: Kind | Literal["booked"] = "booked"
    since: datetime | None = None
    delivered_at: datetime | None = None
    signed_by: str | None = None
    document_ref: str | None = None


def moment_order(at: datetime) -> datetime:
    """Return what a moment is sorted by, whether it names its zone or not."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def identity(fact: Fact) -> str:
    """Return what makes two reports the same fact: kind, moment and code, not the carrier's event number."""
    at = fact.at.astimezone(UTC) if fact.at.tzinfo else fact.at
    return f"{fact.kind}@{at.isoformat()}#{fact.code}"


def merge(one: Fact, other: Fact) -> Fact:
    """Return one fact with what either report knows; where they differ the choice does not depend on the order."""
    if one == other:
        return one
    names = [name for name in Fact.model_fields if name not in {"kind", "at", "basis", "code", "heard_at"}]
    heard = [at for at in (one.heard_at, other.heard_at) if at]
    richer = {name: _richer(getattr(one, name), getattr(other, name)) for name in names}
    return one.model_copy(update={**richer, "heard_at": min(heard, default=None)})


def _richer(one: Any, other: Any) -> Any:  # noqa: ANN401  two values of the same field
    known = [value for value in (one, other) if value not in (None, "")]
    return max(known) if known else one


def state_of(facts: Iterable[Fact]) -> ParcelState:
    """Return the state: the delivery sticks, only a return that began after it goes on; else the latest fact counts."""
    found = sorted(facts, key=lambda fact: (fact.order, RULES[fact.kind].rank, fact.code))
    delivery = _delivery(found)
    if delivery is None:
        moving = [fact for fact in found if RULES[fact.kind].moves]
        return ParcelState(state=moving[-1].kind, since=moving[-1].at) if moving else ParcelState()
    back = [fact for fact in found if fact.kind == "return-in-transit" and fact.order > delivery.order]
    proofs = [fact for fact in found if fact.kind in HANDED_OVER]
    return ParcelState(
        state=back[-1].kind if back else "delivered",
        since=back[-1].at if back else delivery.at,
        delivered_at=delivery.at,
        signed_by=next((fact.signed_by for fact in proofs if fact.signed_by), None),
        document_ref=next((fact.document_ref or "" for fact in proofs if fact.kind == "proof-of-delivery"), None),
    )


def _delivery(ordered: list[Fact]) -> Fact | None:
    for kind in HANDED_OVER:
        for fact in ordered:
            if fact.kind == kind:
                return fact
    return None
