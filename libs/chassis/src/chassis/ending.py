"""Ending tasks of our own."""

import asyncio
from typing import Any

AGAIN_SECONDS = 0.5


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until they are over, whatever they end with.

    Once is not enough: in Python 3.11 `asyncio.wait_for`, which clients of databases and brokers use, swallows a
    cancellation that comes in the moment in which its result does, and the task goes on as if nothing had been said.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
