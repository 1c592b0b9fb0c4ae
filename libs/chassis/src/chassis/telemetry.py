"""Metrics from one typed list, and JSON logs without personal data."""

import logging
import sys
import time
from functools import lru_cache, partial
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class Metrics:
    """Every metric a service exposes; labels are bounded (sources, effect names), never business keys."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        self.consumed = counter("crossdock_consumed", "Messages taken from a durable", ["domain"])
        self.duplicates = counter("crossdock_duplicates_dropped", "Messages the inbox knew", ["source"])
        self.retries = counter("crossdock_retries", "Messages kept to be tried again", ["source"])
        self.dead_letters = counter("crossdock_dead_letters", "Messages given up on", ["source"])
        self.lag = gauge("crossdock_lag", "Messages a durable has yet to deliver or have acknowledged", ["durable"])
        self.durables_missing = gauge("crossdock_durables_missing", "Durables the broker does not have")
        self.published = counter("crossdock_published", "Events published", ["stream"])
        self.denied = counter("crossdock_broker_denied", "Actions the broker refused")
        self.commit_size = histogram("crossdock_commit_size", "Messages per transaction", buckets=(1, 4, 16, 64, 256))
        self.outbox_age = gauge("crossdock_outbox_age_seconds", "Age of the oldest unpublished event")
        self.lost = gauge("crossdock_outbox_lost", "Published events their stream no longer holds", ["stream"])
        self.effects_waiting = gauge("crossdock_effects_waiting", "Effects not yet made", ["effect"])
        self.effect_seconds = histogram("crossdock_effect_seconds", "Duration of a call to the outside", ["effect"])
        self.effect_failures = counter(
            "crossdock_effect_failures", "Calls to the outside that failed", ["effect", "kind"]
        )
        self.breaker_state = gauge(
            "crossdock_breaker_state", "Breaker of an outside system: 0 closed, 1 half open, 2 open", ["system"]
        )
        self.dependency_refusals = counter(
            "crossdock_calls_kept_back", "Calls not made: breaker, retry-after or budget", ["system", "reason"]
        )
        self.dependency_wait_seconds = histogram(
            "crossdock_pace_seconds", "Wait for the pace of an outside system", ["system"]
        )

    def render(self) -> bytes:
        """Return the Prometheus text form."""
        return generate_latest(self.registry)


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    """Return a second of local time in ISO 8601; many records share one."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, service, event name, fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields: dict[str, Any] = {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        line = {
            "time": f"{_second(int(record.created))}.{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage(),
            **fields,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure_logging(service: str, level: str) -> None:
    """Send every log record of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
