"""The board of time limits: figures of each limit, put together by flow and the domain that owes the step."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from control_tower.domain.limits import Limit

STEPS = 20
"""What limits took is counted in steps of a twentieth of e: percentiles are right to 2.5 %."""
PERCENTILES = (0.5, 0.9, 0.99)

Row = Mapping[str, Any]


class Lately(BaseModel):
    """What became of the limits of some time."""

    met: int = 0
    """Limits that were met, late or not."""
    missed: int = 0
    """Limits that are past and not met yet."""
    in_time: int = 0
    """Limits that were met in time."""
    met_share: float | None = None
    """Those met in time, of all that were met or missed, 0 to 1; None when there were none."""


class Took(Lately):
    """The same for one limit, with what it took."""

    seconds_p50: float | None = None
    """Seconds from its beginning until it was met, the median."""
    seconds_p90: float | None = None
    """The same, 90th percentile."""
    seconds_p99: float | None = None
    """The same, 99th percentile."""


class Counts(BaseModel):
    """Limits that are not met yet."""

    open: int = 0
    """Those with time left."""
    at_risk: int = 0
    """Those with little time left."""
    breached: int = 0
    """Those past."""
    held: int = 0
    """Those that stand still."""


class Line(Counts):
    """One limit."""

    after: str
    """The event it begins with."""
    awaited: tuple[str, ...]
    """One of these ends it."""
    responsible: str
    """The service that owes it."""
    calendar: str | None
    """The calendar that counts; None where all time does."""
    day: Took
    """The last 24 hours."""
    week: Took
    """The last 7 days."""


class Group(Counts):
    """The limits of one flow and domain."""

    flow: str
    """The flow."""
    process_domain: str
    """The domain that owes the steps."""
    day: Lately
    """The last 24 hours."""
    week: Lately
    """The last 7 days."""
    limits: list[Line]
    """Its limits."""


def figures_of(now: Iterable[Row], met: Iterable[Row], missed: Iterable[Row]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the figures of each limit, from what was counted.

    Args:
        now: per limit, those that are awaited, at risk, breached, held.
        met: per limit, day or earlier, and step of what it took, those met and those met in time.
        missed: per limit, and day or earlier, those that are past and not met.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {(row["flow"], row["after"]): dict(row) for row in now}
    counted: dict[tuple[str, str, str], Counter[str]] = {}
    took: dict[tuple[str, str, str], Counter[int]] = {}
    for row in (*met, *missed):
        for window in ("day", "week") if row["today"] else ("week",):
            key = row["flow"], row["after"], window
            counted.setdefault(key, Counter()).update({name: row.get(name, 0) for name in ("met", "in_time", "missed")})
            took.setdefault(key, Counter())[row.get("step", 0)] += row.get("met", 0)
    for (flow, after, window), counts in counted.items():
        seconds = percentiles(took[flow, after, window])
        found.setdefault((flow, after), {})[window] = {**counts, "seconds": seconds}
    return found


def percentiles(steps: Mapping[int, int]) -> list[float] | None:
    """Return the seconds below which half, nine tenths and all but a hundredth lie, from counts by step."""
    total, below, found = sum(steps.values()), 0, list[float]()
    for step, count in sorted(steps.items()):
        below += count
        while len(found) < len(PERCENTILES) and below >= PERCENTILES[len(found)] * total > 0:
            found.append(round(math.exp((step + 0.5) / STEPS), 3))
    return found or None


def board(limits: Iterable[Limit], figures: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[Group]:
    """Return every limit with its figures, by flow and domain, in the order of the flows."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for limit in limits:
        found = figures.get((limit.flow, limit.after), {})
        groups.setdefault((limit.flow, limit.process_domain), []).append(_line(limit, found))
    return [
        Group(
            flow=flow,
            process_domain=domain,
            **{name: sum(getattr(line, name) for line in lines) for name in Counts.model_fields},
            day=_lately(*(line.day for line in lines)),
            week=_lately(*(line.week for line in lines)),
            limits=lines,
        )
        for (flow, domain), lines in groups.items()
    ]


def _line(limit: Limit, found: Mapping[str, Any]) -> Line:
    at_risk, breached, held = (int(found.get(name, 0)) for name in ("at_risk", "breached", "held"))
    return Line(
        after=limit.after,
        awaited=limit.awaited,
        responsible=limit.step.publisher,
        calendar=limit.step.calendar,
        open=int(found.get("awaited", 0)) - at_risk - breached - held,
        at_risk=at_risk,
        breached=breached,
        held=held,
        day=_took(found.get("day", {})),
        week=_took(found.get("week", {})),
    )


def _took(found: Mapping[str, Any]) -> Took:
    met, missed, in_time = (int(found.get(name, 0)) for name in ("met", "missed", "in_time"))
    p50, p90, p99 = found.get("seconds") or (None, None, None)
    share = in_time / (met + missed) if met + missed else None
    return Took(
        met=met, missed=missed, in_time=in_time, met_share=share, seconds_p50=p50, seconds_p90=p90, seconds_p99=p99
    )


def _lately(*parts: Lately) -> Lately:
    met, missed, in_time = (sum(getattr(part, name) for part in parts) for name in ("met", "missed", "in_time"))
    return Lately(met=met, missed=missed, in_time=in_time, met_share=in_time / (met + missed) if met + missed else None)
