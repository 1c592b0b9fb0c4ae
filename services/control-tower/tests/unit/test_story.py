"""A story is a tree of causes in reading order, without anybody's personal data."""

from canonical.privacy import MASK

from control_tower.domain.story import tell

from ..fakes import envelope


def told(*events: tuple[str, float, str | None]) -> list[tuple[str, int, float | None]]:
    envelopes = [
        envelope(name, at, causationid=f"SO-1/{cause}" if cause else None).model_dump(mode="json")
        for name, at, cause in events
    ]
    return [(one.type, one.depth, one.after_ms) for one in tell(envelopes)]


def test_what_follows_stands_behind_its_cause() -> None:
    assert told(
        ("a.late.v1", 5, None),
        ("a.second.v1", 2, "a.first.v1"),
        ("a.first.v1", 1, None),
        ("a.third.v1", 3, "a.second.v1"),
    ) == [
        ("a.first.v1", 0, None),
        ("a.second.v1", 1, 1000.0),
        ("a.third.v1", 2, 1000.0),
        ("a.late.v1", 0, None),
    ]


def test_a_cause_elsewhere_makes_a_root() -> None:
    assert told(("a.second.v1", 2, "a.elsewhere.v1")) == [("a.second.v1", 0, None)]


def test_an_event_that_names_itself_is_a_root() -> None:
    assert told(("a.first.v1", 2, "a.first.v1")) == [("a.first.v1", 0, None)]


def test_a_long_chain_is_told() -> None:
    chain = [(f"a.e{index}.v1", index, f"a.e{index - 1}.v1" if index else None) for index in range(3000)]
    assert told(*chain)[-1][:2] == ("a.e2999.v1", 2999)


def test_personal_data_is_masked() -> None:
    released = envelope("order.released.v1", data={"ship_to": {"name": "Ada", "city": "Berlin"}, "customer_id": "C-1"})
    data = tell([released.model_dump(mode="json")])[0].data
    assert "Ada" not in str(data)
    assert data["customer_id"] == "C-1"


def test_a_field_that_a_newer_version_added_is_masked() -> None:
    released = envelope(
        "order.released.v1", data={"contact": {"fax": "0815", "language": "de"}, "gift_note": "Dear Ada"}
    )
    data = tell([released.model_dump(mode="json")])[0].data
    assert data == {"order_id": "SO-1", "contact": {"fax": MASK, "language": "de"}, "gift_note": MASK}


def test_of_an_event_nobody_knows_nothing_is_shown() -> None:
    strange = envelope("yard.truck-arrived.v7", data={"driver": "Ada", "tracking_number": "T-9"})
    assert tell([strange.model_dump(mode="json")])[0].data == {
        "order_id": MASK,
        "driver": MASK,
        "tracking_number": MASK,
    }
