"""nordfreight: request built, endpoint called, answer read, refusal read."""

import httpx
import pytest

from chassis import Rejected, Temporary

from carrier_gateway.connectors.nordfreight.client import NordfreightClient
from carrier_gateway.connectors.nordfreight.mapping import request_body
from carrier_gateway.ports import BookingRefused

from ..fakes import SSCC, FakeHttp, plan

CONFIRMED = {
    "bookingNumber": "NF1",
    "colli": [{"barcode": SSCC[0], "trackingId": "N-1", "labelZplUrl": "/labels/N-1"}],
}


def client(http: FakeHttp) -> NordfreightClient:
    return NordfreightClient(http, base_url="http://carrier.example/nord")  # type: ignore[arg-type]


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
