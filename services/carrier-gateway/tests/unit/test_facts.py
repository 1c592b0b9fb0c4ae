"""One state of a parcel and of a shipment, in whatever order and however often its facts arrive."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from carrier_gateway.domain import RULES, Fact, Shipment, identity, merge, state_of

from ..fakes import NOON, TN, fact, shipment

FACTS = st.builds(
    lambda kind, hour, place, signer: Fact(
        kind=kind,
        at=NOON + timedelta(hours=hour) if hour % 3 else (NOON + timedelta(hours=hour)).replace(tzinfo=None),
        code=kind,
        place=place,
        signed_by=signer,
        eta=NOON + timedelta(days=hour) if kind == "eta-changed" else None,
        document_ref="pod" if kind == "proof-of-delivery" else None,
    ),
    st.sampled_from(list(RULES)),
    st.integers(0, 8),
    st.sampled_from([None, "Leipzig", "Lyon"]),
    st.sampled_from([None, "Ada", "Bob"]),
)
MAY_DIFFER = {"eta-changed", "proof-of-delivery", "arrived-at-facility"}
"""What is told of these depends on what was known when: an estimate that moved, a proof or a place that came later."""
REPORTS = st.lists(st.tuples(st.sampled_from(TN), FACTS), max_size=10)


def told(made: Shipment, reports: list[tuple[str, Fact]]) -> list[tuple[Any, ...]]:
    news = [item for number, found in reports for item in made.note(number, found)]
    return sorted((item.kind, item.ordinal) for item in news if item.kind not in MAY_DIFFER)


@settings(max_examples=2_000, deadline=None)
@given(REPORTS.flatmap(lambda r: st.tuples(st.just(r), st.permutations(r), st.lists(st.sampled_from(r or [None])))))
def test_any_order_and_any_repeat_end_in_the_same_state_and_tell_the_same(drawn: Any) -> None:
    reports, shuffled, again = drawn
    one, other = shipment(2), shipment(2)
    first, second = told(one, reports), told(other, [*shuffled, *(item for item in again if item)])
    assert one.parcels == other.parcels
    assert (one.status(), one.states(), one.eta()) == (other.status(), other.states(), other.eta())
    assert [kind for kind, _ in first] == [kind for kind, _ in second]


@given(REPORTS)
def test_delivery_is_told_once_and_only_when_all_parcels_have_it(reports: list[tuple[str, Fact]]) -> None:
    made = shipment(2)
    for number, found in reports:
        before = made.delivered_at()
        news = [item.kind for item in made.note(number, found)]
        assert news.count("delivered") == (before is None and made.delivered_at() is not None)
        assert "proof-of-delivery" not in news or "delivered" in made.told


def test_delivery_sticks_against_earlier_and_later_scans() -> None:
    facts = [fact("delivered", 5), fact("in-transit", 2), fact("arrived-at-facility", 9), fact("delivery-exception", 8)]
    assert state_of(facts).state == "delivered"


def test_return_after_delivery_is_not_lost_and_return_before_it_is_over() -> None:
    assert state_of([fact("delivered", 5), fact("return-in-transit", 6)]).state == "return-in-transit"
    assert state_of([fact("delivered", 5), fact("return-in-transit", 4)]).state == "delivered"
    assert state_of([fact("delivered", 5), fact("return-in-transit", 6)]).delivered_at == fact("delivered", 5).at


def test_two_delivery_scans_are_one_delivery_at_the_first_moment() -> None:
    state = state_of([fact("delivered", 6), fact("delivered", 5, signed_by="Ada")])
    assert (state.delivered_at, state.signed_by) == (fact("delivered", 5).at, "Ada")


def test_proof_counts_as_delivery_when_the_scan_was_lost() -> None:
    assert state_of([fact("proof-of-delivery", 5)]).state == "delivered"


def test_time_decides_before_rank_and_rank_decides_the_same_moment() -> None:
    assert state_of([fact("out-for-delivery", 3), fact("in-transit", 4)]).state == "in-transit"
    assert state_of([fact("out-for-delivery", 3), fact("in-transit", 3)]).state == "out-for-delivery"
    assert state_of([fact("in-transit", 3), fact("delivery-delayed", 4)]).state == "in-transit"
    assert state_of([]).state == "booked"


def test_second_report_of_a_fact_enriches_it() -> None:
    bare, full = fact("proof-of-delivery", 5), fact("proof-of-delivery", 5, document_ref="pod", signed_by="Ada")
    assert identity(bare) == identity(full)
    assert merge(bare, full) == merge(full, bare) == full
