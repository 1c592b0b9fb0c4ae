"""Many handle side by side; one alone waits for them, and they for it."""

import asyncio
import random

import pytest

from chassis.failures.turns import Turns


async def test_nothing_is_handled_beside_what_is_handled_alone() -> None:
    turns, inside, most, chance = Turns(), 0, 0, random.Random(7)

    async def together() -> None:
        nonlocal inside, most
        async with turns.together():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(chance.random() / 100)
            inside -= 1

    async def alone() -> None:
        nonlocal inside
        async with turns.alone():
            assert inside == 0
            inside += 1
            await asyncio.sleep(chance.random() / 100)
            assert inside == 1
            inside -= 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(chance.choice((together, together, together, alone))() for _ in range(300)))
    assert (inside, most > 1) == (0, True)


async def test_one_that_was_cancelled_while_it_waited_holds_nobody_up() -> None:
    turns = Turns()
    async with turns.together():
        waiting = asyncio.create_task(turns.alone().__aenter__())
        await asyncio.sleep(0.01)
        behind = asyncio.create_task(turns.together().__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(1):
            await behind
