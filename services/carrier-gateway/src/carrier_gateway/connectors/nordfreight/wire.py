"""nordfreight's shapes, and how it signs its webhooks; its names are ours in camel case."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TIMESTAMP_HEADER = "nord-timestamp"
SIGNATURE_HEADER = "nord-signature"
WINDOW_SECONDS = 300
"""A signature older or younger than this is a replay."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class Collo(_Wire):
    """A handling unit of a booking."""

    barcode: str
    tracking_id: str = Field(min_length=1, max_length=64)
    label_zpl_url: str


class BookingAnswer(_Wire):
    """A booking as the carrier keeps it."""

    booking_number: str = Field(min_length=1, max_length=64)
    colli: list[Collo] = Field(min_length=1)


class Status(_Wire):
    """One event of one handling unit."""

    id: str = Field(min_length=1, max_length=128)
    tracking_id: str = Field(min_length=1, max_length=64, pattern=r"^\S+$")
    status: str = Field(min_length=1, max_length=32)
    time: AwareDatetime
    city: str | None = None
    country: str | None = None
    reason: str | None = None
    receiver: str | None = None
    pod: str | None = None
    eta: AwareDatetime | None = None


class Message(_Wire):
    """A webhook's body; its events are read one by one."""

    message_id: str = ""
    events: list[Any]


def is_signed(body: bytes, *, timestamp: str, signature: str, secrets: Sequence[bytes], now: datetime) -> bool:
    """Say whether a live secret made one of the `v1` signatures of "timestamp.body", within the window."""
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now.timestamp() - int(timestamp)) > WINDOW_SECONDS:
        return False
    signed = timestamp.encode() + b"." + body
    given = [part.strip()[3:].encode() for part in signature.split(",") if part.strip().startswith("v1=")]
    expected = [hmac.digest(secret, signed, hashlib.sha256).hex().encode() for secret in secrets]
    return any(hmac.compare_digest(one, value) for one in given for value in expected)
