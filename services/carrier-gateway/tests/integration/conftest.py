"""A running gateway on real servers, with folders of its own and a carrier that answers it."""

import asyncio
import base64
import hashlib
import hmac
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis import Service
from chassis.host import make_app
from chassis.local.ports import free_port
from chassis.testing import LocalMesh, eventually

from carrier_gateway import handlers
from carrier_gateway.app import build
from carrier_gateway.settings import ServiceSettings
from carrier_gateway.store import CarrierDesk

from ..fakes import TN, booking, plan

CARRIERS = Path(__file__).resolve().parents[4] / "partners" / "carriers"
SECRET = "an-integration-secret"
SCAN = {"event_id": "E-1", "tracking_number": TN[0], "code": "PU", "at": "2026-03-02T13:00:00Z"}


class Gateway:
    """A running gateway with folders of its own, and a carrier that answers it."""

    def __init__(self, service: Service, web: httpx.AsyncClient, carriers: Path, secrets: Path) -> None:
        self.service, self.web, self.carriers, self.secrets = service, web, carriers, secrets
        self.asked: list[tuple[str, Any]] = []
        self.scans: list[dict[str, Any]] = []
        self.keys: bytes | None = None

    async def send(self, body: Any, carrier: str = "swiftparcel", secret: str = SECRET) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = base64.b64encode(hmac.digest(secret.encode(), raw, hashlib.sha256)).decode()
        return await self.web.post(f"/webhooks/{carrier}", content=raw, headers={"x-swift-signature": signature})

    async def booked(self) -> None:
        """Book a shipment the way the mesh does."""
        event = plan()
        await self.service.accept("test", "plan", event, handlers.book_shipment, desk=CarrierDesk)

        async def is_booked() -> bool:
            return (await self.web.get("/shipments/SH-1")).json().get("stage") == "booked"

        await eventually(is_booked)

    async def history(self, number: str = TN[0]) -> list[str]:
        answer = await self.web.get(f"/tracking/{number}")
        return [item["kind"] for item in answer.json()["history"]] if answer.status_code == 200 else []

    async def hears(self, *kinds: str, number: str = TN[0]) -> None:
        async def heard() -> bool:
            return set(kinds) <= set(await self.history(number))

        await eventually(heard)

    async def raw(self, **query: Any) -> list[dict[str, Any]]:
        return list((await self.web.get("/raw-messages", params=query)).json())


async def answer_calls(gateway: Gateway, request: Request) -> Response:
    """Be the carrier: book, and answer polls and subscriptions."""
    body = await request.body()
    gateway.asked.append((str(request.url.path) + "?" + str(request.url.query), json.loads(body) if body else None))
    if request.url.path.endswith("/shipments"):
        return JSONResponse(
            {
                "id": booking().reference,
                "packages": [
                    {"ref": parcel.sscc, "tracking_number": parcel.tracking_number, "label_url": parcel.label_ref}
                    for parcel in booking().parcels
                ],
            }
        )
    if request.url.path.endswith("/manifests"):
        return JSONResponse({"manifest_id": "M-1"}) if body else Response(status_code=409)
    if request.url.path.endswith("/jwks"):
        return Response(gateway.keys) if gateway.keys else Response(status_code=503)
    if "/labels/" in request.url.path:
        return Response("^XA", media_type="application/x-zpl")
    return JSONResponse({"scans": gateway.scans})


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn offers no event
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task


Starter = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def start(mesh: LocalMesh, tmp_path: Path) -> AsyncIterator[Starter]:
    closing: list[Any] = []

    async def started(**settings: Any) -> Gateway:
        carriers, secrets, port = tmp_path / "carriers", tmp_path / "secrets", free_port()
        carriers.mkdir()
        secrets.mkdir()
        for name in ("swiftparcel", "nordfreight", "dhl", "shipengine"):
            shutil.copy(CARRIERS / f"{name}.yaml", carriers)
        (secrets / "swiftparcel.secret").write_text(f"older\n{SECRET}\n")
        (secrets / "dhl.secret").write_text(SECRET)
        plain = await mesh.settings("carrier-gateway")
        given = plain.model_dump() | {
            "carriers_dir": carriers,
            "secrets_dir": secrets,
            "swiftparcel_url": f"http://127.0.0.1:{port}/swift",
            **settings,
        }
        service = build(ServiceSettings(**given))
        web = httpx.AsyncClient(transport=httpx.ASGITransport(make_app(service)), base_url="http://gateway")
        gateway = Gateway(service, web, carriers, secrets)

        async def carrier(request: Request) -> Response:
            return await answer_calls(gateway, request)

        routes = [Route("/{path:path}", carrier, methods=["GET", "POST", "DELETE"])]
        outside = served(Starlette(routes=routes), port)
        await outside.__aenter__()
        await service.start()
        closing.extend([service.stop, web.aclose, lambda: outside.__aexit__(None, None, None)])
        return gateway

    yield started
    for close in closing:
        await close()
