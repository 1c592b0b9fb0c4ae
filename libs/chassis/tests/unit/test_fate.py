"""What becomes of a message that failed: who waits, who dies, and how long."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chassis import Permanent, Temporary
from chassis.failures.fate import BACKOFF_CAP_SECONDS, BUG_TRIES, GIVE_UP_AFTER, Behind, Fate, backoff, delay, fate

AGES = st.timedeltas(timedelta(), timedelta(days=3))
TRIES = st.integers(1, 10_000)


@given(TRIES, AGES)
def test_what_is_wrong_for_good_is_dead_at_once(tries: int, age: timedelta) -> None:
    assert fate(Permanent("no such order", remedy="check-order-source"), tries, age) == Fate("dead")


@given(TRIES, AGES)
def test_what_may_pass_waits_for_a_day_however_often_it_was_tried(tries: int, age: timedelta) -> None:
    found = fate(Temporary("the ERP is away"), tries, age)
    assert found.state == ("dead" if age > GIVE_UP_AFTER else "waiting")
    assert found.due_seconds <= BACKOFF_CAP_SECONDS


@given(TRIES, AGES)
def test_a_bug_is_tried_five_times(tries: int, age: timedelta) -> None:
    assert fate(ZeroDivisionError(), tries, age).state == ("waiting" if tries < BUG_TRIES else "dead")


@given(TRIES, AGES)
def test_what_stands_behind_another_is_due_as_soon_as_it_may_go(tries: int, age: timedelta) -> None:
    assert fate(Behind(), tries, age) == Fate("waiting", 0.0)


def test_tries_are_spread_over_the_whole_of_a_growing_range() -> None:
    for attempt, cap in ((1, 0.4), (4, 3.2), (20, BACKOFF_CAP_SECONDS)):
        drawn = [backoff(attempt) for _ in range(2_000)]
        assert 0.05 <= min(drawn) < 0.05 + 0.1 * cap
        assert 0.9 * cap < max(drawn) <= cap


@given(st.floats(0.1, 3_600.0))
def test_what_the_other_side_asks_for_is_kept(seconds: float) -> None:
    asked = Temporary("busy", retry_in=timedelta(seconds=seconds))
    assert seconds * 0.999 <= delay(asked, 1) <= seconds * 1.201
