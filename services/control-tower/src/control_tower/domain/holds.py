"""When a flow of one business transaction stood still: from an event that pauses it until the next that resumes it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType

from canonical import Envelope, flows

from control_tower.domain.working_time import Hold

Held = Mapping[tuple[str, str], Sequence[Hold]]
"""Holds by correlation id and flow, in order."""
NO_HOLDS: Held = MappingProxyType({})


@cache
def pausing() -> frozenset[str]:
    """Return the events that pause any flow."""
    return frozenset(name for flow in flows.load().values() for name in flow.pauses)


def holds(envelopes: Iterable[Envelope]) -> Held:
    """Return the holds of some transactions; all their events must be given, in whatever order."""
    marks: dict[tuple[str, str], list[tuple[datetime, bool]]] = {}
    for one in envelopes:
        for flow in flows.load().values():
            if one.type in flow.pauses or one.type in flow.resumes:
                marks.setdefault((one.correlationid, flow.name), []).append((one.time, one.type in flow.pauses))
    return {key: _paired(sorted(found)) for key, found in marks.items()}


def _paired(marks: Sequence[tuple[datetime, bool]]) -> list[Hold]:
    found: list[Hold] = []
    begun: datetime | None = None
    for at, pauses in marks:
        if pauses:
            begun = begun or at
        elif begun is not None and at > begun:
            found.append(Hold(begun, at))
            begun = None
    if begun is not None:
        found.append(Hold(begun, None))
    return _joined(found)


def _joined(holds: Sequence[Hold]) -> list[Hold]:
    joined: list[Hold] = []
    for hold in holds:
        if joined and joined[-1].ends == hold.begins:
            hold = Hold(joined.pop().begins, hold.ends)
        joined.append(hold)
    return joined
