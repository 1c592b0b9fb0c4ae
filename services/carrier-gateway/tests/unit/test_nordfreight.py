"""nordfreight: request built, endpoint called, answer read, refusal read, webhook verified within its window."""

import hashlib
import hmac

import httpx
import orjson
import pytest

from chassis import Permanent, Rejected, Temporary

from carrier_gateway.connectors.nordfreight.client import NordfreightClient, NordfreightHook
from carrier_gateway.connectors.nordfreight.mapping import KINDS, readings, request_body
from carrier_gateway.domain import RULES
from carrier_gateway.domain.reports import Report
from carrier_gateway.ports import BookingRefused

from ..fakes import NOON, SSCC, FakeHttp, plan

CONFIRMED = {
    "bookingNumber": "NF1",
    "colli": [{"barcode": SSCC[0], "trackingId": "N-1", "labelZplUrl": "/labels/N-1"}],
}
STATUS = {
    "id": "S-1",
    "trackingId": "N-1",
    "status": "POD",
    "time": "2026-03-02T10:00:00Z",
    "city": "Lund",
    "country": "SE",
    "reason": None,
    "receiver": "E. Exempel",
    "pod": "/pod/N-1",
}


def client(http: FakeHttp) -> NordfreightClient:
    return NordfreightClient(http, base_url="http://carrier.example/nord")  # type: ignore[arg-type]


def signed(body: bytes, secret: bytes, at: float) -> dict[str, str]:
    stamp = str(int(at))
    digest = hmac.digest(secret, stamp.encode() + b"." + body, hashlib.sha256).hex()
    return {"nord-timestamp": stamp, "nord-signature": f"v1={digest}"}


def test_booking_is_written_in_the_carriers_words() -> None:
    body = request_body(plan())
    assert body["colli"] == [{"barcode": SSCC[0], "grams": 500}]
    assert (body["customerReference"], body["consignee"]["postalCode"]) == ("SH-1", "10115")


async def test_booking_is_posted_once_under_its_key() -> None:
    http = FakeHttp(lambda *_: httpx.Response(200, json=CONFIRMED))
    booked = await client(http).book(plan(), key="k-1")
    assert [(call[0], call[1], call[3]) for call in http.calls] == [("POST", "/bookings", "k-1")]
    assert (booked.reference, booked.parcels[0].label_ref) == ("NF1", "/labels/N-1")


@pytest.mark.parametrize("found", [[CONFIRMED], {"bookings": [CONFIRMED]}, CONFIRMED])
async def test_unknown_outcome_is_asked_for_by_reference(found: object) -> None:
    def answer(method: str, _: str) -> httpx.Response:
        if method == "POST":
            raise Temporary("nordfreight answers 503")
        return httpx.Response(200, json=found)

    assert (await client(FakeHttp(answer)).book(plan(), key="k")).reference == "NF1"


async def test_carrier_that_cannot_be_asked_is_tried_again() -> None:
    def answer(method: str, _: str) -> httpx.Response:
        if method == "POST":
            raise Temporary("nordfreight answers 503")
        raise Rejected("not allowed", status=405, body="")

    with pytest.raises(Temporary):
        await client(FakeHttp(answer)).book(plan(), key="k")


async def test_conflict_is_a_refusal() -> None:
    def answer(*_: str) -> httpx.Response:
        raise Rejected("no", status=409, body='{"fault": "capacity exhausted"}')

    with pytest.raises(BookingRefused, match="capacity exhausted"):
        await client(FakeHttp(answer)).book(plan(), key="k")


async def test_cancel_is_posted() -> None:
    http = FakeHttp(lambda *_: httpx.Response(200, json={}))
    await client(http).cancel("NF1", key="k")
    assert http.calls[0][:2] == ("POST", "/bookings/NF1/cancel")


def test_events_of_one_body_are_read_each_by_itself() -> None:
    odd, unknown = STATUS | {"id": "S-2", "time": None}, STATUS | {"id": "S-3", "status": "TEA"}
    found = readings(orjson.dumps({"messageId": "M", "events": [STATUS, odd, unknown, 7]}))
    assert [item.event_id for item in found][:3] == ["S-1", "S-2", "S-3"]
    good, *bad = (item.report for item in found)
    assert isinstance(good, Report)
    assert (good.fact.kind, good.fact.document_ref, good.fact.signed_by) == (
        "proof-of-delivery",
        "/pod/N-1",
        "E. Exempel",
    )
    assert [item.remedy for item in bad if isinstance(item, Permanent)] == [
        "fix-at-sender",
        "map-scan-code",
        "fix-at-sender",
    ]


def test_every_kind_can_be_reported() -> None:
    assert set(KINDS.values()) == set(RULES)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"events": 1}'])
def test_body_without_events_is_malformed(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        readings(body)


def test_signature_counts_within_the_window_only() -> None:
    hook, body, now = NordfreightHook(), b'{"events": []}', NOON.timestamp()
    for secret in (b"old", b"new"):
        assert hook.is_signed(body, signed(body, secret, now - 299), secrets=(b"old", b"new"), now=NOON)
    assert not hook.is_signed(body, signed(body, b"new", now - 301), secrets=(b"new",), now=NOON)
    assert not hook.is_signed(body, signed(body, b"new", now + 301), secrets=(b"new",), now=NOON)
    moved = signed(body, b"new", now) | {"nord-timestamp": str(int(now) + 1)}
    assert not hook.is_signed(body, moved, secrets=(b"new",), now=NOON)
    assert not hook.is_signed(body, {"nord-timestamp": "²", "nord-signature": "v1=é"}, secrets=(b"new",), now=NOON)
