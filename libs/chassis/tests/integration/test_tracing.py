"""One trace per business transaction, as a collector receives it: through events, effects and calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

import pytest
import uvicorn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from canonical import decode
from canonical.inventory import AllocationFailed
from canonical.values import LineQuantity
from chassis import Effect, Http, Outcome, Permanent, Service
from chassis.local.ports import free_port
from chassis.testing import LocalMesh, eventually
from chassis.testing.sample.app import empty
from chassis.tracing import trace_id

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Outside:
    """A collector of traces and a system that is called, over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.traceparents: list[str] = []
        self.url = f"http://127.0.0.1:{free_port()}"

    async def collect(self, request: Request) -> Response:
        export = ExportTraceServiceRequest.FromString(await request.body())
        self.spans += [span for of in export.resource_spans for scope in of.scope_spans for span in scope.spans]
        return Response()

    async def ring(self, request: Request) -> Response:
        self.traceparents.append(request.headers["traceparent"])
        return Response("{}")

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Outside"]:
        routes = [
            Route("/v1/traces", self.collect, methods=["POST"]),
            Route("/ring", self.ring, methods=["POST"]),
        ]
        port = int(self.url.rsplit(":", 1)[1])
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=port, log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  uvicorn offers no event
            await asyncio.sleep(0.01)
        yield self
        server.should_exit = True
        await task


class Bell(BaseModel):
    """Somebody rings."""

    order_id: str


class Ring(Effect):
    """Ring at the outside system."""

    name: ClassVar[str] = "ring"
    replay: ClassVar[Literal["deduplicate", "suppress"]] = "deduplicate"


async def hear(bell: Bell) -> Outcome:
    if bell.order_id == "SO-BAD":
        raise Permanent("nobody is in", remedy="ring-later")
    return [Ring(lane=bell.order_id)]


async def ring(effect: Ring, *, key: str, http: Http) -> None:
    await http.request("POST", "/ring", idempotency_key=key)


async def heard(effect: Ring, nothing: None) -> Outcome:
    line = LineQuantity(line_number=10, sku="S", quantity=1)
    return [AllocationFailed(occurred_at=NOON, order_id=effect.lane, lines=(line,), reason="out-of-stock")]


def bells(settings: object, outside: Outside) -> Service:
    service = empty(settings)  # type: ignore[arg-type]
    http = service.http(base_url=outside.url, system="bell")
    service.effect(Ring, call=ring, done=heard, http=http)
    return service


async def test_one_order_is_one_trace(mesh: LocalMesh) -> None:
    async with Outside().open() as outside:
        service = bells(await mesh.settings("inventory-sync", otlp_url=outside.url), outside)
        await service.start()
        client = await mesh.connect("operator")

        async def stored() -> int:
            return (await client.jetstream().stream_info("INVENTORY")).state.last_seq

        async def published() -> bool:
            return await stored() > before

        before = await stored()
        await service.accept("door", "bell-1", Bell(order_id="SO-TRACE"), hear)
        await eventually(published)
        message = await client.jetstream().get_msg("INVENTORY", seq=await stored())
        await client.close()
        await service.stop()
    by_name = {span.name: span for span in outside.spans}
    handled, called, done = by_name["door hear"], by_name["ring"], by_name["effect-ring heard"]
    assert {span.trace_id for span in outside.spans} == {trace_id("SO-TRACE").to_bytes(16)}
    assert not handled.parent_span_id
    assert called.parent_span_id == handled.span_id
    assert done.parent_span_id == called.span_id
    assert [told[:52] for told in outside.traceparents] == [f"00-{called.trace_id.hex()}-{called.span_id.hex()}"]
    envelope, _ = decode(message.data or b"")
    assert envelope.traceparent is not None
    assert done.span_id.hex() in envelope.traceparent


async def test_a_failure_is_in_the_trace(mesh: LocalMesh) -> None:
    async with Outside().open() as outside:
        service = bells(await mesh.settings("inventory-sync", otlp_url=outside.url), outside)
        await service.start()
        with pytest.raises(Permanent):
            await service.accept("door", "bell-2", Bell(order_id="SO-BAD"), hear)
        await service.stop()
    (span,) = outside.spans
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert "nobody is in" in str(span.events[0])


async def test_without_a_collector_nothing_is_traced(mesh: LocalMesh) -> None:
    async with Outside().open() as outside:
        service = bells(await mesh.settings("inventory-sync"), outside)
        await service.start()
        await service.accept("door", "bell-3", Bell(order_id="SO-QUIET"), hear)
        await service.stop()
    assert outside.spans == []
