"""Envelope, subjects, values, topology and flows keep their promises."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from canonical import EVENTS, UnknownEventType, decode, derived_id, flows, publish_subject, seal, topology
from canonical.envelope import NAMESPACE
from canonical.orders import OrderCancelled
from canonical.subjects import escape, unescape
from canonical.values import Contact, LineQuantity

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def cancelled(order_id: str = "SO-1") -> OrderCancelled:
    return OrderCancelled(occurred_at=NOON, order_id=order_id, reason="changed mind", requested_by="erp")


def test_what_was_sealed_is_read_again() -> None:
    envelope = seal(
        cancelled(),
        event_id="e-1",
        source="/eu/order-release",
        correlation_id="SO-1",
        causation_id="e-0",
        region="eu",
        recorded_at=NOON,
        company="acme",
    )
    read, event = decode(envelope.model_dump_json(exclude_none=True).encode())
    assert event == cancelled()
    assert (read.id, read.causationid, read.company, read.subject) == ("e-1", "e-0", "acme", "SO-1")


@given(st.text(), st.text())
def test_an_id_follows_from_cause_and_step(cause: str, step: str) -> None:
    made = derived_id(cause, step)
    assert made == derived_id(cause, step)
    assert made == str(uuid.uuid5(NAMESPACE, f"{cause}|{step}"))
    assert made != derived_id(cause, f"{step}-other")


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"7", b"[]", b'{"specversion":"1.0"}', b"\xff" * 100])
def test_bytes_that_are_no_envelope_are_refused(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        decode(raw)


def test_an_event_nobody_knows_is_refused_by_name() -> None:
    envelope = seal(
        cancelled(),
        event_id="e",
        source="/x",
        correlation_id="c",
        causation_id=None,
        region="eu",
        recorded_at=NOON,
    )
    raw = envelope.model_dump_json(exclude_none=True).replace("order.cancelled.v1", "order.vanished.v9").encode()
    with pytest.raises(UnknownEventType, match=r"order\.vanished\.v9"):
        decode(raw)


@given(st.text(max_size=80))
def test_any_key_is_one_subject_token_and_comes_back(key: str) -> None:
    token = escape(key)
    assert token
    assert not set(token) & set(". *>\t\r\n")
    assert unescape(token) == key


def test_an_event_is_published_by_type_site_and_key() -> None:
    assert publish_subject(cancelled("SO-1/2"), "eu") == "cx.eu.order.cancelled.v1._.SO-1=2F2"


@pytest.mark.parametrize("quantity", [0, -1, 100_001, 1.5, "many"])
def test_a_quantity_out_of_range_is_refused_by_name(quantity: object) -> None:
    with pytest.raises(ValidationError) as refused:
        LineQuantity.model_validate({"line_number": 10, "sku": "SKU-1", "quantity": quantity})
    assert [error["loc"] for error in refused.value.errors()] == [("quantity",)]


@pytest.mark.parametrize("email", ["", "ada", "ada@", "a b@example.com", "ada@example.com\nBcc: all@example.com"])
def test_an_address_that_is_none_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        Contact(email=email)


def test_events_never_change() -> None:
    with pytest.raises(ValidationError):
        cancelled().reason = "other"  # type: ignore[misc]


def test_every_event_has_a_stream_and_consumed_events_exist() -> None:
    shape = topology.load()
    domains = {stream.domain for stream in shape.streams.values() if stream.domain}
    assert {name.split(".")[0] for name in EVENTS} - {"ops"} <= domains
    for service in shape.services.values():
        assert set(service.consumes) <= set(EVENTS)


def test_no_service_may_publish_another_domains_events() -> None:
    shape = topology.load()
    for name, service in shape.services.items():
        rights = shape.permissions(name, "eu")
        events = [subject for subject in rights.publish if subject.startswith("cx.")]
        assert events
        assert all(subject.split(".")[2] == service.domain for subject in events), name


def test_flows_are_owned_by_who_publishes() -> None:
    services = topology.load().services
    known = flows.load()
    assert set(known) == {"order-to-ship", "ship-to-deliver", "returns", "inbound", "stock-sync"}
    for flow in known.values():
        for step in flow.steps:
            assert services[step.owner].domain == step.event.split(".")[0]


def test_a_flow_that_does_not_hang_together_is_refused() -> None:
    step = {"event": "order.released.v1", "owner": "order-release", "what": "x"}
    with pytest.raises(ValidationError, match="not in the catalogue"):
        flows.Flow.model_validate({"title": "x", "steps": [{**step, "event": "order.vanished.v1"}]})
    with pytest.raises(ValidationError, match="not in the flow"):
        flows.Flow.model_validate({"title": "x", "steps": [{**step, "after": ["order.completed.v1"]}]})
