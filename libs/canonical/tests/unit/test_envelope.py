"""What is sealed is read again, ids follow from their cause, and hostile bytes end in a documented error."""

import json
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical import EVENTS, Envelope, UnknownEventType, decode, derived_id, event_class, seal
from canonical.orders import OrderCancelled

import schemas

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXAMPLE = schemas.sealed(EVENTS["order.released.v1"])
KEYS = st.from_regex(r"[^\s\x00-\x1f]{1,64}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=8,
)


def cancelled(order_id: str = "SO-1", reason: str = "changed mind") -> OrderCancelled:
    return OrderCancelled(occurred_at=NOON, order_id=order_id, reason=reason, requested_by="erp")


def sealed(event: OrderCancelled, event_id: str = "e-1", **extensions: Any) -> Envelope:
    return seal(
        event,
        event_id=event_id,
        source="/eu/order-release",
        correlation_id=event.order_id,
        causation_id="e-0",
        region="eu",
        recorded_at=NOON,
        **extensions,
    )


def raw(**changed: Any) -> bytes:
    return json.dumps(EXAMPLE | changed).encode()


@given(KEYS, st.text())
def test_what_was_sealed_is_read_again(order_id: str, reason: str) -> None:
    made = sealed(cancelled(order_id, reason))
    read, event = decode(made.model_dump_json(exclude_none=True).encode())
    assert event == cancelled(order_id, reason)
    assert read == made
    assert read.subject == read.partitionkey == order_id


def test_extensions_travel_by_their_own_names() -> None:
    given_too = {
        "company": "acme",
        "sourcesystem": "erp",
        "sourceref": "4711",
        "traceparent": "00-" + "0" * 31 + "1-" + "0" * 15 + "1-01",
        "correctionof": "e-9",
        "correctionreason": "wrong order",
    }
    read, _ = decode(sealed(cancelled(), **given_too).model_dump_json().encode())
    assert {name: getattr(read, name) for name in given_too} == given_too


@pytest.mark.parametrize("company", [None, ""])
def test_a_company_nobody_named_is_the_default(company: str | None) -> None:
    assert sealed(cancelled(), company=company).company == "default"


def test_the_site_is_that_of_the_fact() -> None:
    assert sealed(cancelled()).site is None
    assert schemas.sealed(EVENTS["inventory.availability-changed.v1"])["site"] == "DC-BER"


def test_an_envelope_names_the_golden_schema() -> None:
    assert (schemas.CANONICAL / "schemas" / sealed(cancelled()).dataschema).is_file()


def test_neither_an_event_nor_an_envelope_ever_changes() -> None:
    with pytest.raises(ValidationError):
        cancelled().reason = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        sealed(cancelled()).id = "other"  # type: ignore[misc]


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_ids_are_equal_only_for_equal_cause_and_step(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert derived_id(*one) == derived_id(*one)
    assert (derived_id(*one) == derived_id(*other)) == (one == other)


@given(st.text(), st.text(), st.text())
def test_an_id_knows_where_the_cause_ends(cause: str, between: str, step: str) -> None:
    assert derived_id(f"{cause}|{between}", step) != derived_id(cause, f"{between}|{step}")


@given(st.text(), st.text())
def test_an_id_is_a_uuid_of_version_5(cause: str, step: str) -> None:
    made = uuid.UUID(derived_id(cause, step))
    assert (made.version, made.variant) == (5, uuid.RFC_4122)
    assert str(made) == derived_id(cause, step)


def test_ids_are_the_same_in_every_release() -> None:
    """A process that re-runs a cause after an upgrade must repeat what it published before."""
    assert derived_id("e-0", "0:order.released.v1:SO-1") == "cc78182c-e8fe-5ae9-b0da-401bec044734"


@pytest.mark.parametrize(
    "malformed", [b"", b"{", b"null", b"7", b"[]", b'"x"', b'{"specversion":"1.0"}', b"\xff" * 100, b"\x00", b"NaN"]
)
def test_bytes_that_are_no_envelope_are_refused(malformed: bytes) -> None:
    with pytest.raises(ValidationError):
        decode(malformed)


@pytest.mark.parametrize("depth", [1_000, 1_000_000])
def test_bottomless_nesting_is_refused(depth: int) -> None:
    with pytest.raises(ValidationError, match="recursion limit"):
        decode(b"[" * depth)
    with pytest.raises(ValidationError, match="recursion limit"):
        decode(raw()[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("specversion", "2.0"),
        ("id", ""),
        ("id", "x" * 256),
        ("id", None),
        ("source", ""),
        ("type", ""),
        ("type", "x" * 10_000_000),
        ("time", "2026-03-02T12:00:00"),
        ("time", "yesterday"),
        ("recordedtime", 9e99),
        ("data", []),
        ("data", None),
    ],
)
def test_a_wrong_attribute_is_refused_by_name_and_briefly(attribute: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        decode(raw(**{attribute: value}))
    assert [error["loc"] for error in refused.value.errors()] == [(attribute,)]
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject", "time", "correlationid", "region", "data"])
def test_a_missing_attribute_is_refused_by_name(attribute: str) -> None:
    with pytest.raises(ValidationError) as refused:
        decode(json.dumps({name: value for name, value in EXAMPLE.items() if name != attribute}).encode())
    assert [(error["loc"], error["type"]) for error in refused.value.errors()] == [((attribute,), "missing")]


@pytest.mark.parametrize(
    "unknown", ["order.vanished.v9", "order.released.v2", "ORDER.RELEASED.V1", "order.released.v1 "]
)
def test_an_event_nobody_knows_is_refused_by_name(unknown: str) -> None:
    with pytest.raises(UnknownEventType, match=unknown):
        decode(raw(type=unknown))
    with pytest.raises(UnknownEventType, match=unknown):
        event_class(unknown)


@pytest.mark.parametrize("event_type", sorted(EVENTS))
def test_an_event_is_found_by_its_type(event_type: str) -> None:
    assert event_class(event_type).type == event_type


def test_what_a_newer_publisher_adds_is_ignored() -> None:
    newer, event = decode(raw(severity="high", data=EXAMPLE["data"] | {"gift_wrap": {"paper": "blue"}}))
    known, known_event = decode(raw())
    assert event == known_event
    assert newer.model_copy(update={"data": known.data}) == known


@given(st.binary())
def test_any_bytes_end_in_a_documented_error(garbage: bytes) -> None:
    with pytest.raises((ValidationError, UnknownEventType)):
        decode(garbage)


@given(st.sampled_from(sorted(EXAMPLE["data"])), JSON)
def test_any_value_in_any_field_is_taken_or_refused_as_documented(field: str, value: object) -> None:
    changed = raw(data=EXAMPLE["data"] | {field: value})
    with suppress(ValidationError):
        _, event = decode(changed)
        assert event.model_validate_json(event.model_dump_json()) == event
