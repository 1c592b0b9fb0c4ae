"""The page: built files that come with the package; nothing is loaded from elsewhere."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = "default-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
FOREVER = "public, max-age=31536000, immutable"


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def index() -> Response:
        return _file("index.html", "no-cache")

    @routes.get("/assets/{name}")
    async def asset(name: str) -> Response:
        return _file(f"assets/{name}", FOREVER)

    return routes


def _file(path: str, cache: str) -> Response:
    found = files("control_tower").joinpath("web", *path.split("/"))
    kind = TYPES.get(path[path.rfind(".") :])
    if kind is None or ".." in path or not found.is_file():
        raise HTTPException(404, f"there is no {path}")
    return Response(found.read_bytes(), media_type=kind, headers={**HEADERS, "cache-control": cache})
