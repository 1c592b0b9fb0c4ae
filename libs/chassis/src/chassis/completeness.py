"""Until when an archive is complete, region by region: what is due later must not be judged yet.

A stream of the mesh itself is complete when its durable has nothing left. A hub's stream is fed over a link that may be
cut, and then says nothing of it: its newest event shows that everything before it has come, and no more than that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

FED_WITHIN = timedelta(seconds=3)
"""A feed that is silent longer than this is not trusted, nor one that has come back since less: what was held up in
between may still be on its way. A healthy one gives a sign every second."""


@dataclass(frozen=True, slots=True)
class Known:
    """Until when every event a region published is kept; `is_live` says that the moment follows the clock."""

    until: datetime | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """One region's part of a stream of the hub, as the broker sees it: how long it was silent, what it still lacks."""

    region: str
    silent: timedelta | None
    lag: int

    @property
    def is_healthy(self) -> bool:
        """Whether it spoke lately and lacks nothing."""
        return self.silent is not None and self.silent < FED_WITHIN and not self.lag


def feeds_of(stream_info: Mapping[str, Any]) -> Sequence[Feed]:
    """Return the regions a stream is fed from, by the broker's own answer; none for a stream of the mesh itself."""
    return [
        Feed(
            region=str(source["external"]["api"]).split(".")[1],
            silent=timedelta(microseconds=source["active"] / 1000) if source.get("active", -1) >= 0 else None,
            lag=int(source.get("lag", 0)),
        )
        for source in stream_info.get("sources") or ()
        if source.get("external")
    ]


class FeedWatch:
    """How long each feed has been healthy without a break."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], datetime] = {}

    def is_live(self, stream: str, feed: Feed, now: datetime) -> bool:
        """Say whether a feed, as seen now, may be taken for complete up to `FED_WITHIN` ago."""
        if not feed.is_healthy:
            self._since.pop((stream, feed.region), None)
            return False
        return now - self._since.setdefault((stream, feed.region), now) >= FED_WITHIN


def together(parts: Sequence[Mapping[str, Known]]) -> dict[str, Known]:
    """Return what is known of each region by all streams that hold something of it: the least of it."""
    found: dict[str, Known] = {}
    for region in sorted({region for part in parts for region in part}):
        of_region = [part[region] for part in parts if region in part]
        moments = [known.until for known in of_region if known.until]
        until = min(moments) if len(moments) == len(of_region) else None
        found[region] = Known(until, all(known.is_live for known in of_region))
    return found
