"""control-tower as a process, and how long it takes to answer."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import aiohttp

from chassis.local.ports import wait_open
from chassis.settings import Settings


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile, in milliseconds."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


class Tower:
    """control-tower as a process of its own, as the mesh runs it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{settings.port}"
        self._settings, self._log = settings, folder / "tower.log"
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it serves."""
        given = self._settings.model_dump(
            include={"nats_url", "nats_user", "nats_password_file", "database_url", "port"}
        )
        env = {f"CROSSDOCK_{name.upper()}": str(value) for name, value in given.items()}
        with self._log.open("ab") as log:
            self._process = Popen([sys.executable, "-m", "control_tower"], env=env, stdout=log, stderr=log)
        if not wait_open(self._settings.port, 60.0, lambda: self._process is not None and self._process.poll() is None):
            raise RuntimeError(f"control-tower does not start: see {self._log}")

    def kill(self) -> None:
        """End it without warning."""
        if self._process:
            self._process.kill()
            self._process.wait()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it for a while."""
        self.start()
        try:
            yield
        finally:
            if self._process:
                self._process.terminate()
                self._process.wait(30)


async def ask(session: aiohttp.ClientSession, url: str, wanted: Sequence[tuple[str, bool]]) -> list[float]:
    """Ask one after the other; returns how long each answer took. Each says whether it must find something.

    Raises:
        RuntimeError: an answer is not what it must be.
    """
    took = []
    for path, found in wanted:
        began = time.perf_counter()
        async with session.get(url + path) as answer:
            body = await answer.json()
        took.append(time.perf_counter() - began)
        if answer.status != 200 or bool(body) != found:
            raise RuntimeError(f"{path}: {answer.status} {str(body)[:200]}")
    return took
