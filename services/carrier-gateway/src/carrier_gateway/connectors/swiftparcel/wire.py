"""swiftparcel's shapes, and how it signs its webhooks."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

SIGNATURE_HEADER = "x-swift-signature"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Package(_Wire):
    """A package of a shipment."""

    ref: str
    tracking_number: str = Field(min_length=1, max_length=64)
    label_url: str


class ShipmentAnswer(_Wire):
    """A shipment as the carrier keeps it."""

    id: str = Field(min_length=1, max_length=64)
    packages: list[Package] = Field(min_length=1)


class Error(_Wire):
    """Why the carrier refuses."""

    code: str = "refused"
    message: str = ""


class ErrorAnswer(_Wire):
    """A refusal."""

    error: Error


class Place(_Wire):
    """Where something happened."""

    city: str | None = None
    country: str | None = None


class Scan(_Wire):
    """A webhook's body: one event of one package."""

    event_id: str = Field(min_length=1, max_length=128)
    tracking_number: str = Field(min_length=1, max_length=64, pattern=r"^\S+$")
    code: str = Field(min_length=1, max_length=16)
    at: AwareDatetime
    place: Place | None = None
    note: str | None = None
    signed_by: str | None = None
    pod_url: str | None = None
    eta: AwareDatetime | None = None


def is_signed(body: bytes, signature: str, secrets: Sequence[bytes]) -> bool:
    """Say whether any live secret made this signature of the raw body: base64 of its HMAC-SHA256."""
    expected = [base64.b64encode(hmac.digest(secret, body, hashlib.sha256)) for secret in secrets]
    return any(hmac.compare_digest(signature.encode(), value) for value in expected)
