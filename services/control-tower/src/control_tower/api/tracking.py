"""The public tracking page: one shipment's, by its signed link; every other link shows one and the same page."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from canonical.tracking import InvalidToken, read
from chassis import LiveFile, Service

from control_tower.api.printing import ENDED, Printed, Printer
from control_tower.directory import Brands
from control_tower.domain.tracking import Tracked, track
from control_tower.domain.visitors import WINDOW_SECONDS, Visitors, address_of
from control_tower.records.shipments import Shipments

HEADERS = {
    "cache-control": "private, no-store",
    "permissions-policy": "interest-cohort=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}

Keys = LiveFile[tuple[bytes, ...]]


class Links:
    """What a link leads to."""

    def __init__(self, service: Service, keys: Keys | None) -> None:
        self._service, self._keys = service, keys
        self._shipments = Shipments(service.engine)

    async def shipment(self, token: str) -> Tracked | None:
        """Return the shipment of a link; None when the link is not ours, has ended, or its shipment is not known."""
        if self._keys is None:
            return None
        try:
            shipment_id = read(token, self._service.clock.now(), self._keys.value())
        except InvalidToken:
            return None
        return track(shipment_id, await self._shipments.events(shipment_id))


def router(service: Service, links: Links, brands: Brands, visitors: Visitors, proxies: int) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)
    printer = Printer()

    @routes.api_route("/t/{token}", methods=["GET", "HEAD"])
    async def page(request: Request, token: str, lang: Annotated[str | None, Query(max_length=8)] = None) -> Response:
        language = printer.language(lang, request.headers.get("accept-language", ""))
        peer = request.client.host if request.client else ""
        address = address_of(peer, request.headers.get("x-forwarded-for", ""), proxies)
        if not visitors.admit(address, asyncio.get_running_loop().time()):
            printed = printer.notice("busy", brands.of(service.settings.company), language)
            return _answer(printed, 429, {"retry-after": str(round(WINDOW_SECONDS))})
        shipment = await links.shipment(token)
        if shipment is None:
            return _answer(printer.notice(ENDED, brands.of(service.settings.company), language), 404)
        return _answer(printer.shipment(shipment, brands.of(shipment.company), language), 200)

    return routes


def _answer(printed: Printed, status: int, more: dict[str, str] | None = None) -> Response:
    headers = {**HEADERS, "content-security-policy": printed.policy, "content-language": printed.language}
    return Response(printed.html, status, {**headers, **(more or {})}, "text/html; charset=utf-8")
