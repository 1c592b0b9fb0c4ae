"""Webhooks of a carrier: accepted durably by carrier-gateway, beside a bare server that only checks the signature."""

import asyncio
import base64
import hashlib
import hmac
import sys
import time
from collections.abc import Sequence

import aiohttp
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.local.ports import free_port, wait_open

from crossdock_cli.mesh import Mesh

AT_ONCE = 64
Webhook = tuple[bytes, dict[str, str]]


def signed(number: int, run: int, secret: bytes) -> Webhook:
    """Return a scan of a parcel nobody has booked yet, and its signature headers."""
    body = orjson.dumps(
        {
            "event_id": f"bench-{run}-{number}",
            "tracking_number": f"BENCH{run}{number:08d}",
            "code": "IT",
            "at": "2026-03-02T12:00:00+00:00",
            "place": {"city": "Leipzig", "country": "DE"},
        }
    )
    digest = base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()
    return body, {"x-swift-signature": digest, "content-type": "application/json"}


async def post(url: str, load: Sequence[Webhook], rate: float | None = None) -> tuple[float, float]:
    """Post them all; returns how many per second, and the 99th percentile of the answers' time in milliseconds."""
    times: list[float] = []
    gate = asyncio.Semaphore(AT_ONCE if rate is None else 1_000)
    started = time.perf_counter()

    async def one(place: int, body: bytes, headers: dict[str, str]) -> None:
        if rate is not None:
            await asyncio.sleep(started + place / rate - time.perf_counter())
        async with gate:
            began = time.perf_counter()
            async with session.post(url, data=body, headers=headers) as answer:
                text = await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {text!r}")
            times.append(time.perf_counter() - began)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(one(place, *item) for place, item in enumerate(load)))
    ordered = sorted(times)
    return len(load) / (time.perf_counter() - started), ordered[int(len(ordered) * 0.99)] * 1000


def load_of(mesh: Mesh, count: int, run: int) -> list[Webhook]:
    """Return signed webhooks no other run had."""
    secret = (mesh.layout.secrets / "swiftparcel.secret").read_bytes().strip()
    return [signed(number, run, secret) for number in range(count)]


async def ours(mesh: Mesh, load: Sequence[Webhook], rate: float | None = None) -> tuple[float, float]:
    """Post to carrier-gateway."""
    return await post(f"{mesh.url('carrier-gateway')}/webhooks/swiftparcel", load, rate)


async def bare(secret: bytes, load: Sequence[Webhook]) -> float:
    """Post to a server that checks the signature and keeps nothing; returns how many per second."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.webhooks", str(port), secret.hex())
    try:
        if not await asyncio.to_thread(wait_open, port, 10.0, lambda: process.returncode is None):
            raise RuntimeError("the bare server does not answer")
        return (await post(f"http://127.0.0.1:{port}/", load))[0]
    finally:
        process.terminate()
        await process.wait()


def serve(port: int, secret: bytes) -> None:
    """Run the bare server."""

    async def take(request: Request) -> Response:
        body = await request.body()
        wanted = base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()
        good = hmac.compare_digest(request.headers["x-swift-signature"], wanted)
        return JSONResponse({"accepted": orjson.loads(body)["event_id"]}, 200 if good else 401)

    app = Starlette(routes=[Route("/", take, methods=["POST"])])
    uvicorn.run(app, port=port, log_level="error", access_log=False, loop="uvloop", http="httptools")


if __name__ == "__main__":
    serve(int(sys.argv[1]), bytes.fromhex(sys.argv[2]))
