"""Readiness as a load balancer sees it: every service asked many times a second, its turns counted."""

import threading
import time
from collections import Counter
from types import TracebackType

from crossdock_cli.mesh import Mesh
from crossdock_cli.web import NoAnswer, call

ASK_SECONDS = 0.05


class Readiness:
    """Asks every service in a thread of its own until left."""

    def __init__(self, mesh: Mesh) -> None:
        self._urls = {name: f"{mesh.url(name)}/health/ready" for name in mesh.layout.services()}
        self._ready = dict.fromkeys(self._urls, True)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="readiness")
        self.turns_red: Counter[str] = Counter()

    def __enter__(self) -> "Readiness":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(ASK_SECONDS):
            for name, url in self._urls.items():
                ready = _is_ready(url)
                self.turns_red[name] += self._ready[name] and not ready
                self._ready[name] = ready

    @property
    def red(self) -> set[str]:
        """The services that are not ready now."""
        return {name for name, ready in self._ready.items() if not ready}

    def wait_green(self, seconds: float) -> float:
        """Wait until all are ready; returns how many seconds that took.

        Raises:
            TimeoutError: some are not in time.
        """
        began = time.monotonic()
        while self.red:
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"not ready after {seconds:.0f} s: {', '.join(sorted(self.red))}")
            time.sleep(ASK_SECONDS)
        return round(time.monotonic() - began, 1)


def _is_ready(url: str) -> bool:
    try:
        return call("GET", url, timeout=2.0).ok
    except NoAnswer:
        return False
