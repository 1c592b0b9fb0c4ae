"""Calls to SwiftParcel, and its signature."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from canonical.transport import ShipmentPlanned
from chassis import Http
from pydantic import ValidationError

from carrier_gateway.connectors.swiftparcel import mapping
from carrier_gateway.connectors.swiftparcel.wire import Created, Event
from carrier_gateway.domain import Booked, Scan


class SwiftParcel:
    """SwiftParcel over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booked:
        """Book a shipment."""
        answer = await self._http.request("POST", "/v1/shipments", json=mapping.booking(plan), idempotency_key=key)
        return mapping.booked(Created.model_validate(answer.json()))


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float, window: int) -> bool:
    """Whether the signature is SwiftParcel's: base64 of HMAC-SHA256 over the raw body, by any live secret."""
    del now, window
    given = headers.get("x-swift-signature", "").encode()
    expected = [base64.b64encode(hmac.digest(secret, body, hashlib.sha256)) for secret in secrets]
    return any([hmac.compare_digest(given, one) for one in expected])


def scans(body: bytes) -> Sequence[Scan | ValidationError]:
    """Return the scans of a body, each on its own; here a body is one event.

    Raises:
        pydantic.ValidationError: the body is no event.
    """
    return [mapping.scan(Event.model_validate_json(body))]
