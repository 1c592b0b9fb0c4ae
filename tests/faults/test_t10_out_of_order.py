"""T10: a carrier's milestones come in any order, each of them once or more: the end is that of the sorted ones."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from rig.report import Report, size

from canonical.values import BookedParcel, Contact

from carrier_gateway.domain import RULES, Booking, Fact, Kind, Shipment, identity
from carrier_gateway.domain.facts import ParcelState, moment_order

SEQUENCES = size(1_000, 10_000)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ON_THE_WAY: tuple[Kind, ...] = ("picked-up", "in-transit", "arrived-at-facility", "arrived-at-facility", "customs-hold")
TROUBLE: tuple[Kind, ...] = (
    "delivery-delayed", "delivery-exception", "out-for-delivery", "delivery-attempted", "available-for-pickup",
)  # fmt: skip
ENDS: tuple[tuple[Kind, ...], ...] = (
    ("delivered", "proof-of-delivery"),
    ("delivered", "proof-of-delivery", "return-in-transit"),
    ("proof-of-delivery",),
    ("return-in-transit",),
    ("return-in-transit", "delivered"),
    ("delivered",),
    (),
)
DEPENDS_ON_ORDER = {"eta-changed", "proof-of-delivery"}
"""An estimate is told against the one told last, a proof again when it is richer."""

Reported = tuple[str, Fact]
"""A parcel's tracking number and a fact of it."""


def fact(kind: Kind, hour: int, place: str) -> Fact:
    """Return what a carrier reports."""
    document = f"doc-{hour}" if kind == "proof-of-delivery" else None
    return Fact(kind=kind, at=NOON + timedelta(hours=hour), code=kind, place=place, reason="x", document_ref=document)


@st.composite
def lifecycles(draw: st.DrawFn) -> list[Reported]:
    """Draw what happens to one to three parcels from pick-up to delivery, return or nothing more, in its order."""
    found: list[Reported] = []
    for parcel in range(draw(st.integers(1, 3))):
        way = draw(st.lists(st.sampled_from(ON_THE_WAY), max_size=6)) + draw(
            st.lists(st.sampled_from(TROUBLE), max_size=5)
        )
        kinds = [*way, *draw(st.sampled_from(ENDS))]
        steps = draw(st.lists(st.integers(0, 3), min_size=len(kinds), max_size=len(kinds)))
        hours = [sum(steps[: place + 1]) for place in range(len(kinds))]
        found += [(f"T-{parcel}", fact(kind, hour, f"hub-{hour}")) for kind, hour in zip(kinds, hours, strict=True)]
    return found


def shipment(life: Sequence[Reported]) -> Shipment:
    """Return a booked shipment of the parcels something happens to, at least one."""
    made = Shipment(
        shipment_id="S", order_id="SO", warehouse_order_id="WO", site="DC1", customer_id="C",
        contact=Contact(email="ada@example.com"), carrier_code="swift", service_code="std", planned_delivery_at=NOON,
        stage="booking", since=NOON,
    )  # fmt: skip
    numbers = sorted({number for number, _ in life} | {"T-0"})
    parcels = tuple(BookedParcel(sscc="0" * 18, tracking_number=number, label_ref="l") for number in numbers)
    made.book(Booking(reference="B", parcels=parcels), NOON)
    return made


def progress(state: ParcelState) -> tuple[bool, datetime]:
    """Return how far a parcel is: handed over or not, and before that the moment of its newest move."""
    is_over = state.delivered_at is not None
    return is_over, NOON if is_over or state.since is None else moment_order(state.since)


def take(made: Shipment, reported: Sequence[Reported]) -> tuple[Counter[str], int]:
    """Note facts one after another; returns what was told by kind, and how often a parcel went backwards."""
    told: Counter[str] = Counter()
    regressions = 0
    for number, found in reported:
        before = progress(made.parcels[number].state())
        told.update(news.kind for news in made.note(number, found) if news.kind not in DEPENDS_ON_ORDER)
        regressions += progress(made.parcels[number].state()) < before
    return told, regressions


class Seen:
    """What the sequences had in them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def note(self, arrived: Sequence[Reported], life: Sequence[Reported], regressions: int) -> None:
        """Count one sequence."""
        late = sum(after[1].at < before[1].at for before, after in pairwise(arrived))
        self.counts.update(
            sequences=1, events=len(arrived), copies=len(arrived) - len(life), late=late, regressions=regressions
        )


def test_out_of_order_milestones(report: Report) -> None:
    seen = Seen()

    @settings(max_examples=SEQUENCES, deadline=None, derandomize=True, database=None)
    @given(lifecycles(), st.integers(0, 2**32), st.integers(0, 6))
    def any_order_ends_alike(life: list[Reported], seed: int, copies: int) -> None:
        chance = random.Random(seed)
        arrived = life + [chance.choice(life) for _ in range(copies if life else 0)]
        chance.shuffle(arrived)
        expected, made = shipment(life), shipment(life)
        told_in_order, _ = take(expected, sorted(life, key=lambda one: (one[1].order, RULES[one[1].kind].rank)))
        told, regressions = take(made, arrived)
        assert made.states() == expected.states()
        assert (made.status(), made.delivered_at()) == (expected.status(), expected.delivered_at())
        history = {number: parcel.facts for number, parcel in made.parcels.items()}
        assert {(n, key) for n, facts in history.items() for key in facts} == {(n, identity(one)) for n, one in life}
        assert told == told_in_order, "every milestone is told once, however late it comes"
        assert regressions == 0
        seen.note(arrived, life, regressions)

    any_order_ends_alike()
    counts = seen.counts
    figure = (
        f"{counts['sequences']:,} sequences of {counts['events']:,} reports, {counts['copies']:,} of them copies and "
        f"{counts['late']:,} later than a newer one: each ends as sorted ones do, {counts['regressions']} regressions, "
        "all kept in the history"
    )
    report.note("T10", "Milestones out of order", seed=0, figure=figure, **counts)
    assert counts["late"] > counts["sequences"]
