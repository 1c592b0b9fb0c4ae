"""Business calendars as data (`calendars/*.yaml`): when a kind of work is done, in whose time zone, but on which days.

A time of day means the first moment of that day at which the clock shows it or more. So a time that daylight saving
skips is the moment of the change, and of one that comes twice the first.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from canonical.documents import read
from canonical.ids import SiteCode

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_HOLIDAYS_A_YEAR = 60
DAYS_REMEMBERED = 4_096
_HOURS = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


class InvalidCalendar(Exception):
    """The text is no calendar; the message says which and why."""


class Hours(NamedTuple):
    """Opening hours as distances from the midnight their day begins with; those past midnight end beyond a day."""

    opens: timedelta
    closes: timedelta


class Span(NamedTuple):
    """Working time without a break, in UTC."""

    begins: datetime
    ends: datetime


def _hours(text: object) -> Hours:
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is not of the form 08:00-17:00")
    opens, closes = clock(f"{found[1]}:{found[2]}"), clock(f"{found[3]}:{found[4]}")
    if opens in (DAY, closes):
        raise ValueError(f"{text!r} is no time at all; a whole day is 00:00-24:00")
    return Hours(opens, closes if closes > opens else closes + DAY)


def clock(text: str) -> timedelta:
    """Return a time of day (HH:MM, at most 24:00) as a distance from midnight.

    Raises:
        ValueError: it is none.
    """
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes > 59 or not timedelta() <= (found := timedelta(hours=hours, minutes=minutes)) <= DAY:
        raise ValueError(f"{text!r} is no time of day")
    return found


def _month_day(text: object) -> tuple[int, int]:
    if not isinstance(text, str) or not re.fullmatch(r"\d{2}-\d{2}", text):
        raise ValueError(f"{text!r} is not of the form 12-25")
    found = date.fromisoformat(f"2024-{text}")  # a leap year: the 29th of February may be one
    return found.month, found.day


class Calendar(BaseModel):
    """When a kind of work is done."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """Its name, that of its file."""
    title: str = Field(min_length=1)
    """What it is for, in one sentence."""
    time_zone: str
    """IANA name of the zone its hours are in."""
    hours: Mapping[Weekday, tuple[Annotated[Hours, BeforeValidator(_hours)], ...]]
    """Opening hours by weekday, as `08:00-17:00`; those that end before they begin go past midnight."""
    holidays: frozenset[date] = frozenset()
    """Days on which nothing begins."""
    every_year: frozenset[Annotated[tuple[int, int], BeforeValidator(_month_day)]] = Field(
        default=frozenset(), max_length=MOST_HOLIDAYS_A_YEAR
    )
    """The same by month and day, every year, as `12-25`."""
    by_site: Mapping[SiteCode, str] = Field(default_factory=dict)
    """Calendars of sites that have one of their own."""

    _days: dict[date, tuple[Span, ...]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        try:
            self.zone()
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {self.time_zone!r}") from error
        week = sorted(
            (index * DAY + hours.opens, index * DAY + hours.closes, name)
            for index, name in enumerate(WEEKDAYS)
            for hours in self.hours.get(name, ())
        )
        if not week:
            raise ValueError("it is never open")
        following = [*week[1:], (week[0][0] + WEEK, week[0][1] + WEEK, week[0][2])]
        for (_, closes, name), (opens, _, _) in zip(week, following, strict=True):
            if closes > opens:
                raise ValueError(f"the hours of {name} run into those that follow")
        return self

    def zone(self) -> ZoneInfo:
        """Return the zone its hours are in."""
        return ZoneInfo(self.time_zone)

    def spans(self, start: datetime) -> Iterator[Span]:
        """Yield working time from a moment on, in order, without end."""
        day = start.astimezone(self.zone()).date() - DAY
        while True:
            for span in self.working(day):
                if span.ends > start:
                    yield Span(max(span.begins, start), span.ends)
            day += DAY

    def working(self, day: date) -> tuple[Span, ...]:
        """Return the working time that begins on a day; none on a holiday."""
        if day not in self._days:
            if len(self._days) >= DAYS_REMEMBERED:
                self._days.clear()
            self._days[day] = tuple(self._opened(day))
        return self._days[day]

    def _opened(self, day: date) -> Iterator[Span]:
        if day in self.holidays or (day.month, day.day) in self.every_year:
            return
        for hours in sorted(self.hours.get(WEEKDAYS[day.weekday()], ())):
            span = Span(self.moment(day, hours.opens), self.moment(day, hours.closes))
            if span.begins < span.ends:
                yield span

    def moment(self, day: date, after_midnight: timedelta) -> datetime:
        """Return the first moment at which the clock of a day shows a time, in UTC."""
        zone, shown = self.zone(), datetime.combine(day, time()) + after_midnight
        moment = shown.replace(tzinfo=zone).astimezone(UTC)
        if _clock(moment, zone) == shown:
            return moment
        before = int(shown.replace(tzinfo=zone, fold=1).timestamp())
        later = int(moment.timestamp())
        while later - before > 1:
            middle = (before + later) // 2
            if _clock(datetime.fromtimestamp(middle, UTC), zone) < shown:
                before = middle
            else:
                later = middle
        return datetime.fromtimestamp(later, UTC)


def _clock(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def parse(name: str, text: str) -> Calendar:
    """Read the calendar of a file from YAML.

    Raises:
        InvalidCalendar: the text is no calendar of that name; the message says which and why.
    """
    calendar = read(Calendar, text, f"calendar {name}", InvalidCalendar)
    if calendar.name != name:
        raise InvalidCalendar(f"calendar {name}: the file calls it {calendar.name!r}")
    return calendar


@cache
def load() -> Mapping[str, Calendar]:
    """Return every shipped calendar by name.

    Raises:
        InvalidCalendar: one of them is none, or sends a site to one that does not exist.
    """
    folder = files("canonical") / "calendars"
    found = {path.name.removesuffix(".yaml"): path for path in folder.iterdir() if path.name.endswith(".yaml")}
    calendars = {name: parse(name, found[name].read_text(encoding="utf-8")) for name in sorted(found)}
    for calendar in calendars.values():
        if unknown := sorted(set(calendar.by_site.values()) - calendars.keys()):
            raise InvalidCalendar(f"calendar {calendar.name}: there is no calendar {', '.join(unknown)}")
    return MappingProxyType(calendars)


def of_site(name: str, site: str | None) -> Calendar:
    """Return a calendar, or the one a site has in place of it."""
    calendar = load()[name]
    return load()[calendar.by_site.get(site or "", name)]
