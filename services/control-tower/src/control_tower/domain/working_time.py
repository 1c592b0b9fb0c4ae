"""Counting working time: what a calendar is open for, less what a hold takes away."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from canonical.calendars import DAY, Calendar, Span, clock
from canonical.flows import ClockLimit

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Hold(NamedTuple):
    """A time in which nobody is late; without an end it still lasts."""

    begins: datetime
    ends: datetime | None


def after(
    start: datetime, working: timedelta, calendar: Calendar | None, holds: Sequence[Hold] = ()
) -> datetime | None:
    """Return when so much working time has passed since a moment; None while a hold keeps it from passing.

    Holds are in order, and none touches another.
    """
    left = working
    for span in without(_spans(start, calendar), holds):
        if span.ends - span.begins >= left:
            return span.begins + left
        left -= span.ends - span.begins
    return None


def between(start: datetime, end: datetime, calendar: Calendar | None, holds: Sequence[Hold] = ()) -> timedelta:
    """Return how much working time passes from one moment to another."""
    passed = timedelta()
    for span in without(_spans(start, calendar), holds):
        if span.begins >= end:
            break
        passed += min(span.ends, end) - span.begins
    return passed


def by_clock(start: datetime, limit: ClockLimit, calendar: Calendar, holds: Sequence[Hold] = ()) -> datetime | None:
    """Return the moment of a limit by the clock; a hold that comes before it starts it anew when it ends.

    Holds are in order, and none touches another.
    """
    due = _on_a_working_day(start, limit, calendar)
    for hold in holds:
        if hold.begins < due and (hold.ends is None or hold.ends > start):
            if hold.ends is None:
                return None
            due = _on_a_working_day(hold.ends, limit, calendar)
    return due


def without(spans: Iterable[Span], holds: Sequence[Hold]) -> Iterator[Span]:
    """Yield what holds leave of working time; the end, where one still lasts."""
    left = list(holds)
    for span in spans:
        begins = span.begins
        while left and (left[0].ends or END_OF_TIME) <= begins:
            left.pop(0)
        for hold in left:
            if hold.begins >= span.ends:
                break
            if hold.begins > begins:
                yield Span(begins, hold.begins)
            if hold.ends is None:
                return
            begins = max(begins, hold.ends)
        if begins < span.ends:
            yield Span(begins, span.ends)


def _spans(start: datetime, calendar: Calendar | None) -> Iterator[Span]:
    return calendar.spans(start) if calendar else iter([Span(start, END_OF_TIME)])


def _on_a_working_day(start: datetime, limit: ClockLimit, calendar: Calendar) -> datetime:
    day = start.astimezone(calendar.zone()).date()
    while not calendar.working(day) or start > calendar.moment(day, clock(limit.if_before or limit.clock)):
        day += DAY
    return calendar.moment(day, clock(limit.clock))
