"""Ways into control-tower: the API, under one prefix, the page, and the customers' tracking page."""

from fastapi import APIRouter

from chassis import Service
from chassis.archive import Archiver

from control_tower.api import audit, board, catalogue, exports, journeys, mesh, metadata, page, sla, tracking
from control_tower.api.tracking import Links
from control_tower.directory import Brands, Regions
from control_tower.domain.visitors import Visitors
from control_tower.jobs import Collector
from control_tower.records.sla import Sla

__all__ = ["Links", "public", "router"]

PREFIX = "/api/v1"


def router(service: Service, regions: Regions, collector: Collector, archiver: Archiver, limits: Sla) -> APIRouter:
    """Return the HTTP interface for people of the house."""
    routes = APIRouter()
    parts = (
        board.router(service),
        journeys.router(service),
        mesh.router(service, regions, archiver),
        sla.router(service, regions, limits),
        catalogue.router(service),
        metadata.router(service),
        audit.router(service, collector),
        exports.router(service),
    )
    for part in parts:
        routes.include_router(part, prefix=PREFIX)
    routes.include_router(page.router())
    return routes


def public(service: Service, links: Links, brands: Brands, visitors: Visitors, proxies: int) -> APIRouter:
    """Return the pages for everybody."""
    return tracking.router(service, links, brands, visitors, proxies)
