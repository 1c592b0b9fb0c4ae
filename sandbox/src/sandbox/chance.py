"""Seeded chance: every decision follows from the seed and what it is about, never from the order of calls."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Decisions of one world."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def share(self, *about: object) -> float:
        """Return a number in [0, 1) for what this is about."""
        text = "|".join([str(self._seed), *map(str, about)])
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56

    def number(self, low: int, high: int, *about: object) -> int:
        """Return a whole number from low to high."""
        return low + int(self.share(*about) * (high - low + 1))

    def pick(self, items: Sequence[T], *about: object) -> T:
        """Return one of the items."""
        return items[int(self.share(*about) * len(items))]

    def happens(self, rate: float, *about: object) -> bool:
        """Say whether something that happens at this rate happens here."""
        return self.share(*about) < rate
