"""Processes of their own, mostly services: forked from a server that has their modules loaded, so a start is quick."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from chassis.host import run

SAMPLE = ("chassis.testing.sample.changes:build", "chassis.testing.sample.settings:SampleSettings")
GATEWAY = ("carrier_gateway.app:build", "carrier_gateway.settings:ServiceSettings")
RELEASE = ("order_release.app:build", "order_release.settings:ServiceSettings")
START_SECONDS = 30.0

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["chassis.host", "chassis.testing.sample.changes", "alembic.ddl.postgresql", "httpx"])


def serve(service: tuple[str, str], environment: Mapping[str, str], log_path: str, defect: str) -> None:
    """Be the service, with a seeded defect if one is named: this is where the new process begins."""
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(environment)
    if defect:
        import_module("rig.defects").apply(defect)
    build, settings = (getattr(import_module(module), name) for module, _, name in (p.partition(":") for p in service))
    run(build, settings)


class Forked:
    """A process that calls `target` and ends."""

    def __init__(self, target: Callable[..., None], *args: object) -> None:
        self._process: ForkServerProcess = _context.Process(target=target, args=args, daemon=True)
        self._process.start()

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative for a signal, None while it runs."""
        return self._process.exitcode

    @property
    def pid(self) -> int | None:
        """The process id."""
        return self._process.pid

    async def ended(self, within_seconds: float = 30.0) -> int:
        """Wait for the end and return the exit code.

        Raises:
            TimeoutError: it did not end in time.
        """
        async with asyncio.timeout(within_seconds):
            while (code := self.exit_code) is None:  # noqa: ASYNC110  a process sends no event
                await asyncio.sleep(0.02)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.exit_code is None and self._process.pid:
            os.kill(self._process.pid, number)

    async def kill(self) -> None:
        """End it without warning."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        """Ask it to end, wait, and return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended()


class ServiceProcess(Forked):
    """One life of a service: the sample, unless another is named by its `build` and its settings."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log_path: Path,
        *,
        defect: str = "",
        service: tuple[str, str] = SAMPLE,
    ) -> None:
        self.url = f"http://127.0.0.1:{environment['CROSSDOCK_PORT']}"
        super().__init__(serve, service, dict(environment), str(log_path), defect)

    async def ready(self) -> bool:
        """Wait until the service is ready; False when it ended before.

        Raises:
            TimeoutError: neither came in time.
        """
        async with httpx.AsyncClient() as client, asyncio.timeout(START_SECONDS):
            while self.exit_code is None:
                try:
                    if (await client.get(f"{self.url}/health/ready")).is_success:
                        return True
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)
        return False

    async def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels, as the process shows it."""
        async with httpx.AsyncClient() as client:
            shown = (await client.get(f"{self.url}/metrics")).text
        lines = [line for line in shown.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
