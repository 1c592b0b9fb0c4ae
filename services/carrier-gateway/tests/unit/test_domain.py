"""The order in which carriers' reports arrive never matters."""

from datetime import UTC, datetime, timedelta

from carrier_gateway.domain import RANK, ParcelState, Scan
from hypothesis import given
from hypothesis import strategies as st

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
SCANS = st.builds(
    lambda number, kind, minutes: Scan(
        carrier_code="swiftparcel",
        scan_id=str(number),
        tracking_number="T1",
        kind=kind,
        at=START + timedelta(minutes=minutes),
        code=kind,
        document_ref="pod" if kind == "proof" else None,
    ),
    st.integers(0, 10_000),
    st.sampled_from(sorted(RANK)),
    st.integers(0, 5_000),
)


def _state(scans: list[Scan]) -> tuple[object, ...]:
    parcel = ParcelState(tracking_number="T1", sscc="0" * 18)
    for scan in scans:
        parcel.see(scan)
    return parcel.stage, parcel.stage_at, parcel.delivered_at, parcel.document_ref


@given(st.lists(SCANS, max_size=8).flatmap(lambda scans: st.tuples(st.just(scans), st.permutations(scans))))
def test_any_order_of_arrival_ends_in_the_same_state(pair: tuple[list[Scan], list[Scan]]) -> None:
    scans, shuffled = pair
    assert _state(scans) == _state(list(shuffled))


def test_a_late_scan_never_pulls_a_delivered_parcel_back() -> None:
    parcel = ParcelState(tracking_number="T1", sscc="0" * 18)
    for kind, minutes in (("delivered", 10), ("in-transit", 20)):
        at = START + timedelta(minutes=minutes)
        parcel.see(Scan(carrier_code="c", scan_id=kind, tracking_number="T1", kind=kind, at=at, code=kind))
    assert parcel.stage == "delivered"
