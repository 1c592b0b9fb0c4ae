"""Calls to nordfreight."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from canonical.transport import ShipmentPlanned
from chassis import Http, Permanent, Rejected, Temporary

from carrier_gateway.connectors.nordfreight import mapping, wire
from carrier_gateway.domain import Booking
from carrier_gateway.ports import BookingRefused

REFUSED = 409


class NordfreightClient:
    """nordfreight over HTTP."""

    def __init__(self, http: Http, *, base_url: str) -> None:
        self._http = http
        self._host = urlsplit(base_url).netloc

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booking:
        """Book under an idempotency key; when no answer comes, ask by our reference before giving up."""
        try:
            response = await self._http.request(
                "POST", "/bookings", json=mapping.request_body(plan), idempotency_key=key
            )
        except Rejected as refusal:
            raise _refused(refusal) from refusal
        except Temporary:
            if found := await self._find(plan.shipment_id):
                return found
            raise
        return _booking(response.content)

    async def cancel(self, reference: str, *, key: str) -> None:
        """Cancel the booking."""
        try:
            await self._http.request("POST", f"/bookings/{reference}/cancel", json={}, idempotency_key=key)
        except Rejected as refusal:
            if refusal.status not in {404, 410}:
                raise

    async def close_out(self, references: Sequence[str], *, key: str) -> str:
        """Hand over the manifest of these bookings."""
        response = await self._http.request(
            "POST", "/closeouts", json={"bookings": list(references)}, idempotency_key=key
        )
        try:
            return wire.ManifestAnswer.model_validate_json(response.content).close_out_number
        except ValidationError as error:
            text = f"nordfreight's answer cannot be read: {error}"
            raise Permanent(text, remedy="check-manifest-at-carrier") from error

    async def label(self, label_ref: str) -> tuple[bytes, str]:
        """Fetch a label, from the carrier's own host only."""
        if urlsplit(label_ref).netloc not in {"", self._host}:
            raise Permanent("the label lies outside the carrier's host", remedy="check-label-reference")
        response = await self._http.request("GET", label_ref)
        return response.content, response.headers.get("content-type", "application/octet-stream")

    async def _find(self, reference: str) -> Booking | None:
        """Return the booking of a reference, None when the carrier knows none or does not say."""
        try:
            response = await self._http.request("GET", "/bookings", params={"customerReference": reference})
        except Rejected:
            return None
        found = orjson.loads(response.content)
        rows = found.get("bookings", []) if isinstance(found, dict) and "bookingNumber" not in found else found
        rows = rows if isinstance(rows, list) else [rows]
        return _booking(orjson.dumps(rows[0])) if rows else None


def _booking(content: bytes) -> Booking:
    try:
        return mapping.booking(wire.BookingAnswer.model_validate_json(content))
    except ValidationError as error:
        raise Permanent(f"nordfreight's answer cannot be read: {error}", remedy="check-booking-at-carrier") from error


def _refused(refusal: Rejected) -> Permanent:
    if refusal.status != REFUSED:
        return refusal
    return BookingRefused(f"nordfreight refuses: {refusal.body[:300]}", code=str(REFUSED))
