"""Webhooks over HTTP: verified before read, stored before answered, each event by itself."""

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from chassis.limits import Limits
from chassis.problems import install

from carrier_gateway.api import Door, router
from carrier_gateway.connectors.nordfreight.client import NordfreightHook
from carrier_gateway.connectors.swiftparcel.client import SwiftparcelHook
from carrier_gateway.domain import Pointer
from carrier_gateway.settings import SecretFile

from ..fakes import NOON, TN, FakeCarrier, FakeService, shipment

SECRET = b"s3cret"
SCAN = {"event_id": "E-1", "tracking_number": TN[0], "code": "PU", "at": "2026-03-02T13:00:00Z"}


@pytest.fixture
def service() -> FakeService:
    made = FakeService()
    made.desk.shipments.put("SH-1", shipment())
    made.desk.pointers.put(f"swiftparcel:{TN[0]}", Pointer(shipment_id="SH-1"))
    return made


@pytest.fixture
def web(service: FakeService) -> httpx.AsyncClient:
    doors = {
        "swiftparcel": Door(SwiftparcelHook(), lambda: (SECRET,)),
        "nordfreight": Door(NordfreightHook(), lambda: (SECRET,)),
        "shut": Door(SwiftparcelHook(), SecretFile(None).live),
    }
    app = FastAPI()
    install(app)
    app.include_router(router(service, {"swiftparcel": FakeCarrier()}, doors))  # type: ignore[arg-type, dict-item]
    app.add_middleware(Limits, body_limit_bytes=1_048_576)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


async def swift(web: httpx.AsyncClient, body: Any, carrier: str = "swiftparcel") -> httpx.Response:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    signature = base64.b64encode(hmac.digest(SECRET, raw, hashlib.sha256)).decode()
    return await web.post(f"/webhooks/{carrier}", content=raw, headers={"X-Swift-Signature": signature})


async def nord(web: httpx.AsyncClient, events: list[Any]) -> httpx.Response:
    raw, stamp = orjson.dumps({"messageId": "M", "events": events}), str(int(NOON.timestamp()))
    digest = hmac.digest(SECRET, stamp.encode() + b"." + raw, hashlib.sha256).hex()
    headers = {"Nord-Timestamp": stamp, "Nord-Signature": f"v1={digest}"}
    return await web.post("/webhooks/nordfreight", content=raw, headers=headers)


async def test_report_is_told_once_however_often_it_comes(web: httpx.AsyncClient, service: FakeService) -> None:
    answers = [(await swift(web, SCAN)).json() for _ in range(3)]
    assert [answer["accepted"] for answer in answers] == [1, 0, 0]
    assert [answer["duplicate"] for answer in answers] == [0, 1, 1]
    assert len(service.published) == 1


async def test_bad_signature_unknown_carrier_and_malformed_body_are_told_apart(web: httpx.AsyncClient) -> None:
    forged = await web.post("/webhooks/swiftparcel", content=b"{", headers={"X-Swift-Signature": "AAAA"})
    unsigned = await web.post("/webhooks/nordfreight", json=SCAN)
    answers = [
        forged,
        unsigned,
        await swift(web, SCAN, "nobody"),
        await swift(web, b"{"),
        await swift(web, SCAN, "shut"),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 404, 400, 503]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_body_above_the_limit_is_refused(web: httpx.AsyncClient) -> None:
    assert (await swift(web, b" " * 1_048_577)).status_code == 413


async def test_odd_events_of_a_body_cost_the_others_nothing(web: httpx.AsyncClient, service: FakeService) -> None:
    good = {"id": "S-1", "trackingId": "N-1", "status": "DEPOT", "time": "2026-03-02T13:00:00Z"}
    answer = await nord(web, [good | {"id": "S-0", "status": "TEA"}, {"id": "S-9"}, good])
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "duplicate": 0, "unusable": 2})
    assert [(message_id, getattr(error, "remedy", "")) for _, message_id, _, error in service.buried] == [
        ("S-0", "map-scan-code"),
        ("S-9", "fix-at-sender"),
    ]
    assert (
        service.metrics.registry.get_sample_value("crossdock_scan_codes_unmapped_total", {"carrier": "nordfreight"})
        == 1
    )


async def test_report_that_cannot_be_stored_now_is_asked_for_again(
    web: httpx.AsyncClient, service: FakeService
) -> None:
    service.is_away = True
    answer = await swift(web, SCAN)
    assert (answer.status_code, answer.headers["retry-after"], service.buried) == (503, "1", [])


async def test_unknown_number_is_stored_and_shown_with_why_it_waits(web: httpx.AsyncClient) -> None:
    assert (await swift(web, SCAN | {"tracking_number": "T-9"})).json()["accepted"] == 1
    shown = (await web.get("/tracking/T-9")).json()
    assert (shown["state"], shown["history"][0]["kind"]) == ("waiting", "picked-up")
    assert shown["waits"].startswith("no booking")
    assert (await web.get("/tracking/T-404")).status_code == 404


async def test_parcel_and_shipment_are_shown_without_personal_data(web: httpx.AsyncClient) -> None:
    await swift(web, SCAN | {"code": "DL", "signed_by": "Ada Lovelace"})
    parcel, whole = (await web.get(f"/tracking/{TN[0]}")).json(), (await web.get("/shipments/SH-1")).json()
    assert (parcel["state"], parcel["waits"]) == ("delivered", "swiftparcel sends the proof of delivery")
    assert (whole["status"], whole["stage"]) == ("delivered", "booked")
    assert "Lovelace" not in str(whole) + str(parcel)
    assert "ada@example.com" not in str(whole)


async def test_label_is_the_carriers(web: httpx.AsyncClient) -> None:
    answer = await web.get("/shipments/SH-1/label")
    assert (answer.content, answer.headers["content-type"]) == (f"/labels/{TN[0]}".encode(), "application/x-zpl")
    assert (await web.get("/shipments/SH-1/label?tracking_number=T-9")).status_code == 404


def test_secrets_are_read_again_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    path.write_text("one\n\n")
    found = SecretFile(path)
    assert found.live() == (b"one",)
    path.write_text("one\ntwo\n")
    os.utime(path, ns=(1, 1))
    assert found.live() == (b"one", b"two")
