"""swiftparcel: request built, endpoint called, answer read, refusal read."""

import httpx
import pytest

from chassis import Permanent, Rejected, Temporary

from carrier_gateway.connectors.swiftparcel.client import SwiftparcelClient
from carrier_gateway.connectors.swiftparcel.mapping import request_body
from carrier_gateway.ports import BookingRefused

from ..fakes import SSCC, FakeHttp, plan

BASE = "http://carrier.example/swift"
CREATED = {"id": "SW1", "packages": [{"ref": SSCC[0], "tracking_number": "T-1", "label_url": "/labels/T-1"}]}


def client(http: FakeHttp) -> SwiftparcelClient:
    return SwiftparcelClient(http, base_url=BASE)  # type: ignore[arg-type]


def test_booking_is_written_in_the_carriers_words() -> None:
    body = request_body(plan())
    assert body["packages"] == [{"ref": SSCC[0], "weight_g": 500}]
    assert (body["reference"], body["recipient"]["postal_code"]) == ("SH-1", "10115")


async def test_booking_is_posted_once_under_its_key() -> None:
    http = FakeHttp(lambda *_: httpx.Response(201, json=CREATED))
    booked = await client(http).book(plan(), key="k-1")
    assert [(call[0], call[1], call[3]) for call in http.calls] == [("POST", "/v1/shipments", "k-1")]
    assert (booked.reference, booked.parcels[0].tracking_number, booked.parcels[0].sscc) == ("SW1", "T-1", SSCC[0])


async def test_unknown_outcome_is_asked_for_by_reference() -> None:
    def answer(method: str, _: str) -> httpx.Response:
        if method == "POST":
            raise Temporary("swiftparcel answers 504")
        return httpx.Response(200, json=CREATED)

    assert (await client(FakeHttp(answer)).book(plan(), key="k")).reference == "SW1"


async def test_unknown_outcome_without_booking_is_tried_again() -> None:
    def answer(method: str, _: str) -> httpx.Response:
        if method == "POST":
            raise Temporary("swiftparcel answers 504")
        raise Rejected("not found", status=404, body="{}")

    with pytest.raises(Temporary):
        await client(FakeHttp(answer)).book(plan(), key="k")


@pytest.mark.parametrize(("status", "kind"), [(422, BookingRefused), (401, Rejected)])
async def test_only_a_business_refusal_lets_another_carrier_be_chosen(status: int, kind: type[Permanent]) -> None:
    def answer(*_: str) -> httpx.Response:
        raise Rejected("no", status=status, body='{"error": {"code": "AREA", "message": "not served"}}')

    with pytest.raises(Permanent) as caught:
        await client(FakeHttp(answer)).book(plan(), key="k")
    assert type(caught.value) is kind
    assert getattr(caught.value, "code", None) == ("AREA" if status == 422 else None)


async def test_answer_that_cannot_be_read_is_for_a_person() -> None:
    with pytest.raises(Permanent, match="cannot be read"):
        await client(FakeHttp(lambda *_: httpx.Response(201, json={"id": "x"}))).book(plan(), key="k")


async def test_cancelled_or_gone_is_cancelled() -> None:
    http = FakeHttp(lambda *_: httpx.Response(204))
    await client(http).cancel("SW1", key="k")
    assert http.calls[0][:2] == ("DELETE", "/v1/shipments/SW1")

    def gone(*_: str) -> httpx.Response:
        raise Rejected("gone", status=404, body="")

    await client(FakeHttp(gone)).cancel("SW1", key="k")


async def test_label_is_fetched_from_the_carrier_only() -> None:
    http = FakeHttp(lambda *_: httpx.Response(200, text="^XA", headers={"content-type": "text/plain"}))
    assert await client(http).label("/labels/T-1") == (b"^XA", "text/plain")
    with pytest.raises(Permanent):
        await client(http).label("http://evil.example/labels/T-1")
