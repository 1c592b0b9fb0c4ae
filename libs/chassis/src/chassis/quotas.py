"""What each partner may send: a rate with a burst, and no more than its share when the service is near its bound."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from chassis.errors import OverQuota, Temporary

NEAR = 0.5
SLACK = 1.25
MEMORY_SECONDS = 5.0
FORGOTTEN = 0.5
COME_AGAIN_SECONDS = 2.0


def nowhere_near() -> float:
    """Be the level of a service that is never full."""
    return 0.0


@dataclass(slots=True)
class _Partner:
    """`tokens` may be sent now; `recent` is what was sent, each event counting half after a few seconds."""

    per_second: float
    tokens: float
    at: float
    recent: float = field(default=0.0)


class Quotas:
    """Token buckets by partner; the partners' names are known ones, so there are few.

    `level` returns how full the service is, 0 to 1. Above one half a partner that sends more than its share, by the
    quotas of all that send now, is refused first. Replicas share a quota evenly.
    """

    def __init__(
        self,
        per_second: float,
        burst_seconds: float,
        *,
        own: Mapping[str, float] | None = None,
        replicas: int = 1,
        level: Callable[[], float] = nowhere_near,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second, self._burst_seconds = per_second, burst_seconds
        self._own, self._replicas, self._level, self._now = own or {}, replicas, level, now
        self._partners: dict[str, _Partner] = {}

    def admit(self, name: str, events: int = 1) -> None:
        """Let a partner send so many events; what exceeds the bucket once is paid off before the next.

        Raises:
            OverQuota: it sends more than it may; `retry_in` says when it may again.
            Temporary: the service is nearly full, and the partner sends more than its share.
        """
        partner = self._filled(name)
        if partner.tokens <= 0:
            seconds = (1 - partner.tokens) / partner.per_second
            raise OverQuota(f"{name} sends more than it may", retry_in=timedelta(seconds=math.ceil(seconds)))
        if self._level() >= NEAR and self._is_over_share(partner):
            reason = f"the service is nearly full and {name} sends more than its share"
            raise Temporary(reason, retry_in=timedelta(seconds=COME_AGAIN_SECONDS))
        partner.tokens -= events
        partner.recent += events

    def _filled(self, name: str) -> _Partner:
        now = self._now()
        if name not in self._partners:
            per_second = self._own.get(name, self._per_second) / self._replicas
            self._partners[name] = _Partner(per_second, per_second * self._burst_seconds, now)
        partner = self._partners[name]
        passed, partner.at = now - partner.at, now
        partner.tokens = min(partner.tokens + passed * partner.per_second, partner.per_second * self._burst_seconds)
        partner.recent *= 0.5 ** (passed / MEMORY_SECONDS)
        return partner

    def _is_over_share(self, partner: _Partner) -> bool:
        active = [self._filled(name) for name, one in self._partners.items() if one.recent > FORGOTTEN]
        recent, quotas = sum(one.recent for one in active), sum(one.per_second for one in active)
        return bool(active) and partner.recent > SLACK * recent * partner.per_second / quotas
