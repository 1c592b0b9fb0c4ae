"""Times as carriers write them: the moment, and what it rests on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Basis = Literal["offset", "profile", "local-unknown"]
Precision = Literal["second", "day"]
MILLISECONDS = 10**11
LAST_EPOCH = 10**13
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001  compared with zone-less moments
ABBREVIATIONS: Mapping[str, str] = {
    "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
    "PST": "-08:00", "PDT": "-07:00", "AST": "-04:00", "ADT": "-03:00", "NST": "-03:30", "NDT": "-02:30",
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
    "UT": "UTC", "GM": "UTC", "GMT": "UTC", "Z": "UTC",
}  # fmt: skip
"""What carriers call zones, beside offsets and IANA names."""


class Moment(NamedTuple):
    """A moment and its basis: aware for `offset` and `profile`, the carrier's own clock for `local-unknown`."""

    at: datetime
    basis: Basis
    precision: Precision = "second"

    @property
    def order(self) -> datetime:
        """Return what it is sorted by; a clock of unknown zone counts as if it were UTC, for order only."""
        return self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)


def parse(text: str, formats: Sequence[str], zone: str | None) -> Moment | None:
    """Read a time by the first format that fits; None when none does.

    A format is `iso`, `epoch` (seconds, or milliseconds when they are that many) or one of strptime's. An offset in the
    text counts before `zone`, a zone before nothing.
    """
    for name in formats:
        try:
            found, is_day = _read(text, name)
        except (ValueError, OverflowError):
            continue
        if not EARLIEST <= found.replace(tzinfo=None) <= LATEST:
            continue
        return _placed(found, "day" if is_day else "second", zone)
    return None


def _read(text: str, name: str) -> tuple[datetime, bool]:
    if name == "iso":
        return datetime.fromisoformat(text), len(text) <= len("2026-01-01")
    if name == "epoch":
        number = float(text)
        if not 0 < number < LAST_EPOCH:
            raise ValueError("no epoch")
        return datetime.fromtimestamp(number / 1000 if number > MILLISECONDS else number, UTC), False
    return datetime.strptime(text, name), not {"%H", "%I", "%X", "%c"} & set(_directives(name))  # noqa: DTZ007


def _directives(name: str) -> list[str]:
    return [name[place : place + 2] for place in range(len(name)) if name[place] == "%"]


def _placed(found: datetime, precision: Precision, zone: str | None) -> Moment | None:
    if found.tzinfo:
        return Moment(found.astimezone(UTC), "offset", precision)
    where = zone_of(zone) if zone else None
    if where is None:
        return Moment(found, "local-unknown", precision)
    return Moment(found.replace(tzinfo=where).astimezone(UTC), "profile", precision)


@lru_cache(maxsize=512)
def zone_of(name: str) -> timezone | ZoneInfo | None:
    """Return the zone of an offset (`-05:00`, `+0200`, `-04.00`), an abbreviation or an IANA name; None for others."""
    name = name.strip()
    name = ABBREVIATIONS.get(name.upper(), name)
    digits = name[1:].replace(":", "").replace(".", "")
    if name[:1] in "+-" and digits.isdigit() and len(digits) in {2, 4}:
        hours, minutes = int(digits[:2]), int(digits[2:] or 0)
        if hours > 14 or minutes > 59:
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        return timezone(-offset if name[0] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
