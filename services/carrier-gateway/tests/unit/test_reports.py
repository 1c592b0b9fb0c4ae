"""Messages to reports: what they rest on, what they lack, what they ask for."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from profiles import load, read

from carrier_gateway.domain.reports import Mapped, RawMessage, mapped

from ..fakes import NOON

CARRIERS = Path(__file__).resolve().parents[4] / "partners" / "carriers"


def found(carrier: str, body: Any, **request: str) -> Mapped:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = RawMessage(
        seq=1, carrier_code=carrier, channel="webhook", digest="d", body=raw, request=request, received_at=NOON
    )
    return mapped(message, read(load(CARRIERS / f"{carrier}.yaml"), raw, request=request))


def scan(**other: Any) -> dict[str, Any]:
    return {"tracking_number": "T-1", "code": "DL", "at": "2026-03-02T10:00:00+01:00"} | other


def test_delivery_that_is_proof_enough_is_two_facts() -> None:
    result = found("sendcloud", (CARRIERS / "samples" / "sendcloud-delivered.json").read_bytes())
    assert [report.fact.kind for report in result.reports] == ["delivered", "proof-of-delivery"]


def test_delivery_without_proof_is_one() -> None:
    assert [report.fact.kind for report in found("swiftparcel", scan()).reports] == ["delivered"]


def test_estimate_beside_a_scan_is_a_fact_of_its_own() -> None:
    delivered, estimate = found("swiftparcel", scan(code="IT", eta="2026-03-05T12:00:00Z")).reports
    assert (delivered.fact.kind, delivered.fact.eta) == ("in-transit", None)
    assert (estimate.fact.kind, estimate.fact.eta) == ("eta-changed", datetime(2026, 3, 5, 12, tzinfo=UTC))


def test_report_without_time_rests_on_when_it_came() -> None:
    (report,) = found("swiftparcel", scan(at=None)).reports
    assert (report.fact.at, report.fact.basis) == (NOON, "received")


def test_time_without_zone_stays_the_carriers_clock() -> None:
    result = found("dhl-express", (CARRIERS / "samples" / "dhl-express-track.json").read_bytes())
    assert {report.fact.basis for report in result.reports if report.fact.kind != "eta-changed"} == {"local-unknown"}
    assert all(report.fact.at.tzinfo is None for report in result.reports)


def test_item_without_number_costs_the_others_nothing() -> None:
    good = {"trackingId": "N-1", "status": "DEPOT", "time": "2026-03-02T10:00:00Z"}
    result = found("nordfreight", {"events": [{**good, "trackingId": None}, good, {**good, "trackingId": "N 2"}]})
    assert [report.tracking_number for report in result.reports] == ["N-1"]
    assert result.problem == "an item has events and no tracking number"


def test_number_asked_for_is_the_number_of_an_answer_that_names_none() -> None:
    result = found("dpd", (CARRIERS / "samples" / "dpd-track.xml").read_bytes(), number="D-7")
    assert {report.tracking_number for report in result.reports} == {"D-7"}


def test_unknown_codes_are_counted_and_kept() -> None:
    result = found("swiftparcel", scan(code="ZZ"))
    assert (result.unmapped, [report.fact.kind for report in result.reports]) == (1, ["unmapped"])


def test_test_messages_say_nothing() -> None:
    assert (
        found(
            "karrio",
            {
                "event": "tracker_updated",
                "data": {"tracking_number": "T", "test_mode": True, "events": [{"code": "DL", "date": "2026-03-02"}]},
            },
        ).reports
        == ()
    )


@pytest.mark.parametrize(
    ("url", "is_called"),
    [
        ("https://api-eu.dhl.com/push/v1/subscription/1", True),
        ("https://evil.example/push", False),
        ("https://api-eu.dhl.com@evil.example/push", False),
        ("file://api-eu.dhl.com/etc/passwd", False),
    ],
)
def test_handshake_is_answered_to_the_carriers_own_host_only(url: str, is_called: bool) -> None:
    result = found("dhl", {"scope": "subscription.validate", "self": url, "secret": "once"})
    assert result.outcome == "handshake"
    assert (result.call_back is not None) == is_called
    if result.call_back:
        assert (result.call_back.url, result.call_back.body) == (f"{url}/activate", {"secret": "once"})
