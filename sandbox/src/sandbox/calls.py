"""How every system answers: faults first, then idempotency, then the system's own rule; the ledger sees all of it."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sandbox.ledger import Outcome  # noqa: TC001
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule decided: the answer, and what the ledger notes."""

    body: Mapping[str, object]
    action: str = ""
    key: str = ""
    order_id: str = ""
    status: int = 200
    is_refused: bool = False


Rule = Callable[[dict[str, Any]], Answer]


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(orjson.dumps(body), status, headers, "application/json")


class Desk:
    """Takes the calls of one system."""

    def __init__(self, world: World, system: str) -> None:
        self.world, self.system = world, system
        self._answers: dict[str, tuple[str, Answer]] = {}

    async def faulted(self, wishes: Iterable[str] = ()) -> Response | None:
        """Return the answer of a system that is away; None when it works. `wishes` are keys of what is asked for."""
        self.world.traffic(self.system).arrive(wishes)
        fault = self.world.fault(self.system)
        if fault.slow_ms:
            await asyncio.sleep(fault.slow_ms / 1000)
        if fault.down_until > time.time():
            self.world.ledger.note(self.system, "any", "", "", "faulted")
            return self.later(503, "maintenance", fault.retry_after)
        if fault.error_rate and self.world.chance.happens(
            fault.error_rate, self.system, len(self.world.ledger.records)
        ):
            self.world.ledger.note(self.system, "any", "", "", "faulted")
            return self.later(503 if fault.retry_after else 500, "internal", fault.retry_after)
        return None

    def later(self, status: int, error: str, seconds: float) -> Response:
        """Return an answer that asks to come back, in so many seconds if that is not 0."""
        if not seconds:
            return reply({"error": error}, status)
        self.world.traffic(self.system).ask_for_rest(seconds)
        return reply({"error": error}, status, {"retry-after": f"{seconds:g}"})

    async def take(self, request: Request, rule: Rule) -> Response:
        """Answer a call that changes something: the same key and body again gets the first answer."""
        key = request.headers.get("idempotency-key", "")
        if away := await self.faulted([key] if key else ()):
            return away
        raw = await request.body()
        digest = hashlib.sha256(raw + request.url.path.encode()).hexdigest()
        if key and key in self._answers:
            return self._replay(key, digest)
        answer = rule(orjson.loads(raw) if raw else {})
        outcome: Outcome = "refused" if answer.is_refused else "applied"
        self.world.ledger.note(self.system, answer.action, answer.key, answer.order_id, outcome)
        if key:
            self._answers[key] = (digest, answer)
        if self._drops():
            await asyncio.sleep(0.05)
            return reply({"error": "gateway timeout"}, 504)
        return reply(answer.body, answer.status)

    def _replay(self, key: str, digest: str) -> Response:
        first, answer = self._answers[key]
        if first != digest:
            self.world.ledger.note(self.system, answer.action, answer.key, answer.order_id, "refused")
            return reply({"error": "idempotency key used for another request"}, 409)
        self.world.ledger.note(self.system, answer.action, answer.key, answer.order_id, "replayed")
        return reply(answer.body, answer.status)

    def _drops(self) -> bool:
        rate = self.world.fault(self.system).timeout_after_apply
        return bool(rate) and self.world.chance.happens(rate, "drop", self.system, len(self.world.ledger.records))
