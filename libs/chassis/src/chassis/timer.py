"""Jobs that run again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from chassis.away import is_away
from chassis.errors import Failure

log = logging.getLogger(__name__)

FAILED_SECONDS = 1.0

Job = Callable[[], Awaitable[None]]


async def repeat(seconds: float, job: Job) -> None:
    """Run a job for ever, this many seconds after its last end; what it raises is told, and the job runs again."""
    name = getattr(job, "__name__", "job")
    while True:
        try:
            await job()
        except Failure as failure:
            log.warning("job_waits", extra={"job": name, "error": str(failure)})
            await asyncio.sleep(FAILED_SECONDS)
        except Exception as error:
            if is_away(error):
                log.warning("job_waits", extra={"job": name, "error": repr(error)[:300]})
            else:
                log.exception("job_failed", extra={"job": name})
            await asyncio.sleep(FAILED_SECONDS)
        await asyncio.sleep(seconds)
