"""The ceiling: a bad release stops the service, a bad message does not, and one success opens the way again."""

import asyncio

from chassis.failures.ceiling import LIFTED_SECONDS, WINDOW, Ceiling

RUN = 10


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fail(ceiling: Ceiling, times: int) -> None:
    for _ in range(times):
        ceiling.failed()


def is_open(ceiling: Ceiling) -> bool:
    return not ceiling.reached and ceiling.may_bury


def test_a_run_of_failures_is_too_much_and_one_success_breaks_it() -> None:
    ceiling = Ceiling(run=RUN)
    fail(ceiling, RUN - 1)
    ceiling.succeeded()
    fail(ceiling, RUN - 1)
    assert is_open(ceiling)
    fail(ceiling, 1)
    assert (ceiling.reached, ceiling.may_bury) == (f"{RUN} messages in a row failed", False)


def test_half_of_the_last_messages_is_too_much() -> None:
    ceiling = Ceiling(run=RUN)
    for _ in range(WINDOW // 2 - 1):
        fail(ceiling, 1)
        ceiling.succeeded()
    ceiling.succeeded()
    assert is_open(ceiling)
    fail(ceiling, 1)
    assert ceiling.reached == f"{WINDOW // 2} of the last {WINDOW} messages failed"


def test_one_probe_at_a_time_until_one_succeeds() -> None:
    clock = Clock()
    ceiling = Ceiling(run=RUN, probe_seconds=30.0, clock=clock)
    assert [ceiling.may_probe() for _ in range(3)] == [True] * 3
    fail(ceiling, RUN)
    assert not ceiling.may_probe()
    clock.now += 30
    assert [ceiling.may_probe() for _ in range(3)] == [True, False, False]
    ceiling.succeeded()
    assert is_open(ceiling)
    fail(ceiling, RUN - 1)
    assert is_open(ceiling), "what was before it opened counts no more"


def test_lifted_it_is_reached_again_when_its_time_is_over() -> None:
    clock = Clock()
    ceiling = Ceiling(run=RUN, clock=clock)
    fail(ceiling, RUN)
    ceiling.lift()
    fail(ceiling, 5 * RUN)
    assert is_open(ceiling)
    clock.now += LIFTED_SECONDS
    fail(ceiling, 1)
    assert ceiling.reached


async def test_who_waits_goes_on_when_it_opens() -> None:
    ceiling = Ceiling(run=1)
    fail(ceiling, 1)
    waiting = asyncio.create_task(ceiling.until_open())
    await asyncio.sleep(0)
    assert not waiting.done()
    ceiling.succeeded()
    await asyncio.wait_for(waiting, 1)
