"""Two carriers with dialects of their own: booking, refusals, labels, and the journey of every parcel."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.calls import Answer, Desk, reply
from sandbox.labels import encoded, label
from sandbox.world import World

GATEWAY = 5
SWIFT_CODES = {
    "picked-up": "PU", "in-transit": "IT", "arrived": "AR", "tour": "OD", "not-home": "NH", "problem": "EX",
    "delay": "DY", "delivered": "DL", "proof": "POD",
}  # fmt: skip
NORD_CODES = {
    "picked-up": "COLLECTED", "in-transit": "LINEHAUL", "arrived": "DEPOT", "tour": "DELIVERY_TOUR",
    "not-home": "NOT_HOME", "problem": "PROBLEM", "delay": "DELAY", "delivered": "DELIVERED", "proof": "POD",
}  # fmt: skip


@dataclass(slots=True)
class Booking:
    """A shipment booked."""

    id: str
    reference: str
    order_id: str
    parcels: dict[str, str] = field(default_factory=dict)
    is_collected: bool = False
    is_cancelled: bool = False
    is_manifested: bool = False


class Carrier:
    """One carrier; the dialect is in the subclasses."""

    name = ""

    def __init__(self, world: World, order_of: Callable[[str], str]) -> None:
        self.world = world
        self.desk = Desk(world, self.name)
        self.bookings: dict[str, Booking] = {}
        self._order_of = order_of
        self._scans = 0
        self._manifests = 0

    def refuses(self, reference: str) -> bool:
        """Whether this carrier refuses the shipment; the other one then takes it."""
        chance = self.world.chance
        rejected = chance.happens(self.world.scenario.reject_booking_rate, "reject", self._order_of(reference))
        victim = chance.pick(("swiftparcel", "nordfreight"), "victim", self._order_of(reference))
        return rejected and victim == self.name

    def book(self, reference: str, ssccs: list[str]) -> Booking:
        """Book a shipment, a reference once."""
        order_id = self._order_of(reference)
        number = f"{self.name[:2].upper()}{len(self.bookings) + 1:08d}"
        parcels = {sscc: f"{self.name[:2].upper()}{sscc[-10:]}{place}" for place, sscc in enumerate(ssccs)}
        booking = self.bookings[reference] = Booking(number, reference, order_id, parcels)
        if fate := self.world.fates.get(order_id):
            fate.shipments.append(reference)
            fate.planned_at = fate.planned_at or time.time()
        return booking

    def collect(self, reference: str) -> None:
        """The goods were handed over: every parcel starts its journey."""
        booking = self.bookings.get(reference)
        if booking and not booking.is_cancelled:
            booking.is_collected = True
            for tracking in booking.parcels.values():
                self._travel(booking, tracking)

    async def cancel(self, request: Request) -> Response:
        """Cancel a booking whose goods were not handed over yet."""
        number = request.path_params["number"]
        booking = next((known for known in self.bookings.values() if known.id == number), None)

        def rule(body: dict[str, Any]) -> Answer:
            del body
            if booking is None:
                return Answer({"error": "unknown"}, "cancel-booking", number, "", 404, is_refused=True)
            about = ("cancel-booking", booking.reference, booking.order_id)
            if booking.is_collected:
                return Answer({"error": "already collected"}, *about, 409, is_refused=True)
            booking.is_cancelled = True
            return Answer({"cancelled": True}, *about)

        return await self.desk.take(request, rule)

    async def close_out(self, request: Request) -> Response:
        """Take a manifest of bookings; one that is on a manifest already is refused."""

        def rule(body: dict[str, Any]) -> Answer:
            references = [str(number) for number in body.get("shipments", body.get("bookings", []))]
            found = [booking for booking in self.bookings.values() if booking.id in references]
            if len(found) < len(references) or any(booking.is_manifested for booking in found):
                return Answer({"error": "unknown or closed out"}, "manifest", "", "", 409, is_refused=True)
            for booking in found:
                booking.is_manifested = True
            self._manifests += 1
            number = f"{self.name[:2].upper()}M{self._manifests:06d}"
            return Answer({"manifest_id": number, "closeOutNumber": number}, "manifest", number, "", 201)

        return await self.desk.take(request, rule)

    def _travel(self, booking: Booking, tracking: str) -> None:
        chance, story = self.world.chance, self.world.scenario
        steps = ["picked-up", "in-transit", "arrived"]
        if chance.happens(story.delay_rate, "delay", booking.order_id):
            steps.append("delay")
        if chance.happens(story.exception_rate, "problem", booking.order_id):
            steps.append("problem")
        steps.append("tour")
        if chance.happens(story.attempt_rate, "not-home", booking.order_id):
            steps += ["not-home", "tour"]
        steps += ["delivered", "proof"]
        start = datetime.now(UTC)
        delay = 0.0
        for place, step in enumerate(steps):
            delay += 0.005 + 0.045 * chance.share("step", tracking, place)
            late = 0.6 * chance.share("late", tracking, place)
            shuffled = chance.happens(story.shuffle_rate, "shuffle", tracking, place)
            scan = self._scan(booking, tracking, step, start + timedelta(hours=place + 1))
            self.world.timetable.after(delay + (late if shuffled else 0.0), lambda scan=scan: self._tell(scan))  # type: ignore[misc]
            if step == "proof":
                self.world.timetable.after(delay, lambda: self._note_arrival(booking, tracking))

    def _note_arrival(self, booking: Booking, tracking: str) -> None:
        self.world.ledger.note(self.name, "delivered", tracking, booking.order_id, "applied")

    def _scan(self, booking: Booking, tracking: str, step: str, at: datetime) -> dict[str, Any]:
        self._scans += 1
        return {
            "id": f"{self.name}-{int(self.world.started_at)}-{self._scans}",
            "tracking": tracking,
            "step": step,
            "at": at.isoformat(),
            "order_id": booking.order_id,
        }

    def _tell(self, scan: dict[str, Any]) -> None:
        duplicate = self.world.chance.happens(self.world.scenario.duplicate_rate, "copies", scan["id"])
        for _ in range(3 if duplicate else 1):
            self.world.send(GATEWAY, f"/webhooks/{self.name}", self.dialect(scan), self.sign)

    def dialect(self, scan: dict[str, Any]) -> dict[str, Any]:
        """Return a scan in the carrier's words."""
        raise NotImplementedError

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the signature headers of a body."""
        raise NotImplementedError


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
            "place": {"city": "Leipzig", "country": "DE"},
            "note": {"not-home": "recipient absent", "problem": "address incomplete", "delay": "traffic"}.get(step),
            "signed_by": "M. Muster" if step in {"delivered", "proof"} else None,
            "pod_url": f"/pod/{scan['tracking']}" if step == "proof" else None,
        }

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
            "city": "Göteborg",
            "country": "SE",
            "reason": {"not-home": "absent", "problem": "address", "delay": "weather"}.get(step),
            "receiver": "E. Exempel" if step in {"delivered", "proof"} else None,
            "pod": f"/pod/{scan['tracking']}" if step == "proof" else None,
        }
        return {"messageId": f"m-{scan['id']}", "events": [event]}

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the signature headers of a body."""
        stamp = str(int(time.time()))
        digest = hmac.digest(self.world.secrets[self.name], stamp.encode() + b"." + body, hashlib.sha256).hex()
        return {"nord-timestamp": stamp, "nord-signature": f"v1={digest}"}
