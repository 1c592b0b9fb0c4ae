"""The TMS connector: request built, endpoint called, answer and errors read."""

import json
from pathlib import Path

import httpx
import pytest

from chassis import Permanent

from transport_planner.connectors.tms import mapping
from transport_planner.connectors.tms.client import TmsClient
from transport_planner.ports import Consignment

from ..fakes import BERLIN, PARIS, FakeHttp, parcel

SAMPLE = json.loads((Path(__file__).parent / "samples" / "rates.json").read_text())
CONSIGNMENT = Consignment(
    shipment_id="SH-1", ship_from=BERLIN, ship_to=PARIS, service_level="express", parcels=(parcel(),)
)


def client(content: bytes) -> tuple[TmsClient, FakeHttp]:
    http = FakeHttp(lambda: httpx.Response(200, content=content))
    return TmsClient(http), http  # type: ignore[arg-type]


def test_request_speaks_the_words_of_the_tms() -> None:
    body = mapping.request_body(CONSIGNMENT)
    assert (body["shipmentId"], body["serviceLevel"], body["to"]["postalCode"]) == ("SH-1", "express", "75001")
    assert body["parcels"] == [
        {"sscc": "340000000000000017", "weightGrams": 900, "lengthMm": 300, "widthMm": 200, "heightMm": 100}
    ]


async def test_rates_are_asked_for_and_odd_rows_left_out() -> None:
    tms, http = client(json.dumps(SAMPLE).encode())
    quotes = await tms.quotes(CONSIGNMENT)
    assert http.calls == [("POST", "/rates", mapping.request_body(CONSIGNMENT))]
    assert [(quote.carrier_code, quote.service_code, str(quote.amount)) for quote in quotes] == [
        ("swiftparcel", "express", "12.30"),
        ("nordfreight", "economy", "9.8"),
    ]


def test_odd_rows_say_what_is_wrong() -> None:
    usable, odd = mapping.quotes(SAMPLE["quotes"])
    assert (len(usable), len(odd)) == (2, 2)
    assert odd[0].startswith("amount:")


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'{"quotes": null}'])
async def test_unreadable_answer_is_permanent(content: bytes) -> None:
    tms, _ = client(content)
    with pytest.raises(Permanent, match="cannot be read"):
        await tms.quotes(CONSIGNMENT)
