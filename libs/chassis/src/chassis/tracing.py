"""Traces: one per business transaction, from the ERP's release to the customer's mail.

The trace id follows from the correlation id, so whatever concerns an order is in one trace, also what came in by a
webhook days later; within it, spans hang together by the `traceparent` of events, effects and calls. Without a
collector nothing is made and nothing is spent.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from canonical import CanonicalEvent
from chassis.effect import Effect
from chassis.settings import Settings
from chassis.work import Cause, Work

_wanted: ContextVar[int] = ContextVar("wanted_trace_id")
_PROPAGATOR = TraceContextTextMapPropagator()


def trace_id(correlation_id: str) -> int:
    """Return the trace of a business transaction: 128 bits that follow from its correlation id."""
    return int.from_bytes(hashlib.sha256(correlation_id.encode()).digest()[:16]) or 1


def correlation_of(work: Work, outcome: Sequence[CanonicalEvent | Effect] = ()) -> str:
    """Return the business transaction a unit of work belongs to, as its events will say."""
    about = [*outcome, work.message]
    order = next((value for item in about if (value := getattr(item, "order_id", None))), None)
    return str(order or work.cause.correlation_id or work.message_id)


class _Ids(RandomIdGenerator):
    """Trace ids that were asked for, random span ids."""

    def generate_trace_id(self) -> int:
        return _wanted.get()


class Tracing:
    """The spans of a service; off without a collector."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None
        if settings.otlp_url:
            self._provider = _exporting(service, settings, settings.otlp_url)
            self._tracer = self._provider.get_tracer("crossdock")

    def now(self) -> int:
        """Return the start of a span, in nanoseconds since 1970; 0 when tracing is off."""
        return time.time_ns() if self._tracer else 0

    def handled(
        self,
        work: Work,
        started: int,
        outcome: Sequence[CanonicalEvent | Effect] = (),
        error: Exception | None = None,
    ) -> Cause:
        """Note that a handler ended; returns the cause that what follows from it descends from."""
        if self._tracer is None or work.handler is None:
            return work.cause
        name = f"{work.source} {getattr(work.handler, '__name__', 'handler')}"
        span = self._begin(name, SpanKind.CONSUMER, work.cause, correlation_of(work, outcome), started)
        _end(span, error)
        return _descending(work.cause, span)

    @contextmanager
    def calls(self, name: str, causes: Sequence[Cause]) -> Iterator[Sequence[Cause]]:
        """Cover one call to an outside system made for these causes; gives those that what follows descends from."""
        if self._tracer is None:
            yield causes
            return
        about = [cause.correlation_id or cause.step_id for cause in causes]
        spans = [
            self._begin(name, SpanKind.CLIENT, cause, correlation_id)
            for cause, correlation_id in zip(causes, about, strict=True)
        ]
        failure: Exception | None = None
        try:
            yield [_descending(cause, span) for cause, span in zip(causes, spans, strict=True)]
        except Exception as error:
            failure = error
            raise
        finally:
            for span in spans:
                _end(span, failure)

    def close(self) -> None:
        """Send what is left (at most some seconds), then end."""
        if self._provider:
            self._provider.shutdown()

    def _begin(self, name: str, kind: SpanKind, cause: Cause, correlation_id: str, started: int | None = None) -> Span:
        assert self._tracer is not None  # noqa: S101  callers looked
        parent = _PROPAGATOR.extract({"traceparent": cause.traceparent}) if cause.traceparent else Context()
        about = {"crossdock.correlation_id": correlation_id, "crossdock.causation_id": cause.causation_id or ""}
        token = _wanted.set(trace_id(correlation_id))
        try:
            return self._tracer.start_span(name, parent, kind, about, start_time=started)
        finally:
            _wanted.reset(token)


def _end(span: Span, error: Exception | None) -> None:
    if error is not None:
        span.record_exception(error)
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    span.end()


def _descending(cause: Cause, span: Span) -> Cause:
    own = span.get_span_context()
    return replace(cause, traceparent=f"00-{own.trace_id:032x}-{own.span_id:016x}-{int(own.trace_flags):02x}")


def _exporting(service: str, settings: Settings, url: str) -> TracerProvider:
    # the exporter costs memory that only those who trace should pay
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {
            "service.name": service,
            "service.namespace": "crossdock",
            "service.instance.id": f"{settings.region}/{service}-{settings.ordinal}",
        }
    )
    provider = TracerProvider(
        resource=resource,
        sampler=ParentBasedTraceIdRatio(settings.trace_share),
        id_generator=_Ids(),
        shutdown_on_exit=False,
    )
    endpoint = url.rstrip("/") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    return provider
