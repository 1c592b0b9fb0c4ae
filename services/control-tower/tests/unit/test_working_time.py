"""Working time is counted as a slow clock would count it, minute by minute, through every change of clocks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.calendars import DAY, WEEKDAYS, Calendar, Hours, InvalidCalendar, parse
from canonical.flows import ClockLimit

from control_tower.domain.working_time import Hold, after, between, by_clock

MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC")
# Around both changes of each zone, the turn of years, and the leap day.
STARTS = tuple(
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in (
        (2026, 3, 7), (2026, 3, 28), (2026, 4, 3), (2026, 10, 2), (2026, 10, 24), (2026, 10, 31), (2027, 12, 30),
        (2028, 2, 27),
    )
)  # fmt: skip


def made(zone: str, hours: dict[str, list[str]], every_year: Sequence[str] = ()) -> Calendar:
    text = {"name": "c", "title": "C.", "time_zone": zone, "hours": hours, "every_year": list(every_year)}
    return parse("c", yaml.safe_dump(text))


@st.composite
def hours_of_a_day(draw: st.DrawFn) -> list[str]:
    """Up to two spans of a day, and perhaps a night shift, which ends before any of the next day begins."""
    marks = sorted(draw(st.sets(st.integers(4 * 4, 20 * 4), min_size=0, max_size=4)))
    marks = marks[: len(marks) // 2 * 2]
    spans = [
        f"{a // 4:02}:{a % 4 * 15:02}-{b // 4:02}:{b % 4 * 15:02}" for a, b in zip(marks[::2], marks[1::2], strict=True)
    ]
    night = draw(st.sampled_from(["", "", "21:15-24:00", "22:30-02:30", "21:00-03:45"]))
    return [*spans, night] if night else spans


@st.composite
def calendar(draw: st.DrawFn) -> Calendar:
    hours = {name: draw(hours_of_a_day()) for name in WEEKDAYS}
    hours[draw(st.sampled_from(WEEKDAYS))] = ["02:15-02:45", "09:00-12:00"]  # within what clocks skip or show twice
    try:
        return made(draw(st.sampled_from(ZONES)), hours, draw(st.sampled_from([[], ["02-29"], ["01-01", "03-30"]])))
    except InvalidCalendar:  # a night shift runs into the early hours
        return made("Europe/Berlin", {"sunday": ["02:15-02:45"], "monday": ["22:30-02:30"]})


class SlowClock:
    """Says of each minute whether it is working time, by what the clock on the wall has shown so far that day."""

    def __init__(self, calendar: Calendar, start: datetime) -> None:
        self.calendar, self.zone = calendar, calendar.zone()
        self.furthest: dict[date, timedelta] = {}
        self.now = start - 2 * DAY
        while self.now < start:
            self.tick()

    def tick(self) -> bool:
        """Go on by a minute; says whether it was working time."""
        local = self.now.astimezone(self.zone).replace(tzinfo=None)
        shown = timedelta(hours=local.hour, minutes=local.minute)
        day = local.date()
        self.furthest[day] = max(self.furthest.get(day, shown), shown)
        self.now += MINUTE
        return any(
            hours.opens <= self.furthest[day] + offset * DAY < hours.closes
            for offset in (0, 1)
            for hours in self.hours_of(day - offset * DAY)
        )

    def hours_of(self, day: date) -> Sequence[Hours]:
        if (day.month, day.day) in self.calendar.every_year:
            return ()
        return self.calendar.hours.get(WEEKDAYS[day.weekday()], ())


def slowly(
    start: datetime, minutes: int, calendar: Calendar, holds: Sequence[Hold], within_days: int
) -> datetime | None:
    slow, left = SlowClock(calendar, start), minutes
    while slow.now < start + within_days * DAY:
        at, is_working = slow.now, slow.tick()
        if is_working and not any(hold.begins <= at and (hold.ends is None or at < hold.ends) for hold in holds):
            left -= 1
            if not left:
                return slow.now
    return None


@st.composite
def held(draw: st.DrawFn) -> list[Hold]:
    """Holds apart from each other, in minutes from the start; the last may still last."""
    marks = sorted(draw(st.sets(st.integers(-600, 12_000), max_size=5)))
    ends = [*marks[1::2], None] if len(marks) % 2 else marks[1::2]
    return [Hold(begins, end) for begins, end in zip(marks[::2], ends, strict=True)]  # type: ignore[arg-type]


@settings(max_examples=50, deadline=None)
@given(calendar(), st.sampled_from(STARTS), st.integers(0, 3 * 1440), st.integers(1, 1_500), held())
def test_it_is_what_a_slow_clock_counts(
    calendar: Calendar, day: datetime, offset: int, minutes: int, marks: Sequence[Hold]
) -> None:
    start = day + offset * MINUTE
    holds = [Hold(start + h.begins * MINUTE, None if h.ends is None else start + h.ends * MINUTE) for h in marks]
    fast, days = after(start, minutes * MINUTE, calendar, holds), 12
    slow = slowly(start, minutes, calendar, holds, days)
    if slow is None:
        assert fast is None or fast > start + days * DAY
    else:
        assert fast == slow
        assert between(start, slow, calendar, holds) == minutes * MINUTE


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_without_a_calendar_all_time_counts_to_the_second(offset: int, seconds: int) -> None:
    start = STARTS[0] + timedelta(seconds=offset)
    assert after(start, timedelta(seconds=seconds), None) == start + timedelta(seconds=seconds)


@settings(max_examples=50, deadline=None)
@given(calendar(), st.integers(0, 400 * 1440), st.integers(0, 5000), st.integers(1, 20_000))
def test_who_begins_later_is_never_due_earlier(calendar: Calendar, offset: int, later: int, minutes: int) -> None:
    start = STARTS[0] + offset * MINUTE
    moments = [after(start + more * MINUTE, minutes * MINUTE, calendar) for more in (0, later)]
    assert all(one and other and one <= other for one, other in pairwise(moments))


@settings(max_examples=50, deadline=None)
@given(calendar(), st.integers(0, 400 * 1440), st.integers(1, 20_000))
def test_limits_longer_than_a_week_add_up(calendar: Calendar, offset: int, minutes: int) -> None:
    start = STARTS[0] + offset * MINUTE
    half = after(start, minutes * MINUTE, calendar)
    assert half
    assert after(half, minutes * MINUTE, calendar) == after(start, 2 * minutes * MINUTE, calendar)


def test_a_lasting_hold_stops_the_clock() -> None:
    start, hour = STARTS[0], timedelta(hours=1)
    assert after(start, hour, None, [Hold(start + hour / 2, None)]) is None
    assert after(start, hour, None, [Hold(start + hour, None)]) == start + hour
    assert after(start, hour, None, [Hold(start - hour, start + hour)]) == start + 2 * hour


BERLIN = made("Europe/Berlin", {name: ["08:00-18:00"] for name in WEEKDAYS[:5]}, ["12-25"])
BY_FIVE = ClockLimit(clock="17:00", if_before="15:00")


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN.zone())


def test_what_comes_before_the_cut_off_is_due_the_same_day() -> None:
    assert by_clock(at(27, 15), BY_FIVE, BERLIN) == at(27, 17)
    assert by_clock(at(27, 15, 1), BY_FIVE, BERLIN) == at(30, 17)  # a Friday; the clocks change on that Sunday
    assert by_clock(at(24, 16, month=12), BY_FIVE, BERLIN) == at(28, 17, month=12)
    assert by_clock(at(27, 16), ClockLimit(clock="17:00"), BERLIN) == at(27, 17)


def test_a_hold_begins_a_limit_by_the_clock_anew() -> None:
    assert by_clock(at(26, 12), BY_FIVE, BERLIN, [Hold(at(26, 13), at(26, 14))]) == at(26, 17)
    assert by_clock(at(26, 12), BY_FIVE, BERLIN, [Hold(at(26, 13), at(26, 16))]) == at(27, 17)
    assert by_clock(at(26, 12), BY_FIVE, BERLIN, [Hold(at(26, 13), None)]) is None
    assert by_clock(at(26, 12), BY_FIVE, BERLIN, [Hold(at(26, 17, 30), None)]) == at(26, 17)
