"""The HTTP side of every service: bad input is answered with a problem that names the field, calls out are bounded."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from fastapi import APIRouter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from canonical.values import LineQuantity
from chassis import Http, Rejected, Temporary
from chassis.host import make_app
from chassis.local.ports import free_port
from chassis.testing import LocalMesh
from chassis.testing.sample.app import empty

pytestmark = pytest.mark.integration


@pytest.fixture
async def client(mesh: LocalMesh) -> AsyncIterator[httpx.AsyncClient]:
    limits = {"body_limit_bytes": 10_000, "ingress_bytes_limit": 9_000}
    service = empty(await mesh.settings("inventory-sync", **limits))
    router = APIRouter()

    @router.post("/lines")
    async def line(line: LineQuantity) -> dict[str, int]:
        return {"quantity": line.quantity}

    service.routes(router)
    transport = httpx.ASGITransport(make_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client
    await service.engine.dispose()


async def test_a_negative_quantity_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/lines", json={"line_number": 10, "sku": "SKU-1", "quantity": -1})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "quantity" in answer.text


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/lines", content=b"[" + b"1," * 6_000 + b"1]")
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_more_bodies_than_memory_may_hold_are_asked_to_come_again(client: httpx.AsyncClient) -> None:
    async def chunked() -> AsyncIterator[bytes]:
        for _ in range(19):
            yield b" " * 500

    for content in (b" " * 9_500, chunked()):
        answer = await client.post("/lines", content=content)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (await client.post("/lines", json={"line_number": 1, "sku": "A", "quantity": 1})).status_code == 200


async def test_health_names_why_it_is_not_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["starting or stopping"]


@pytest.fixture
async def system() -> AsyncIterator[str]:
    """An outside system that answers what it is asked to."""

    async def answer(request: Request) -> Response:
        status = int(request.path_params["status"])
        return PlainTextResponse("body", status, {"retry-after": "2"} if status == 429 else {})

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=[Route("/{status}", answer)]), port=port, log_level="error", lifespan="off")
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn offers no event
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


async def test_answers_become_the_two_failures(system: str) -> None:
    http = Http(base_url=system, system="wms")
    try:
        assert (await http.request("GET", "/200")).text == "body"
        with pytest.raises(Temporary) as limited:
            await http.request("GET", "/429")
        assert limited.value.retry_in is not None
        assert limited.value.retry_in.total_seconds() == 2
        with pytest.raises(Temporary, match="wms answers 503"):
            await http.request("GET", "/503")
        with pytest.raises(Rejected, match="wms refused with 409"):
            await http.request("GET", "/409")
    finally:
        await http.close()


async def test_nobody_there_is_temporary() -> None:
    http = Http(base_url=f"http://127.0.0.1:{free_port()}", system="tms")
    try:
        with pytest.raises(Temporary, match="tms does not answer"):
            await http.request("GET", "/")
    finally:
        await http.close()
