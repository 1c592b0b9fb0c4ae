"""The traffic at one system's door: when calls came, which came again, and which came although asked to stay away."""

import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

GRACE_SECONDS = 0.1
"""A call this soon after the wish to be left alone was under way before its sender could know of it."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call: whether it asked for something asked for before, and whether it came too early."""

    at: float
    is_repeat: bool
    is_early: bool


class Traffic:
    """All calls to one system; it only grows."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._asked_for: set[str] = set()
        self._asked_at = self._rest_until = 0.0

    def arrive(self, wishes: Iterable[str] = ()) -> None:
        """Note a call; `wishes` are the keys of what it asks for."""
        now, keys = time.time(), set(wishes)
        is_early = self._asked_at + GRACE_SECONDS <= now < self._rest_until
        self._arrivals.append(Arrival(now, not keys.isdisjoint(self._asked_for), is_early))
        self._asked_for |= keys

    def ask_for_rest(self, seconds: float) -> None:
        """Note that the caller was asked to stay away for a while (Retry-After)."""
        self._asked_at = time.time()
        self._rest_until = max(self._rest_until, self._asked_at + seconds)

    def report(self, since: float = 0.0) -> dict[str, int]:
        """Return how many calls came since a time, the most of them in any second, repeats, and early ones."""
        found = [arrival for arrival in self._arrivals if arrival.at >= since]
        times = [arrival.at for arrival in found]
        return {
            "calls": len(found),
            "busiest_second": busiest(times),
            "repeats": sum(arrival.is_repeat for arrival in found),
            "early": sum(arrival.is_early for arrival in found),
        }


def busiest(times: list[float], seconds: float = 1.0) -> int:
    """Return the most of these ascending times in any window of so many seconds, wherever it begins."""
    return max((bisect_left(times, at + seconds, place) - place for place, at in enumerate(times)), default=0)
