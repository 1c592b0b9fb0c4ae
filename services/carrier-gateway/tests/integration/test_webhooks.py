"""Carriers' messages on a real database and broker: kept before answered, mapped once, asked for when missed."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text

from chassis.testing import LocalMesh, eventually

from ..fakes import TN
from .conftest import SCAN, SECRET, Starter

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


async def test_a_message_is_kept_then_mapped_once_however_often_it_comes(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    answers = [(await gateway.send(SCAN)).json()["status"] for _ in range(3)]
    assert answers == ["accepted", "duplicate", "duplicate"]
    await gateway.hears("picked-up")
    (kept,) = await gateway.raw(carrier="swiftparcel")
    assert (kept["outcome"], kept["facts"], kept["channel"]) == ("tracking", 1, "webhook")


async def test_who_is_refused_and_why(start: Starter) -> None:
    gateway = await start()
    (gateway.secrets / "dhl.secret").unlink()
    answers = [
        await gateway.send(SCAN, secret="forged"),
        await gateway.send(SCAN, carrier="nobody"),
        await gateway.send(b" " * 70_000),
        await gateway.send(SCAN, carrier="dhl"),
    ]
    assert [answer.status_code for answer in answers] == [401, 404, 413, 503]
    assert answers[3].headers["retry-after"] == "1"
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert await gateway.raw() == []
    assert (await gateway.web.get("/webhooks/swiftparcel")).status_code == 200


async def test_what_cannot_be_mapped_is_answered_well_and_becomes_a_dead_letter(
    start: Starter, mesh: LocalMesh
) -> None:
    gateway = await start()
    assert (await gateway.send(b"{no json")).status_code == 200
    assert (await gateway.send(SCAN)).status_code == 200

    async def dead() -> bool:
        letters = await mesh.dead_letters("carrier-gateway")
        return any(base64.b64decode(letter["body_base64"]) == b"{no json" for letter in letters)

    await eventually(dead)
    await gateway.hears("picked-up")
    assert sorted(kept["outcome"] for kept in await gateway.raw()) == ["dead", "tracking"]


async def test_a_dead_message_is_corrected_and_read_again(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    assert (await gateway.send(json.dumps(SCAN)[:-1].encode())).status_code == 200

    async def dead() -> list[dict[str, Any]]:
        return list((await gateway.web.get("/dead-letters", params={"remedy": "mend-profile-and-replay"})).json())

    await eventually(dead)
    (letter,) = await dead()
    path = f"/dead-letters/{letter['id']}"
    shown = (await gateway.web.get(path)).json()
    edit = {"body": json.dumps(SCAN), "digest": shown["digest"], "actor": "ada", "retry": True}
    assert (await gateway.web.post(f"{path}/edit", json=edit)).status_code == 200
    await gateway.hears("picked-up")

    async def is_resolved() -> bool:
        return bool((await gateway.web.get(path)).json()["state"] == "resolved")

    await eventually(is_resolved)


async def test_a_code_nobody_mapped_is_mapped_after_the_profile_was_mended(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    await gateway.send(SCAN | {"code": "XX"})
    await gateway.hears("unmapped")
    profile = gateway.carriers / "swiftparcel.yaml"
    profile.write_text(profile.read_text().replace("PU: picked-up", "PU: picked-up\n      XX: out-for-delivery"))
    await asyncio.sleep(2.5)
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    again = await gateway.web.post("/raw-messages/replay", params={"since": since, "carrier": "swiftparcel"})
    assert again.json()["messages"] == 1
    await gateway.hears("out-for-delivery")


async def test_a_broken_profile_never_replaces_a_working_one(start: Starter) -> None:
    gateway = await start()
    profile = gateway.carriers / "swiftparcel.yaml"
    profile.write_text(profile.read_text().replace("picked-up", "picked"))

    async def is_told() -> bool:
        listed = (await gateway.web.get("/carriers")).json()["carriers"]
        return any("milestones.0.codes.PU" in str(found["problem"]) for found in listed)

    await eventually(is_told)
    assert (await gateway.send(SCAN)).status_code == 200
    await gateway.hears("picked-up")


async def test_a_missed_webhook_is_found_by_asking(start: Starter) -> None:
    gateway = await start(poll_seconds=0.1)
    profile = gateway.carriers / "swiftparcel.yaml"
    profile.write_text(profile.read_text().replace("quiet_minutes: 0.25", "quiet_minutes: 0.01"))
    gateway.scans = [SCAN, SCAN | {"code": "DL", "at": "2026-03-03T13:00:00Z"}]
    await gateway.booked()
    await gateway.hears("picked-up", "delivered")
    polls = [path for path, _ in gateway.asked if "tracking" in path]
    assert f"numbers={TN[0]}" in polls[0]


async def test_a_subscription_is_made_and_not_made_again(start: Starter) -> None:
    gateway = await start(poll_seconds=0.1)
    profile = gateway.carriers / "swiftparcel.yaml"
    block = "subscribe:\n  call: {method: POST, path: /v1/hooks, body: {numbers: '{numbers}'}}\n  lasts_days: 14\n"
    profile.write_text(profile.read_text() + block)
    await gateway.booked()

    async def subscribed() -> bool:
        return any("hooks" in path for path, _ in gateway.asked)

    await eventually(subscribed)
    await asyncio.sleep(1.0)
    assert [body for path, body in gateway.asked if "hooks" in path] == [{"numbers": [TN[0]]}]
    async with gateway.service.engine.connect() as connection:
        state = (await connection.execute(text("SELECT state FROM carrier_shipments"))).scalar_one()
    assert datetime.fromisoformat(state["subscribed_until"]) > datetime.now(UTC) + timedelta(days=13)


async def test_a_subscription_is_renewed_before_it_ends(start: Starter) -> None:
    gateway = await start(poll_seconds=0.1)
    profile = gateway.carriers / "swiftparcel.yaml"
    block = "subscribe:\n  call: {method: POST, path: /v1/hooks}\n  lasts_days: 0.00001\n"
    profile.write_text(profile.read_text() + block)
    await gateway.booked()

    async def renewed() -> bool:
        return sum("hooks" in path for path, _ in gateway.asked) >= 3

    await eventually(renewed)


async def test_a_handshake_is_answered_by_the_call_it_asks_for(start: Starter) -> None:
    gateway = await start()
    port = gateway.service.settings.swiftparcel_url.split(":")[2].split("/")[0]  # type: ignore[attr-defined]
    profile = gateway.carriers / "dhl.yaml"
    profile.write_text(profile.read_text().replace("api-eu.dhl.com", f"127.0.0.1:{port}"))
    await asyncio.sleep(2.5)
    body = {"scope": "subscription.validate", "self": f"http://127.0.0.1:{port}/subscription/1", "secret": "once"}
    answer = await gateway.web.post("/webhooks/dhl", json=body, headers={"x-dhl-hook-token": SECRET})
    assert answer.status_code == 200

    async def called() -> bool:
        return ("/subscription/1/activate?", {"secret": "once"}) in gateway.asked

    await eventually(called)


async def test_how_a_carrier_does_can_be_queried(start: Starter) -> None:
    gateway = await start()
    await gateway.booked()
    for code, at in (("PU", "2026-03-02T13:00:00Z"), ("EX", "2026-03-03T09:00:00"), ("DL", "2026-03-04T13:00:00Z")):
        await gateway.send(SCAN | {"code": code, "at": at})
    await gateway.hears("picked-up", "delivery-exception", "delivered")
    (lane,) = (await gateway.web.get("/carriers/performance", params={"carrier": "swiftparcel"})).json()
    assert (lane["origin"], lane["destination"], lane["parcels"], lane["delivered"]) == ("DC-BER", "DE", 1, 1)
    assert (float(lane["transit_days_median"]), float(lane["exception_rate"])) == (2.0, 1.0)
    assert float(lane["on_time_share"]) == 0.0
    (quality,) = (await gateway.web.get("/carriers/quality")).json()
    assert (quality["messages"], quality["dead_messages"], quality["unmapped_events"]) == (3, 0, 0)
    assert float(quality["zoneless_share"]) == pytest.approx(1 / 3, abs=0.001)


async def test_a_thousand_mutated_messages_are_refused_and_nothing_fails(start: Starter) -> None:
    gateway = await start()
    raw = json.dumps(SCAN).encode()
    proof = base64.b64encode(hmac.digest(SECRET.encode(), raw, hashlib.sha256)).decode()
    chance = random.Random(7)
    statuses: set[int] = set()
    for number in range(1_000):
        parts = [bytearray(raw), bytearray(proof.encode())]
        chosen = parts[number % 2]
        chosen[chance.randrange(len(chosen))] ^= 1 << chance.randrange(8)
        headers = {b"x-swift-signature": bytes(parts[1])}
        answer = await gateway.web.post("/webhooks/swiftparcel", content=bytes(parts[0]), headers=headers)
        statuses.add(answer.status_code)
    assert statuses == {401}
    assert await gateway.raw() == []


async def test_published_keys_are_fetched_when_a_message_names_a_new_one(start: Starter) -> None:
    gateway = await start()
    base = gateway.service.settings.swiftparcel_url  # type: ignore[attr-defined]
    profile = gateway.carriers / "shipengine.yaml"
    profile.write_text(profile.read_text().replace("https://api.shipengine.com/jwks", f"{base}/jwks"))
    await asyncio.sleep(2.5)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    body, stamp = b'{"data": {"tracking_number": "T", "events": []}}', datetime.now(UTC).isoformat()
    proof = key.sign(f"{stamp}.".encode() + body, padding.PKCS1v15(), SHA256())
    headers = {
        "x-shipengine-rsa-sha256-key-id": "key-1",
        "x-shipengine-rsa-sha256-signature": base64.b64encode(proof).decode(),
        "x-shipengine-timestamp": stamp,
    }

    async def send(kid: str) -> int:
        named = {**headers, "x-shipengine-rsa-sha256-key-id": kid}
        return (await gateway.web.post("/webhooks/shipengine", content=body, headers=named)).status_code

    assert await send("key-1") == 503
    modulus = key.public_key().public_numbers().n.to_bytes(256)
    published = {"kty": "RSA", "kid": "key-1", "e": "AQAB", "n": base64.urlsafe_b64encode(modulus).decode()}
    gateway.keys = json.dumps({"keys": [published]}).encode()
    assert await send("key-1") == 503, "asked again too soon"
    await asyncio.sleep(5.1)
    assert [await send(kid) for kid in ("key-1", "key-1", "key-2", "key-3")] == [200, 200, 401, 401]
    assert sum("jwks" in path for path, _ in gateway.asked) == 2
