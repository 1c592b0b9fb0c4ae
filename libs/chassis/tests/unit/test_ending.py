"""A task ends although whatever it waits for swallows a cancellation."""

import asyncio
import contextlib

from chassis.ending import ended


async def test_a_cancellation_that_is_swallowed_is_said_again() -> None:
    swallowed = 0

    async def deaf() -> None:
        nonlocal swallowed
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            swallowed += 1
            if swallowed == 2:
                await asyncio.sleep(60)

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await asyncio.wait_for(ended(task), 10)
    assert (swallowed, task.cancelled()) == (2, True)


async def test_what_is_over_already_or_failed_is_no_matter() -> None:
    async def fails() -> None:
        raise ValueError("on purpose")

    over = asyncio.create_task(asyncio.sleep(0))
    await over
    await asyncio.wait_for(ended(over, asyncio.create_task(fails())), 10)
