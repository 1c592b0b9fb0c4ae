"""Calls to Nordfreight, and its signature."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from canonical.transport import ShipmentPlanned
from chassis import Http
from pydantic import ValidationError

from carrier_gateway.connectors.nordfreight import mapping
from carrier_gateway.connectors.nordfreight.wire import Confirmation, Event, Message
from carrier_gateway.domain import Booked, Scan


class Nordfreight:
    """Nordfreight over HTTP."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booked:
        """Book a shipment."""
        answer = await self._http.request("POST", "/bookings", json=mapping.booking(plan), idempotency_key=key)
        return mapping.booked(Confirmation.model_validate(answer.json()))


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float, window: int) -> bool:
    """Whether the signature is Nordfreight's: hex HMAC-SHA256 over `timestamp.body`, fresh, by any live secret."""
    stamp = headers.get("nord-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12 or abs(now - int(stamp)) > window:
        return False
    given = headers.get("nord-signature", "").encode()
    signed = stamp.encode() + b"." + body
    expected = [b"v1=" + hmac.digest(secret, signed, hashlib.sha256).hex().encode() for secret in secrets]
    return any([hmac.compare_digest(given, one) for one in expected])


def scans(body: bytes) -> Sequence[Scan | ValidationError]:
    """Return the scans of a body, each on its own: one odd event does not spoil the others.

    Raises:
        pydantic.ValidationError: the body is no message.
    """
    found: list[Scan | ValidationError] = []
    for event in Message.model_validate_json(body).events:
        try:
            found.append(mapping.scan(Event.model_validate(event)))
        except ValidationError as error:
            found.append(error)
    return found
