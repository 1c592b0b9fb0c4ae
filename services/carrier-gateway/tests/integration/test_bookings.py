"""What follows a booking, on real servers: labels, manifests."""

import pytest

from chassis.testing import eventually

from .conftest import Starter

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


async def test_a_label_is_fetched_once_and_printed_without_the_carrier(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    for _ in range(3):
        answer = await gateway.web.get("/shipments/SH-1/label")
        assert (answer.content, answer.headers["content-type"]) == (b"^XA", "application/x-zpl")
    assert sum("labels" in path for path, _ in gateway.asked) == 1


async def test_what_is_booked_at_a_site_is_closed_out_once(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    wish, key = {"carrier_code": "swiftparcel", "site": "DC-BER"}, {"idempotency-key": "evening"}
    answers = [(await gateway.web.post("/manifests", json=wish, headers=key)).json() for _ in range(2)]
    assert answers[0] == answers[1]
    where = f"/manifests/{answers[0]['manifest_id']}"

    async def closed() -> bool:
        return bool((await gateway.web.get(where)).json()["state"] == "closed")

    await eventually(closed)
    manifest = (await gateway.web.get(where)).json()
    assert (manifest["number"], manifest["shipments"]) == ("M-1", ["SH-1"])
    assert [body for path, body in gateway.asked if "manifests" in path] == [{"shipments": ["BK-1"]}]
    later = (await gateway.web.post("/manifests", json=wish)).json()["manifest_id"]
    assert (await gateway.web.get(f"/manifests/{later}")).json()["state"] == "empty"


async def test_a_carrier_nobody_can_book_has_no_manifest(start: Starter) -> None:
    gateway = await start()
    answer = await gateway.web.post("/manifests", json={"carrier_code": "ups", "site": "DC-BER"})
    assert (answer.status_code, "carrier_code" in answer.text) == (422, True)
    assert (await gateway.web.get("/manifests/none")).status_code == 404
