"""Proofs as the carrier makes them, for test messages: the other side of `signatures`."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import NamedTuple

from profiles.auth import Auth
from profiles.signatures import key_of, signed_text


class Unsigned(ValueError):
    """This way cannot be imitated: its private key is the carrier's alone, or the body lacks a signed field."""


class Proof(NamedTuple):
    """What is sent with a body."""

    headers: dict[str, str]
    query: dict[str, str]


def prove(way: Auth, body: bytes, secret: bytes, now: datetime) -> Proof:
    """Return what proves a body by this way.

    Raises:
        Unsigned: it cannot be proven by us.
    """
    text = secret.decode()
    header = way.header or ""
    match way.scheme:
        case "header":
            return Proof({header: text}, {})
        case "token":
            return Proof({}, {header: text})
        case "bearer":
            return Proof({"authorization": f"Bearer {text}"}, {})
        case "basic":
            pair = base64.b64encode(f"{way.user or ''}:{text}".encode()).decode()
            return Proof({"authorization": f"Basic {pair}"}, {})
        case "hmac":
            return Proof(_signature(way, body, secret, now), {})
        case "rsa":
            raise Unsigned("only the carrier has the private key of its signatures")


def _signature(way: Auth, body: bytes, secret: bytes, now: datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    signed, key = signed_text(way, body, timestamp), key_of(secret, way.secret_form)
    if signed is None or key is None or way.header is None:
        raise Unsigned("the body lacks a field that is signed, or carries the signature itself")
    digest = hmac.digest(key, signed, hashlib.sha256)
    value = way.prefix + (digest.hex() if way.encoding == "hex" else base64.b64encode(digest).decode())
    if way.parts:
        value = f"{way.parts}={value}"
    if way.timestamp_part:
        value = f"{way.timestamp_part}={timestamp},{value}"
    stamp = {way.timestamp_header: timestamp} if way.timestamp_header else {}
    return {way.header: value, **stamp}
