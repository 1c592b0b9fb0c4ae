"""Calls to swiftparcel."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from canonical.transport import ShipmentPlanned
from chassis import Http, Permanent, Rejected, Temporary

from carrier_gateway.connectors.swiftparcel import mapping, wire
from carrier_gateway.domain import Booking
from carrier_gateway.ports import BookingRefused

REFUSED = 422


class SwiftparcelClient:
    """swiftparcel over HTTP."""

    def __init__(self, http: Http, *, base_url: str) -> None:
        self._http = http
        self._host = urlsplit(base_url).netloc

    async def book(self, plan: ShipmentPlanned, *, key: str) -> Booking:
        """Book under an idempotency key; when no answer comes, ask by our reference before giving up."""
        try:
            response = await self._http.request(
                "POST", "/v1/shipments", json=mapping.request_body(plan), idempotency_key=key
            )
        except Rejected as refusal:
            raise _refused(refusal) from refusal
        except Temporary:
            if found := await self._find(plan.shipment_id):
                return found
            raise
        return _booking(response.content)

    async def cancel(self, reference: str, *, key: str) -> None:
        """Delete the shipment."""
        try:
            await self._http.request("DELETE", f"/v1/shipments/{reference}", idempotency_key=key)
        except Rejected as refusal:
            if refusal.status not in {404, 410}:
                raise

    async def close_out(self, references: Sequence[str], *, key: str) -> str:
        """Hand over the manifest of these bookings."""
        response = await self._http.request(
            "POST", "/v1/manifests", json={"shipments": list(references)}, idempotency_key=key
        )
        try:
            return wire.ManifestAnswer.model_validate_json(response.content).manifest_id
        except ValidationError as error:
            text = f"swiftparcel's answer cannot be read: {error}"
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
            response = await self._http.request("GET", "/v1/shipments", params={"reference": reference})
        except Rejected:
            return None
        found = orjson.loads(response.content)
        rows = found.get("shipments", []) if isinstance(found, dict) and "id" not in found else found
        rows = rows if isinstance(rows, list) else [rows]
        return _booking(orjson.dumps(rows[0])) if rows else None


def _booking(content: bytes) -> Booking:
    try:
        return mapping.booking(wire.ShipmentAnswer.model_validate_json(content))
    except ValidationError as error:
        raise Permanent(f"swiftparcel's answer cannot be read: {error}", remedy="check-booking-at-carrier") from error


def _refused(refusal: Rejected) -> Permanent:
    if refusal.status != REFUSED:
        return refusal
    try:
        error = wire.ErrorAnswer.model_validate_json(refusal.body).error
    except ValidationError:
        return BookingRefused(str(refusal), code=str(REFUSED))
    return BookingRefused(f"swiftparcel refuses: {error.message or error.code}", code=error.code)
