"""The TMS: quotes of two carriers."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.calls import Answer, Desk
from sandbox.world import World


class Tms:
    """Rates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = Desk(world, "tms")

    def routes(self) -> list[Route]:
        """Return the HTTP interface."""
        return [Route("/tms/rates", self._rates, methods=["POST"])]

    async def _rates(self, request: Request) -> Response:
        return await self.desk.take(request, self._rate)

    def _rate(self, body: dict[str, Any]) -> Answer:
        shipment = str(body["shipmentId"])
        chance = self.world.chance
        weight = sum(parcel["weightGrams"] for parcel in body["parcels"])
        quotes = [
            {
                "carrier": carrier,
                "service": service,
                "mode": "parcel",
                "amount": f"{(base + weight // 100 + chance.number(0, 300, carrier, shipment)) / 100:.2f}",
                "currency": "EUR",
                "transitDays": days,
            }
            for carrier, service, base, days in (
                ("swiftparcel", "SWIFT-EXPRESS", 900, 1),
                ("swiftparcel", "SWIFT-ROAD", 450, 3),
                ("nordfreight", "NORD-PLUS", 480, 2),
            )
        ]
        return Answer({"quotes": quotes}, "rates", shipment)
