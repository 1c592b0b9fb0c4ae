"""What `crossdock top` shows: each service's own figures, and how they moved between two looks."""

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from crossdock_cli.mesh import Mesh
from crossdock_cli.probe import Reading, lag_by_service
from crossdock_cli.web import NoAnswer, call

SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})? (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
BREAKERS = ("closed", "half open", "open")
SERVERS = frozenset({"postgres", "nats-server", "sandbox"})

Samples = Sequence[tuple[str, Mapping[str, str], float]]


@dataclass(slots=True)
class Gauge:
    """One service at one look."""

    name: str
    ready: bool
    why: str
    lag: int | None
    consumed_per_second: float | None = None
    published_per_second: float | None = None
    retried: int = 0
    dead: int = 0
    calls_waiting: int = 0
    outbox_age_seconds: float = 0.0
    breakers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Look:
    """The mesh at one look."""

    at: float
    services: list[Gauge]
    stages: dict[str, int]
    late: int | None
    """Time limits at risk or past, a hundred at most; None when the tower does not answer."""

    def as_json(self) -> dict[str, Any]:
        """Return the look for scripts, with the sums of the mesh."""
        return {
            "services": [asdict(one) for one in self.services],
            "published_per_second": self.published_per_second,
            "dead": sum(one.dead for one in self.services),
            "orders": self.stages,
            "late": self.late,
        }

    @property
    def published_per_second(self) -> float:
        """What all services publish together."""
        return round(sum(one.published_per_second or 0.0 for one in self.services), 1)


def samples(text: str) -> Samples:
    """Return the samples of a page of metrics."""
    return [
        (found["name"], dict(LABEL.findall(found["labels"] or "")), float(found["value"]))
        for found in SAMPLE.finditer(text)
    ]


def total(found: Samples, name: str) -> float:
    """Return the sum of all samples of a name."""
    return sum(value for known, _, value in found if known == name)


class Gauges:
    """Looks at a mesh again and again; a rate needs two looks."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._before: dict[str, tuple[float, Samples]] = {}

    def settled(self, seconds: float) -> Look:
        """Return a look with rates, after as long a pause as they need."""
        self.look()
        time.sleep(seconds)
        return self.look()

    def look(self) -> Look:
        """Return how the mesh is now."""
        readings = [reading for reading in self._mesh.read() if reading.name not in SERVERS]
        lag = lag_by_service(self._mesh.layout.monitor_url())
        with ThreadPoolExecutor(max_workers=8) as pool:
            services = list(pool.map(lambda reading: self._gauge(reading, lag.get(reading.name)), readings))
        stages, late = self._tower(readings)
        return Look(time.time(), services, stages, late)

    def _gauge(self, reading: Reading, lag: int | None) -> Gauge:
        gauge = Gauge(reading.name, reading.ready, reading.why, lag)
        url = self._mesh.url(reading.name)
        try:
            found = samples(call("GET", f"{url}/metrics").text)
            groups = call("GET", f"{url}/dead-letters/groups").body
        except NoAnswer as error:
            gauge.ready, gauge.why = False, gauge.why or str(error)
            return gauge
        now = time.monotonic()
        then, before = self._before.get(reading.name, (now, found))
        self._before[reading.name] = now, found
        if now > then:
            gauge.consumed_per_second = _rate(found, before, "crossdock_consumed_total", now - then)
            gauge.published_per_second = _rate(found, before, "crossdock_published_total", now - then)
        listed = groups if isinstance(groups, list) else []
        gauge.dead = sum(group["dead"] for group in listed)
        gauge.retried = sum(group["waiting"] + group["in_hand"] for group in listed)
        gauge.calls_waiting = int(total(found, "crossdock_effects_waiting"))
        gauge.outbox_age_seconds = round(total(found, "crossdock_outbox_age_seconds"), 1)
        gauge.breakers = {
            labels["system"]: BREAKERS[int(value)] for name, labels, value in found if name == "crossdock_breaker_state"
        }
        return gauge

    def _tower(self, readings: Sequence[Reading]) -> tuple[dict[str, int], int | None]:
        if not any(reading.name == "control-tower" and reading.ready for reading in readings):
            return {}, None
        url = f"{self._mesh.url('control-tower')}/api/v1"
        try:
            stages, late = call("GET", f"{url}/stages").fields(), call("GET", f"{url}/late").body
        except NoAnswer:
            return {}, None
        return stages, len(late) if isinstance(late, list) else None


def _rate(found: Samples, before: Samples, name: str, seconds: float) -> float:
    """Return a counter's growth; one that began anew has grown by what it holds."""
    now, then = total(found, name), total(before, name)
    return round((now - then if now >= then else now) / seconds, 1)
