"""Questions over HTTP: shipments, parcels and labels, without personal data."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from chassis.problems import install

from carrier_gateway.api import router
from carrier_gateway.directory import Profiles
from carrier_gateway.domain import Pointer

from ..fakes import NOON, TN, FakeCarrier, FakeService, fact, shipment


@pytest.fixture
def service() -> FakeService:
    made = FakeService()
    found = shipment()
    found.note(TN[0], fact("delivered", signed_by="Ada Lovelace"))
    made.desk.shipments.put("SH-1", found)
    made.desk.pointers.put(f"swiftparcel:{TN[0]}", Pointer(shipment_id="SH-1"))
    waiting = Pointer()
    waiting.wait(fact("picked-up"), NOON)
    made.desk.pointers.put("swiftparcel:T-9", waiting)
    return made


@pytest.fixture
def web(service: FakeService, tmp_path: Path) -> httpx.AsyncClient:
    app = FastAPI()
    install(app)
    carriers = {"swiftparcel": FakeCarrier()}
    app.include_router(router(service, carriers, None, Profiles(tmp_path)))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


async def test_unknown_number_is_shown_with_why_it_waits(web: httpx.AsyncClient) -> None:
    shown = (await web.get("/tracking/T-9")).json()
    assert (shown["state"], shown["history"][0]["kind"]) == ("waiting", "picked-up")
    assert shown["waits"].startswith("no booking")
    assert (await web.get("/tracking/T-404")).status_code == 404


async def test_parcel_and_shipment_are_shown_without_personal_data(web: httpx.AsyncClient) -> None:
    parcel, whole = (await web.get(f"/tracking/{TN[0]}")).json(), (await web.get("/shipments/SH-1")).json()
    assert (parcel["state"], parcel["waits"]) == ("delivered", "swiftparcel sends the proof of delivery")
    assert (whole["status"], whole["stage"]) == ("delivered", "booked")
    assert "Lovelace" not in str(whole) + str(parcel)
    assert "ada@example.com" not in str(whole)


async def test_label_of_nobody_is_not_found(web: httpx.AsyncClient) -> None:
    assert (await web.get("/shipments/SH-1/label?tracking_number=T-9")).status_code == 404
    assert (await web.get("/shipments/SH-9/label")).status_code == 404
