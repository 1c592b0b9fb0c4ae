"""What all systems share: chance, ledger, timetable, faults, and the orders of the run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson

from sandbox.chance import Chance
from sandbox.ledger import Ledger
from sandbox.scenario import Scenario
from sandbox.schedule import Timetable
from sandbox.traffic import Traffic

STEP_SECONDS = (0.005, 0.05)
SENT_AT_ONCE = 48
RETRY_SECONDS = (0.1, 0.3, 1.0, 2.0)
SERVICES_URL = "http://127.0.0.1:{port}"


@dataclass(slots=True)
class Fate:
    """What became of one order, as the outside world saw it."""

    order_id: str
    body: dict[str, Any]
    released_at: float
    cancel_after: str | None = None
    cancelled_at: float | None = None
    unknown_lines: int = 0
    found_nothing: bool = False
    ordered_at: float | None = None
    planned_at: float | None = None
    ended_at: float | None = None
    statuses: list[str] = field(default_factory=list)
    warehouse_orders: list[str] = field(default_factory=list)
    shipments: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Fault:
    """A switch on one system."""

    down_until: float = 0.0
    slow_ms: float = 0.0
    error_rate: float = 0.0
    timeout_after_apply: float = 0.0
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where the mesh is called: a service's name, and its port's distance from the mesh's base port."""

    service: str
    offset: int


class World:
    """One world, made within a running event loop; runs are added to it, nothing is taken away."""

    def __init__(self, base_port: int, secrets: dict[str, bytes], services_url: str = SERVICES_URL) -> None:
        self.base_port, self.services_url = base_port, services_url
        self.secrets = secrets
        self.ledger = Ledger()
        self.timetable = Timetable()
        self.faults: dict[str, Fault] = {}
        self._traffic: dict[str, Traffic] = {}
        self.fates: dict[str, Fate] = {}
        self.chance = Chance(0)
        self.scenario = Scenario()
        self.started_at = time.time()
        self.unsent = 0
        self._client = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=10.0), connector=aiohttp.TCPConnector(limit=0)
        )
        self._sending: dict[str, asyncio.Semaphore] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> str:
        """Return the time as the systems write it."""
        return datetime.now(UTC).isoformat()

    def later(self, action: Callable[[], None], *about: object, busy_seconds: float = 0.0) -> None:
        """Do something after a small delay that follows from what it is about, longer where people are busy."""
        low, high = STEP_SECONDS
        self.timetable.after(busy_seconds + low + (high - low) * self.chance.share("delay", *about), action)

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def fault(self, system: str) -> Fault:
        """Return the switches of a system."""
        return self.faults.setdefault(system, Fault())

    def traffic(self, system: str) -> Traffic:
        """Return what came to a system's door."""
        return self._traffic.setdefault(system, Traffic())

    async def post(self, door: Door, path: str, body: bytes, headers: Callable[[bytes], dict[str, str]]) -> None:
        """Post until it is taken (2xx); 4xx other than 408 and 429 ends it, as real senders do after a while."""
        url = self.services_url.format(name=door.service, port=self.base_port + door.offset) + path
        sending = self._sending.setdefault(path, asyncio.Semaphore(SENT_AT_ONCE))
        self.unsent += 1
        attempt = 0
        try:
            while True:
                async with sending:
                    status = await self._try(url, body, headers(body))
                if 200 <= status < 300 or (400 <= status < 500 and status not in {401, 404, 408, 429}):
                    return
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
        finally:
            self.unsent -= 1

    async def _try(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        sent = {"content-type": "application/json", **headers}
        try:
            async with self._client.post(url, data=body, headers=sent) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def send(self, door: Door, path: str, message: dict[str, Any], headers: Callable[[bytes], dict[str, str]]) -> None:
        """Send a message beside."""
        self.spawn(self.post(door, path, orjson.dumps(message), headers))
