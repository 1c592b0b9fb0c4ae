"""Until when an archive is complete: a feed that is silent, behind or just back is not believed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.completeness import FED_WITHIN, Feed, FeedWatch, Known, feeds_of, together

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def feed(silent: float | None = 0.5, lag: int = 0) -> Feed:
    return Feed("eu", None if silent is None else timedelta(seconds=silent), lag)


def source(**more: Any) -> dict[str, Any]:
    return {"name": "ORDER", "external": {"api": "$JS.eu.API"}, "active": 900_000_000, "lag": 0} | more


def test_feeds_are_read_from_the_brokers_answer() -> None:
    answer = {"sources": [source(), source(external={"api": "$JS.us.API"}, active=-1, lag=7)]}
    assert feeds_of(answer) == [Feed("eu", timedelta(seconds=0.9), 0), Feed("us", None, 7)]
    assert feeds_of({"config": {}}) == []


@pytest.mark.parametrize("sick", [feed(silent=None), feed(silent=3), feed(lag=1)])
def test_a_feed_that_is_silent_or_behind_is_not_live_however_long(sick: Feed) -> None:
    watch = FeedWatch()
    assert not any(watch.is_live("ORDER", sick, NOON + second * SECOND) for second in range(60))


def test_a_feed_is_live_after_a_while_and_must_earn_it_again_after_a_break() -> None:
    watch = FeedWatch()
    looks = [feed()] * 5 + [feed(silent=4)] + [feed()] * 5
    live = [watch.is_live("ORDER", look, NOON + second * SECOND) for second, look in enumerate(looks)]
    assert live == [False] * 3 + [True] * 2 + [False] + [False] * 3 + [True] * 2
    assert timedelta(seconds=3) == FED_WITHIN


def test_feeds_of_two_streams_are_watched_apart() -> None:
    watch = FeedWatch()
    assert not watch.is_live("ORDER", feed(), NOON)
    assert not watch.is_live("CARRIER", feed(), NOON + 5 * SECOND)
    assert watch.is_live("ORDER", feed(), NOON + 5 * SECOND)


def test_a_region_is_as_complete_as_its_least_complete_stream_and_apart_from_others() -> None:
    found = together(
        [
            {"eu": Known(NOON, True), "us": Known(NOON, True)},
            {"eu": Known(NOON - SECOND, False), "us": Known(NOON, True)},
            {"hub": Known(NOON, True)},
        ]
    )
    assert found == {"eu": Known(NOON - SECOND, False), "hub": Known(NOON, True), "us": Known(NOON, True)}


def test_one_stream_of_which_nothing_is_known_makes_nothing_known() -> None:
    assert together([{"eu": Known(NOON, True)}, {"eu": Known(None, False)}]) == {"eu": Known(None, False)}
