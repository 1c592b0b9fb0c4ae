"""The gate of an outside system: its pace, its budget of retries, its breaker, its wish for rest."""

import asyncio
import time
from bisect import bisect_left
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.dependency import Dependency, begin_attempt
from chassis.errors import NotAttempted, Rejected, Temporary, Throttled
from chassis.pace import Pace
from chassis.retries import FLOOR, SHARE, WELL_ANSWERS, WELL_SECONDS, WINDOW_SECONDS, RetryBudget
from chassis.telemetry import Metrics


def gate(**limits: float) -> Dependency:
    return Dependency("system", Metrics(), calls_per_second=limits.get("calls_per_second"))


async def fail(system: Dependency, error: Exception) -> None:
    with pytest.raises(type(error)):
        async with system.call():
            raise error


async def answer(system: Dependency) -> None:
    async with system.call():
        pass


async def test_fifty_callers_of_a_failed_system_make_one_probe() -> None:
    system, made = gate(), 0
    for _ in range(5):
        await fail(system, Temporary("503"))
    assert system.is_open
    await asyncio.sleep(system.closed_for())

    async def probe() -> None:
        nonlocal made
        async with system.call():
            made += 1
            await asyncio.sleep(0.05)

    said = await asyncio.gather(*(probe() for _ in range(50)), return_exceptions=True)
    assert made == 1
    assert sum(isinstance(one, NotAttempted) for one in said) == 49
    assert not system.is_open


async def test_a_refusal_and_a_full_system_are_no_failures() -> None:
    system = gate()
    for _ in range(10):
        await fail(system, Rejected("404", status=404, body=""))
        await fail(system, Throttled("429"))
    assert not system.is_open
    await answer(system)


async def test_a_call_given_up_says_nothing() -> None:
    system = gate()
    for _ in range(10):
        await fail(system, asyncio.CancelledError())  # type: ignore[arg-type]  # cancelled like any other call
    assert not system.is_open


@pytest.mark.parametrize("kind", [Temporary, Throttled])
async def test_retry_after_is_honoured_by_every_call(kind: type[Temporary]) -> None:
    system = gate()
    await fail(system, kind("busy", retry_in=timedelta(seconds=0.3)))
    with pytest.raises(NotAttempted) as refused:
        await answer(system)
    assert refused.value.gate is system
    assert system.room(for_retries=False) == 0
    await asyncio.sleep(0.31)
    await answer(system)


async def test_a_spent_budget_keeps_retries_back_and_first_tries_not() -> None:
    system = gate()
    begin_attempt(is_retry=False)
    await fail(system, Temporary("503"))
    for _ in range(FLOOR):
        begin_attempt(is_retry=True)
        await fail(system, Temporary("503"))
        begin_attempt(is_retry=False)
        await answer(system)
    attempt = begin_attempt(is_retry=True)
    await fail(system, NotAttempted("", gate=system, retry_in=timedelta()))
    assert attempt.made == 0
    assert system.room(for_retries=True) == 0
    begin_attempt(is_retry=False)
    await answer(system)


async def test_no_second_holds_more_calls_than_the_limit() -> None:
    pace, starts = Pace(40.0), list[float]()

    async def call(number: int) -> None:
        slot = await pace.slot()
        starts.append(time.monotonic())
        await asyncio.sleep(0.03 * (number % 3))
        slot.end(time.monotonic())

    await asyncio.gather(*(call(number) for number in range(70)))
    assert max(place - bisect_left(starts, at - 1.0) for place, at in enumerate(starts)) <= 40
    assert starts[-1] - starts[0] >= 1.0


async def test_less_than_one_call_a_second_is_a_pace_too() -> None:
    pace = Pace(0.5)
    (await pace.slot()).end(time.monotonic())
    assert 1.8 <= pace._wait(time.monotonic()) <= 2.0


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans(), st.booleans()), max_size=400))
def test_retries_are_a_tenth_of_the_calls_while_the_system_fails(steps: list[tuple[float, bool, bool]]) -> None:
    budget, now = RetryBudget(), 0.0
    made: list[tuple[float, bool]] = []
    failed_at, answers = float("-inf"), WELL_ANSWERS
    for pause, wants_retry, ok in steps:
        now += pause
        left = budget.left(now)
        recent = [is_retry for at, is_retry in made if int(at) > int(now) - WINDOW_SECONDS]
        if answers >= WELL_ANSWERS and now - failed_at >= WELL_SECONDS:
            assert left is None
        else:
            assert left == max(0, int(SHARE * len(recent)) + FLOOR - sum(recent))
        is_retry = wants_retry and left != 0
        budget.note_call(now, is_retry=is_retry)
        budget.note_answer(now, ok=ok)
        made.append((now, is_retry))
        failed_at, answers = (failed_at, answers + 1) if ok else (now, 0)
