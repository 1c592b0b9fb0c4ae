"""Two carriers, each with a dialect of its own: paths, shapes, codes, signatures."""

import base64
import hashlib
import hmac
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.calls import Answer, reply
from sandbox.carriers import Booking, Carrier
from sandbox.labels import encoded, label

SWIFT_CODES = {
    "picked-up": "PU", "in-transit": "IT", "arrived": "AR", "tour": "OD", "not-home": "NH", "problem": "EX",
    "delay": "DY", "delivered": "DL", "proof": "POD",
}  # fmt: skip
NORD_CODES = {
    "picked-up": "COLLECTED", "in-transit": "LINEHAUL", "arrived": "DEPOT", "tour": "DELIVERY_TOUR",
    "not-home": "NOT_HOME", "problem": "PROBLEM", "delay": "DELAY", "delivered": "DELIVERED", "proof": "POD",
}  # fmt: skip
SWIFT_DEPOTS = (
    ("Leipzig", "DE"),
    ("Köln", "DE"),
    ("Lyon", "FR"),
    ("Milano", "IT"),
    ("Wien", "AT"),
    ("Rotterdam", "NL"),
)
NORD_DEPOTS = (("Göteborg", "SE"), ("København", "DK"), ("Hamburg", "DE"), ("Gdańsk", "PL"))


def depot(tracking: str, depots: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """Return the depot a parcel goes through, as town and country."""
    return depots[sum(tracking.encode()) % len(depots)]


class SwiftParcel(Carrier):
    """One event per webhook; signature over the body."""

    name = "swiftparcel"

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [
            Route("/carriers/swiftparcel/v1/shipments", self._book, methods=["POST"]),
            Route("/carriers/swiftparcel/v1/shipments", self._find),
            Route("/carriers/swiftparcel/v1/shipments/{number}", self.cancel, methods=["DELETE"]),
            Route("/carriers/swiftparcel/v1/manifests", self.close_out, methods=["POST"]),
            Route("/carriers/swiftparcel/v1/tracking", self.track),
            Route("/carriers/swiftparcel/labels/{number}", label),
        ]

    async def _book(self, request: Request) -> Response:
        return await self.desk.take(request, self._booked)

    def _booked(self, body: dict[str, Any]) -> Answer:
        reference = str(body["reference"])
        order_id = self._order_of(reference)
        if self.refuses(reference):
            error = {"error": {"code": "AREA", "message": "destination not served"}}
            return Answer(error, "refusal", reference, order_id, 422, is_refused=True)
        if reference in self.bookings:
            return Answer(
                self._created(self.bookings[reference]), "booking-again", reference, order_id, is_refused=True
            )
        booking = self.book(reference, [package["ref"] for package in body["packages"]])
        return Answer(self._created(booking), "booking", reference, order_id, 201)

    @staticmethod
    def _created(booking: Booking) -> dict[str, Any]:
        packages = [
            {
                "ref": sscc,
                "tracking_number": tracking,
                "label_url": f"/labels/{tracking}",
                "label": {"media_type": "application/x-zpl", "content_base64": encoded(tracking)},
            }
            for sscc, tracking in booking.parcels.items()
        ]
        return {"id": booking.id, "packages": packages}

    async def _find(self, request: Request) -> Response:
        booking = self.bookings.get(request.query_params.get("reference", ""))
        return reply(self._created(booking)) if booking else reply({"error": {"code": "NOT_FOUND", "message": ""}}, 404)

    def dialect(self, scan: dict[str, Any]) -> dict[str, Any]:
        """Return a scan in the carrier's words."""
        step = scan["step"]
        return {
            "event_id": scan["id"],
            "tracking_number": scan["tracking"],
            "code": SWIFT_CODES[step],
            "at": scan["at"],
            "place": dict(zip(("city", "country"), depot(scan["tracking"], SWIFT_DEPOTS), strict=True)),
            "note": {"not-home": "recipient absent", "problem": "address incomplete", "delay": "traffic"}.get(step),
            "signed_by": "M. Muster" if step in {"delivered", "proof"} else None,
            "pod_url": f"/pod/{scan['tracking']}" if step == "proof" else None,
        }

    def told(self, scans: list[dict[str, Any]]) -> dict[str, Any]:
        """Return scans in the carrier's words."""
        return {"scans": [self.dialect(scan) for scan in scans]}

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the signature headers of a body."""
        digest = hmac.digest(self.world.secrets[self.name], body, hashlib.sha256)
        return {"x-swift-signature": base64.b64encode(digest).decode()}


class Nordfreight(Carrier):
    """Several events per webhook; signature over time and body."""

    name = "nordfreight"

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [
            Route("/carriers/nordfreight/bookings", self._book, methods=["POST"]),
            Route("/carriers/nordfreight/bookings/{number}/cancel", self.cancel, methods=["POST"]),
            Route("/carriers/nordfreight/closeouts", self.close_out, methods=["POST"]),
            Route("/carriers/nordfreight/tracking", self.track),
            Route("/carriers/nordfreight/labels/{number}", label),
        ]

    async def _book(self, request: Request) -> Response:
        return await self.desk.take(request, self._booked)

    def _booked(self, body: dict[str, Any]) -> Answer:
        reference = str(body["customerReference"])
        order_id = self._order_of(reference)
        if self.refuses(reference):
            return Answer({"fault": "capacity exhausted"}, "refusal", reference, order_id, 409, is_refused=True)
        if reference in self.bookings:
            again = self._confirmed(self.bookings[reference])
            return Answer(again, "booking-again", reference, order_id, is_refused=True)
        booking = self.book(reference, [collo["barcode"] for collo in body["colli"]])
        return Answer(self._confirmed(booking), "booking", reference, order_id)

    @staticmethod
    def _confirmed(booking: Booking) -> dict[str, Any]:
        colli = [
            {
                "barcode": sscc,
                "trackingId": tracking,
                "labelZplUrl": f"/labels/{tracking}",
                "label": {"mediaType": "application/x-zpl", "contentBase64": encoded(tracking)},
            }
            for sscc, tracking in booking.parcels.items()
        ]
        return {"bookingNumber": booking.id, "colli": colli}

    def dialect(self, scan: dict[str, Any]) -> dict[str, Any]:
        """Return a scan in the carrier's words."""
        step = scan["step"]
        event = {
            "id": scan["id"],
            "trackingId": scan["tracking"],
            "status": NORD_CODES[step],
            "time": scan["at"],
            "city": depot(scan["tracking"], NORD_DEPOTS)[0],
            "country": depot(scan["tracking"], NORD_DEPOTS)[1],
            "reason": {"not-home": "absent", "problem": "address", "delay": "weather"}.get(step),
            "receiver": "E. Exempel" if step in {"delivered", "proof"} else None,
            "pod": f"/pod/{scan['tracking']}" if step == "proof" else None,
        }
        return {"messageId": f"m-{scan['id']}", "events": [event]}

    def told(self, scans: list[dict[str, Any]]) -> dict[str, Any]:
        """Return scans in the carrier's words."""
        return {"events": [event for scan in scans for event in self.dialect(scan)["events"]]}

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the signature headers of a body."""
        stamp = str(int(time.time()))
        digest = hmac.digest(self.world.secrets[self.name], stamp.encode() + b"." + body, hashlib.sha256).hex()
        return {"nord-timestamp": stamp, "nord-signature": f"v1={digest}"}
