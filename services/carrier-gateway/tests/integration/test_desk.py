"""The desk: a profile is read, tried on a sample, changed with a reason; messages are shown without personal data."""

import json
import shutil

import pytest

from ..fakes import TN
from .conftest import CARRIERS, SCAN, Starter

pytestmark = pytest.mark.integration

SIGNED = SCAN | {"event_id": "E-2", "code": "DL", "signed_by": "Ada Lovelace"}
WHO = {"actor": "Grace Hopper", "reason": "a new code"}


async def test_profile_is_tried_and_nothing_is_kept(start: Starter) -> None:
    gateway = await start()
    kept = (await gateway.web.get("/carriers/swiftparcel/profile")).json()
    draft = {"text": kept["text"], "sample": json.dumps(SCAN | {"code": "ZZ"})}
    tried = (await gateway.web.post("/carriers/swiftparcel/profile/try", json=draft)).json()
    assert tried["mistakes"] == []
    event = tried["trial"]["events"][0]
    assert (event["milestone"], event["tracking_number"]) == ("unmapped", TN[0])
    assert event["came_from"]["code"] == "event.code"
    assert tried["trial"]["unmapped"] == ["ZZ"]
    mended = draft | {"text": kept["text"].replace("      PU: picked-up", "      PU: picked-up\n      ZZ: picked-up")}
    tried = (await gateway.web.post("/carriers/swiftparcel/profile/try", json=mended)).json()
    assert tried["trial"]["events"][0]["milestone"] == "picked-up"
    assert await gateway.raw() == []


async def test_mistakes_of_a_draft_are_named_with_their_lines(start: Starter) -> None:
    gateway = await start()
    kept = (await gateway.web.get("/carriers/swiftparcel/profile")).json()
    lines = kept["text"].splitlines()
    draft = {"text": kept["text"].replace("PU: picked-up", "PU: picked-up-soon"), "sample": ""}
    mistakes = (await gateway.web.post("/carriers/swiftparcel/profile/try", json=draft)).json()["mistakes"]
    assert "PU: picked-up" in lines[mistakes[0]["line"] - 1]
    other = {"text": kept["text"].replace("carrier: swiftparcel", "carrier: swift"), "sample": ""}
    mistakes = (await gateway.web.post("/carriers/swiftparcel/profile/try", json=other)).json()["mistakes"]
    assert "not of 'swiftparcel'" in mistakes[0]["what"]


async def test_profile_is_changed_once_from_what_it_was_made_from(start: Starter) -> None:
    gateway = await start()
    kept = (await gateway.web.get("/carriers/swiftparcel/profile")).json()
    path = "/carriers/swiftparcel/profile"
    shutil.copytree(CARRIERS / "samples", gateway.carriers / "samples")
    text = kept["text"].replace("      PU: picked-up", "      PU: picked-up\n      ZZ: picked-up")
    wish = WHO | {"text": text, "revision": kept["revision"]}
    changed = await gateway.web.post(path, json=wish)
    assert changed.status_code == 200
    again = await gateway.web.post(path, json=wish | {"text": kept["text"]})
    assert (again.status_code, "meanwhile" in again.json()["detail"]) == (409, True)
    await gateway.booked()
    await gateway.send(SCAN | {"code": "ZZ"})
    await gateway.hears("picked-up")
    acts = (await gateway.web.get("/carriers/acts")).json()
    assert [(act["action"], act["actor"], act["reason"]) for act in acts] == [("profile", "Grace Hopper", "a new code")]
    assert (acts[0]["before"], acts[0]["after"]) == (kept["text"], text)


async def test_profile_that_fails_its_own_samples_is_refused(start: Starter) -> None:
    gateway = await start()
    path = "/carriers/swiftparcel/profile"
    kept = (await gateway.web.get(path)).json()
    answer = await gateway.web.post(path, json=WHO | {"text": kept["text"], "revision": kept["revision"]})
    assert (answer.status_code, "samples" in answer.json()["detail"]) == (422, True)
    broken = await gateway.web.post(path, json=WHO | {"text": "carrier: [", "revision": kept["revision"]})
    assert (broken.status_code, "line 1" in broken.json()["detail"]) == (422, True)
    assert (await gateway.web.get("/carriers/nobody/profile")).status_code == 404
    assert (await gateway.web.get("/carriers/acts")).json() == []


async def test_message_is_read_whole_only_with_a_reason(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    await gateway.send(SIGNED)
    await gateway.hears("delivered")
    seq = (await gateway.raw())[0]["seq"]
    shown = (await gateway.web.get(f"/raw-messages/{seq}")).json()
    assert (shown["is_masked"], "Lovelace" in shown["body"], TN[0] in shown["body"]) == (True, False, True)
    assert shown["trial"]["events"][0]["milestone"] == "delivered"
    path = f"/raw-messages/{seq}/read"
    assert (await gateway.web.post(path, json={"actor": "Grace Hopper", "reason": ""})).status_code == 422
    whole = (await gateway.web.post(path, json=WHO)).json()
    assert (whole["is_masked"], "Lovelace" in whole["body"]) == (False, True)
    acts = (await gateway.web.get("/carriers/acts")).json()
    assert [(act["action"], act["subject"], act["actor"]) for act in acts] == [
        ("read", f"message {seq}", "Grace Hopper")
    ]
    assert (await gateway.web.get("/raw-messages/9999")).status_code == 404


async def test_standing_counts_what_a_carrier_sent(start: Starter) -> None:
    gateway = await start(partner_quotas={"dhl": 7.0})
    await gateway.booked()
    await gateway.send(SCAN)
    await gateway.send(SCAN | {"code": "ZZ", "event_id": "E-9"})
    await gateway.hears("picked-up", "unmapped")
    found = {one["carrier"]: one for one in (await gateway.web.get("/carriers/standing")).json()}
    assert (found["swiftparcel"]["messages"], found["swiftparcel"]["unmapped"]) == (2, 1)
    assert found["swiftparcel"]["last_message_at"] is not None
    assert (found["dhl"]["quota_per_second"], found["dhl"]["last_message_at"]) == (7.0, None)
    weeks = (await gateway.web.get("/carriers/weeks")).json()
    assert [(week["carrier_code"], week["parcels"]) for week in weeks] == [("swiftparcel", 1)]
