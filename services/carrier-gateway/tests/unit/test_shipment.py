"""What of a shipment's facts is news."""

from datetime import timedelta

from carrier_gateway.domain import Shipment

from ..fakes import NOON, TN, fact, shipment


def kinds(made: Shipment, number: str, *found: object) -> list[str]:
    return [item.kind for each in found for item in made.note(number, each)]  # type: ignore[arg-type]


def test_milestone_is_told_for_the_first_parcel_that_reaches_it() -> None:
    made = shipment(2)
    assert kinds(made, TN[0], fact("picked-up")) == ["picked-up"]
    assert kinds(made, TN[1], fact("picked-up", 2)) == []


def test_each_attempt_is_told_with_its_number() -> None:
    made = shipment(2)
    news = made.note(TN[0], fact("delivery-attempted", 1)) + made.note(TN[0], fact("delivery-attempted", 2))
    assert [item.ordinal for item in news] == [1, 2]
    assert made.note(TN[1], fact("delivery-attempted", 1)) == []
    assert made.note(TN[0], fact("delivery-attempted", 2)) == []


def test_each_exception_and_each_new_depot_is_told() -> None:
    made = shipment(2)
    problem = fact("delivery-exception", 1, reason="damaged")
    assert kinds(made, TN[0], problem, problem) == ["delivery-exception"]
    assert kinds(made, TN[1], problem) == ["delivery-exception"]
    places = [fact("arrived-at-facility", n, place=place) for n, place in enumerate(("Lyon", "Leipzig", "Lyon"))]
    assert len(kinds(made, TN[0], *places)) == 2


def test_second_parcel_never_erases_the_first_and_completes_the_shipment() -> None:
    made = shipment(2)
    assert kinds(made, TN[0], fact("delivered", 2)) == []
    assert made.status() == "partially-delivered"
    assert kinds(made, TN[1], fact("in-transit", 3)) == ["in-transit"]
    assert made.status() == "partially-delivered"
    assert kinds(made, TN[1], fact("proof-of-delivery", 4, document_ref="b")) == ["delivered"]
    assert made.waits() == "swiftparcel sends the proof of delivery"
    assert kinds(made, TN[0], fact("proof-of-delivery", 3, document_ref="a")) == ["proof-of-delivery"]
    assert (made.status(), made.waits()) == ("delivered", None)


def test_estimate_is_told_past_the_threshold_and_never_after_delivery() -> None:
    made = shipment()
    made.told_eta = NOON
    assert kinds(made, TN[0], fact("eta-changed", 1, eta=NOON + timedelta(minutes=30))) == []
    assert kinds(made, TN[0], fact("eta-changed", 3, eta=NOON + timedelta(hours=9))) == ["eta-changed"]
    assert kinds(made, TN[0], fact("eta-changed", 2, eta=NOON + timedelta(hours=99))) == []
    made.note(TN[0], fact("delivered", 4))
    assert kinds(made, TN[0], fact("eta-changed", 5, eta=NOON + timedelta(hours=50))) == []


def test_shipment_says_what_it_waits_for() -> None:
    made = shipment()
    assert made.waits() == "swiftparcel reports the next milestone"
    made.reach("held", NOON, "answer cannot be read")
    assert made.waits() == "a person looks at the booking: answer cannot be read"
