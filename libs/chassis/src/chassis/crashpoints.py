"""Named points at which a fault test ends the process, as a power cut would: nothing is flushed, closed or said.

A service started with `CROSSDOCK_CRASH_AT=after-commit:2` ends at its second passage of `after-commit`. Without it no
point does anything.
"""

import os

CRASH_EXIT = 70
POINTS = (
    "batch-received",
    "before-transaction",
    "after-claim",
    "after-handler",
    "before-commit",
    "after-commit",
    "before-publish",
    "after-publish",
    "after-mark",
    "before-ack",
    "after-ack",
    "before-call",
    "after-call",
    "after-end",
    "letter-written",
    "letter-kept",
    "before-retry",
    "after-retry",
    "stopping",
    "stopped-pulling",
)

_left: dict[str, int] = {}


def arm(spec: str) -> None:
    """Say where the process ends: `<point>:<passage>`, counted from 1; an empty text says nowhere.

    Raises:
        ValueError: there is no such point, or the passage is no number.
    """
    _left.clear()
    if not spec:
        return
    point, _, passage = spec.partition(":")
    if point not in POINTS:
        raise ValueError(f"CROSSDOCK_CRASH_AT names no crash point: {point}")
    _left[point] = int(passage or 1)


def crash_here(point: str) -> None:
    """End the process if this passage of this point was asked for."""
    if point in _left:
        _left[point] -= 1
        if not _left[point]:
            os._exit(CRASH_EXIT)
