"""Every way a carrier proves its messages: the genuine is taken, whatever was changed is not, and nothing raises."""

import base64
import hashlib
import hmac
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from profiles import load
from profiles.auth import Auth, Secret
from profiles.signatures import Message, is_genuine

CARRIERS = Path(__file__).resolve().parents[4] / "partners" / "carriers"
NOW = datetime(2026, 3, 4, 18, 0, 30, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
KEY = b"s\xc3\xa9cret-of-the-test-0123456789abcdef"
BODY = b'{"trackingNumber":"T-1","event":"delivered","at":"2026-03-04T18:00:00Z"}'
ENVELOPE = b'{"type":"TRACKING","timestamp":"2026-03-04T18:00:00Z","payload":"{\\"trackingNumber\\":\\"9400\\"}"}'
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
MUTATIONS = 10_000


def jwks() -> bytes:
    numbers = RSA_KEY.public_key().public_numbers()
    n = base64.urlsafe_b64encode(numbers.n.to_bytes(256)).decode().rstrip("=")
    return json.dumps({"keys": [{"kty": "RSA", "kid": "key-1", "n": n, "e": "AQAB"}]}).encode()


def mac(text: bytes, key: bytes = KEY) -> bytes:
    return hmac.digest(key, text, hashlib.sha256)


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


class Case(NamedTuple):
    """A carrier's way, and a message it proves."""

    carrier: str
    way: int
    body: bytes
    headers: dict[str, str]
    query: dict[str, str]
    live: bytes = KEY


def rsa_signature(text: bytes) -> str:
    return b64(RSA_KEY.sign(text, padding.PKCS1v15(), SHA256()))


ISO = NOW.isoformat()
NFKD = b"se\xcc\x81cret-of-the-test-0123456789abcdef"
TEXT = KEY.decode()
CASES = [
    Case("fedex", 0, BODY, {"fdx-signature": b64(mac(BODY))}, {}),
    Case("ups", 0, BODY, {"credential": TEXT}, {}),
    Case("ups", 1, BODY, {"authorization": f"Bearer {TEXT}"}, {}),
    Case("dhl", 0, BODY, {"x-dhl-hook-token": TEXT}, {}),
    Case("dhl-ecommerce", 0, BODY, {"authorization": f"Basic {b64(b'crossdock:' + KEY)}"}, {}),
    Case("usps", 0, ENVELOPE, {"x-hmac": b64(mac(b'2026-03-04T18:00:00Z{"trackingNumber":"9400"}'))}, {}),
    Case("easypost", 0, BODY, {"x-hmac-signature": f"hmac-sha256-hex={mac(BODY, NFKD).hex()}"}, {}),
    Case("shippo", 0, BODY, {"shippo-auth-signature": f"t={STAMP},v1={mac(STAMP.encode() + b'.' + BODY).hex()}"}, {}),
    Case("shippo", 1, BODY, {}, {"token": TEXT}),
    Case("aftership", 0, BODY, {"aftership-hmac-sha256": b64(mac(BODY))}, {}),
    Case(
        "shipengine",
        0,
        BODY,
        {
            "x-shipengine-rsa-sha256-key-id": "key-1",
            "x-shipengine-rsa-sha256-signature": rsa_signature(ISO.encode() + b"." + BODY),
            "x-shipengine-timestamp": ISO,
        },
        {},
        jwks(),
    ),
    Case("sendcloud", 0, BODY, {"sendcloud-signature": mac(BODY).hex()}, {}),
    Case("karrio", 0, BODY, {"x-event-id": TEXT}, {}),
    Case("project44", 0, BODY, {"x-api-key": TEXT}, {}),
    Case("x12-214", 0, BODY, {"authorization": f"Bearer {TEXT}"}, {}),
    Case("swiftparcel", 0, BODY, {"x-swift-signature": b64(mac(BODY))}, {}),
    Case(
        "nordfreight",
        0,
        BODY,
        {"nord-timestamp": STAMP, "nord-signature": f"v1={mac(STAMP.encode() + b'.' + BODY).hex()}"},
        {},
    ),
]
SIGNED = [case for case in CASES if load(CARRIERS / f"{case.carrier}.yaml").auth[case.way].scheme in {"hmac", "rsa"}]


def named(case: Case) -> str:
    return f"{case.carrier}-{case.way}"


def way_of(case: Case) -> Auth:
    return load(CARRIERS / f"{case.carrier}.yaml").auth[case.way]


def taken(
    way: Auth, case: Case, *, body: bytes | None = None, headers: Any = None, query: Any = None, **more: Any
) -> bool:
    live: list[bytes] = more.get("live", [b"an-older-secret", case.live])
    message = Message(
        case.body if body is None else body,
        case.headers if headers is None else headers,
        case.query if query is None else query,
    )
    return is_genuine([way], message, secrets=lambda _: live, now=more.get("now", NOW))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_genuine_is_taken_by_any_live_secret(case: Case) -> None:
    way = way_of(case)
    assert taken(way, case)
    assert not taken(way, case, live=[b"another-secret"])
    assert not taken(way, case, live=[])


@pytest.mark.parametrize("case", CASES, ids=named)
def test_nothing_is_taken_without_its_proof(case: Case) -> None:
    way = way_of(case)
    assert not taken(way, case, headers={}, query={})
    for name in case.headers:
        assert not taken(way, case, headers={**case.headers, name: ""})


def mutated(value: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(value))
    return value[:place] + bytes([value[place] ^ (1 << chance.randrange(8))]) + value[place + 1 :]


def test_no_one_byte_mutation_is_taken() -> None:
    """Ten thousand messages with one bit changed, of signed body or of its proof, over all ways."""
    chance = random.Random(7)
    ways = {named(case): way_of(case) for case in CASES}
    accepted = []
    for number in range(MUTATIONS):
        case = CASES[number % len(CASES)]
        body, headers, query = case.body, dict(case.headers), dict(case.query)
        # of a shared secret the body is not signed: there only the secret can be wrong
        if case in SIGNED and chance.random() < 0.5:
            start = body.index(b'"timestamp"') if case.carrier == "usps" else 0
            body = body[:start] + mutated(body[start:], chance)
        else:
            holder = headers or query
            name = chance.choice(sorted(holder))
            # the word before a token may be written in any case
            word, blank, proof = holder[name].rpartition(" ")
            holder[name] = word + blank + mutated(proof.encode(), chance).decode("latin-1")
        if taken(ways[named(case)], case, body=body, headers=headers, query=query):
            accepted.append((named(case), body, headers, query))
    assert accepted == []


@pytest.mark.parametrize("case", [case for case in SIGNED if "{timestamp}." in way_of(case).text], ids=named)
def test_an_old_message_is_a_replay(case: Case) -> None:
    way = way_of(case)
    assert not taken(way, case, now=NOW + timedelta(seconds=301))
    assert not taken(way, case, now=NOW - timedelta(seconds=301))


def test_a_secret_counts_within_its_dates() -> None:
    case = CASES[0]
    dated = Secret(file="f", not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=1))
    way = way_of(case).model_copy(update={"secrets": [dated]})
    assert taken(way, case)
    assert not taken(way, case, now=NOW + timedelta(days=2))
    assert not taken(way, case, now=NOW - timedelta(days=2))


def test_published_vectors() -> None:
    """What the vendors print themselves: Sendcloud's documentation."""
    case = Case(
        "sendcloud",
        0,
        b'{"key": "value"}',
        {"sendcloud-signature": "1eed4b3d41f4653ac64fd56f1bf1cbfd349e4482cbc11dff7134bd93e5da4b0a"},
        {},
        b"secretkey",
    )
    assert taken(way_of(case), case)
