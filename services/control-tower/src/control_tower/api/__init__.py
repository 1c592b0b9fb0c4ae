"""Ways into control-tower: the API, under one prefix, and the page."""

from fastapi import APIRouter

from chassis import Service

from control_tower.api import catalogue, journeys, mesh, page
from control_tower.directory import Region

PREFIX = "/api/v1"


def router(service: Service, region: Region) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()
    for part in (journeys.router(service), mesh.router(service, region), catalogue.router()):
        routes.include_router(part, prefix=PREFIX)
    routes.include_router(page.router())
    return routes
