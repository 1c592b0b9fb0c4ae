"""The process of a service: FastAPI under uvicorn, health, metrics, and one clear sentence when it cannot start."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

import uvicorn
import uvloop
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from canonical import topology
from chassis.asyncapi import document
from chassis.crashpoints import arm
from chassis.durability import routes
from chassis.errors import StartupError
from chassis.failures.api import router as dead_letter_routes
from chassis.limits import Limits
from chassis.pending import router as pending_routes
from chassis.problems import install
from chassis.readiness import unready
from chassis.replay.api import router as replay_routes
from chassis.service import Service
from chassis.settings import Settings
from chassis.telemetry import configure_logging

log = logging.getLogger(__name__)

STARTUP_EXIT = 3
FAILED_EXIT = 70  # EX_SOFTWARE
STOP_SECONDS = 15
GC_THRESHOLDS = (20_000, 20, 50)

S = TypeVar("S", bound=Settings)


def make_app(service: Service) -> FastAPI:
    """Return the HTTP application of a service: its routers, health, metrics and the AsyncAPI document."""
    app = FastAPI(title=service.name, version=version(f"crossdock-{service.name}"))
    install(app)
    chassis_routers = (
        routes(service.reconciler, service.relay),
        replay_routes(service.replayer),
        dead_letter_routes(service.office),
        pending_routes(service.engine, service.systems),
    )
    for router in (*service.routers, *chassis_routers):
        app.include_router(router)

    _health(app, service)

    @app.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi() -> dict[str, Any]:
        return document(service.name, app.version, topology.load(), service.settings.region)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(service.metrics.render(), media_type="text/plain; version=0.0.4")

    app.add_middleware(
        Limits,
        body_limit_bytes=service.settings.body_limit_bytes,
        held_limit_bytes=service.settings.ingress_bytes_limit,
    )
    return app


def _health(app: FastAPI, service: Service) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        reasons = unready(service)
        body = {
            "status": "unready" if reasons else "ready",
            "service": service.name,
            "reasons": reasons,
            "away": service.systems.away(),
            "outbox_age_seconds": round(service.relay.age_seconds, 1),
            "lost": service.reconciler.lost,
        }
        return JSONResponse(body, status_code=503 if reasons else 200)


def run(build: Callable[[S], Service], settings: type[S]) -> None:
    """Run a service until it is told to stop; a failed start ends the process with one sentence and exit code 3."""
    try:
        service = _built(build, settings)
        configure_logging(service.name, service.settings.log_level)
        sock = _bind(service)
        gc.set_threshold(*GC_THRESHOLDS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve_or_end(service, sock))
    except StartupError as error:
        sys.stderr.write(f"{build.__module__.partition('.')[0].replace('_', '-')}: {error}\n")
        raise SystemExit(STARTUP_EXIT) from None


def _built(build: Callable[[S], Service], settings: type[S]) -> Service:
    try:
        values = settings()
        arm(values.crash_at)
        return build(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise StartupError(f"CROSSDOCK_{name} cannot be used: {first['msg']}.") from error
    except (OSError, ValueError) as error:
        raise StartupError(f"The configuration cannot be used: {error}.") from error


def _bind(service: Service) -> socket.socket:
    host, port = service.settings.host, service.settings.port
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        raise StartupError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Free the port or set CROSSDOCK_PORT."
        ) from error
    return sock


async def _serve_or_end(service: Service, sock: socket.socket) -> None:
    """Serve; what nobody foresaw ends the process at once, whatever still runs in it, and it is started again."""
    try:
        await _serve(service, sock)
    except StartupError:
        raise
    except Exception:
        log.critical("service_failed", exc_info=True)
        os._exit(FAILED_EXIT)


async def _serve(service: Service, sock: socket.socket) -> None:
    config = uvicorn.Config(
        make_app(service),
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
    )
    await service.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises again what ended it, which would end the process before the service has stopped
        signal.signal(number, lambda *_: None)
    try:
        await uvicorn.Server(config).serve(sockets=[sock])
    finally:
        await service.stop()
