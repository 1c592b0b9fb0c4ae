"""A carrier: booking, refusals, manifests, and the journey of every parcel; how it speaks is in `dialects`."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.calls import Answer, Desk, reply
from sandbox.world import Door, World

GATEWAY = Door("carrier-gateway", 5)


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
        self.history: dict[str, list[dict[str, Any]]] = {}

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

    async def track(self, request: Request) -> Response:
        """Tell what happened so far to the parcels asked about, whether a webhook said so or not."""
        if away := await self.desk.faulted():
            return away
        numbers = next(iter(request.query_params.values()), "").split(",")
        return reply(self.told([scan for number in numbers for scan in self.history.get(number, [])]))

    def told(self, scans: list[dict[str, Any]]) -> dict[str, Any]:
        """Return scans in the carrier's words."""
        raise NotImplementedError

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
        self.history.setdefault(scan["tracking"], []).append(scan)
        if self.world.chance.happens(self.world.scenario.lost_webhook_rate, "lost", scan["id"]):
            self.world.ledger.note(self.name, "webhook-lost", scan["id"], scan["order_id"], "applied")
            return
        duplicate = self.world.chance.happens(self.world.scenario.duplicate_rate, "copies", scan["id"])
        for _ in range(3 if duplicate else 1):
            self.world.send(GATEWAY, f"/webhooks/{self.name}", self.dialect(scan), self.sign)

    def dialect(self, scan: dict[str, Any]) -> dict[str, Any]:
        """Return a scan in the carrier's words."""
        raise NotImplementedError

    def sign(self, body: bytes) -> dict[str, str]:
        """Return the signature headers of a body."""
        raise NotImplementedError
