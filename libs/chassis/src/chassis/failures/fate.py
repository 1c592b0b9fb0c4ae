"""What becomes of a message that failed: tried again, when, or given up on. Pure."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from chassis.errors import Permanent, Temporary

BUG_TRIES = 5
GIVE_UP_AFTER = timedelta(days=1)
BACKOFF_CAP_SECONDS = 30.0


class Unanswered(Exception):
    """A message came again and again without an answer: handling it may end the process."""


class Behind(Exception):
    """An earlier message of the same key waits to be tried again, and this one waits behind it."""


@dataclass(frozen=True, slots=True)
class Fate:
    """`waiting` for so many seconds, or `dead`."""

    state: Literal["waiting", "dead"]
    due_seconds: float = 0.0


def backoff(attempt: int) -> float:
    """Return seconds until the next try: exponential with full jitter, capped."""
    return random.uniform(0.05, min(BACKOFF_CAP_SECONDS, 0.2 * 2.0 ** min(attempt, 20)))  # noqa: S311  spreading


def delay(error: Exception, attempt: int) -> float:
    """Return seconds until the next try after this error: what it asks for with some jitter, else a back-off."""
    if isinstance(error, Temporary) and error.retry_in is not None:
        return error.retry_in.total_seconds() * random.uniform(1.0, 1.2)  # noqa: S311  spreading, not secrecy
    return backoff(attempt)


def fate(error: Exception, tries: int, age: timedelta = timedelta()) -> Fate:
    """Return what becomes of a message that failed for the `tries`-th time, `age` after its first failure."""
    if isinstance(error, Behind):
        return Fate("waiting")
    if isinstance(error, Permanent):
        return Fate("dead")
    if isinstance(error, Temporary):
        return Fate("dead") if age > GIVE_UP_AFTER else Fate("waiting", delay(error, tries))
    return Fate("dead") if tries >= BUG_TRIES else Fate("waiting", delay(error, tries))
