"""Calendars are data that is checked, and their hours hold through every change of clocks."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import islice, pairwise
from typing import Any

import pytest
import yaml

from canonical import calendars
from canonical.calendars import Calendar, InvalidCalendar, clock

WEEK = {"monday": ["08:00-17:00"]}


def text(**changed: Any) -> str:
    return yaml.safe_dump({"name": "short", "title": "Short.", "time_zone": "Europe/Berlin", "hours": WEEK} | changed)


def calendar(**changed: Any) -> Calendar:
    return calendars.parse("short", text(**changed))


def test_every_shipped_calendar_is_sound() -> None:
    shipped = {path.name.removesuffix(".yaml") for path in files("canonical").joinpath("calendars").iterdir()}
    assert set(calendars.load()) == shipped


def test_a_site_may_have_its_own() -> None:
    assert calendars.of_site("warehouse", "DC-LYO").name == "warehouse-lyon"
    assert calendars.of_site("warehouse", "DC-BER").name == "warehouse"
    assert calendars.of_site("warehouse", None).name == "warehouse"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"time_zone": "Europe/Atlantis"}, "no time zone"),
        ({"time_zone": "../etc/passwd"}, "no time zone"),
        ({"hours": {}}, "never open"),
        ({"hours": {"monday": []}}, "never open"),
        ({"hours": {"caturday": ["08:00-17:00"]}}, "caturday"),
        ({"hours": {"monday": ["8-17"]}}, "08:00-17:00"),
        ({"hours": {"monday": ["08:00-25:00"]}}, "time of day"),
        ({"hours": {"monday": ["08:60-17:00"]}}, "time of day"),
        ({"hours": {"monday": ["08:00-08:00"]}}, "no time at all"),
        ({"hours": {"monday": ["08:00-12:00", "11:00-17:00"]}}, "hours of monday"),
        ({"hours": {"sunday": ["22:00-06:00"], "monday": ["05:00-12:00"]}}, "hours of sunday"),
        ({"holidays": ["2026-02-29"]}, "holidays"),
        ({"every_year": ["02-30"]}, "every_year"),
        ({"every_year": [f"{month:02}-{day:02}" for month in range(1, 4) for day in range(1, 26)]}, "every_year"),
        ({"surprise": 1}, "surprise"),
        ({"name": "long"}, "long"),
    ],
)
def test_a_calendar_that_cannot_be_kept_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidCalendar, match=why) as refused:
        calendar(**changed)
    assert "calendar short" in str(refused.value)


def test_the_29th_of_february_may_be_a_holiday_and_a_working_day() -> None:
    every_day = {name: ["08:00-17:00"] for name in calendars.WEEKDAYS}
    assert calendar(hours=every_day).working(date(2028, 2, 29))
    assert not calendar(hours=every_day, every_year=["02-29"]).working(date(2028, 2, 29))
    assert calendar(hours=every_day, every_year=["02-29"]).working(date(2027, 3, 1))


def test_a_skipped_time_is_the_moment_of_the_change() -> None:
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert calendar().moment(date(2026, 3, 29), clock("02:30")) == change
    assert calendar().moment(date(2026, 3, 29), clock("03:00")) == change
    assert calendar().moment(date(2026, 3, 29), clock("02:00")) == change
    assert calendar().moment(date(2026, 3, 29), clock("01:59")) == change - timedelta(minutes=1)


def test_a_time_that_comes_twice_is_the_first() -> None:
    assert calendar().moment(date(2026, 10, 25), clock("02:30")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_night_shift_belongs_to_the_day_it_begins() -> None:
    night = calendar(hours={"friday": ["22:00-06:00"]}, every_year=["12-25"])
    begins, ends = next(night.spans(datetime(2026, 3, 28, 3, tzinfo=UTC)))
    assert (begins, ends) == (datetime(2026, 3, 28, 3, tzinfo=UTC), datetime(2026, 3, 28, 5, tzinfo=UTC))
    assert night.working(date(2026, 12, 25)) == ()


def test_spans_come_in_order_and_apart() -> None:
    spans = list(islice(calendars.load()["warehouse-lyon"].spans(datetime(2026, 1, 1, tzinfo=UTC)), 600))
    assert all(one.begins < one.ends <= other.begins for one, other in pairwise(spans))
