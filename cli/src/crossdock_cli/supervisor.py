"""The supervisor: a process of its own that starts the mesh, keeps it alive, and ends it when asked (SIGTERM)."""

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from chassis.local import NatsServer

from crossdock_cli import servers
from crossdock_cli.layout import Layout
from crossdock_cli.parts import Child, Runnable, make_secrets, sandbox, service
from crossdock_cli.state import Identity, MeshState, PartState

log = logging.getLogger("supervisor")

POLL_SECONDS = 0.1
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_SECONDS = 5.0
HEALTH_SECONDS = 2.0
NOTE_BYTES = 4096


def last_line(path: Path) -> str:
    """Return the last line of a log file, as much of it as helps."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - NOTE_BYTES))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:500] if lines else ""


@dataclass(slots=True)
class Part:
    """A process and what happened to it."""

    state: PartState
    runnable: Runnable
    log: Path
    started: float = 0.0
    again_at: float = 0.0
    failures: int = 0
    checked: float = 0.0

    def ending(self, now: float) -> str | None:
        """Return why it ended, or why it must although it runs; None while it may go on."""
        if not self.runnable.is_alive():
            said = self.runnable.ending() if isinstance(self.runnable, Child) else ""
            return said or last_line(self.log)
        if isinstance(self.runnable, NatsServer) and now - self.checked > HEALTH_SECONDS:
            self.checked = now
            if error := self.runnable.write_error():
                self.runnable.stop()
                return error
        return None


@dataclass(slots=True)
class Supervisor:
    """Starts the parts in order, then starts again whatever ends."""

    layout: Layout
    state: MeshState = field(default_factory=MeshState)
    parts: list[Part] = field(default_factory=list)
    stopping: bool = False

    def run(self) -> int:
        """Work until told to stop; returns the exit code."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self.state.supervisor = Identity.of(os.getpid())
        self._save()
        try:
            self._bring_up()
            self.state.phase = "up"
            self._save()
            while not self.stopping:
                self.tend(time.monotonic())
                time.sleep(POLL_SECONDS)
        except servers.StartFailure as failure:
            log.critical("the mesh cannot start: %s", failure)
            self.state.failure = str(failure)
        finally:
            self._take_down()
        return 1 if self.state.failure else 0

    def _stop(self, number: int, _: FrameType | None) -> None:
        log.info("told to stop by signal %d", number)
        self.stopping = True

    def _save(self) -> None:
        self.state.save(self.layout.folder)

    def _bring_up(self) -> None:
        make_secrets(self.layout)
        for name, server in servers.local(self.layout):
            self._add(name, server, first=True)
        asyncio.run(servers.prepare(self.layout))
        if self.layout.with_sandbox:
            self._add("sandbox", sandbox(self.layout))
        for name in self.layout.services():
            if not self.stopping:
                self._add(name, service(self.layout, name))

    def _add(self, name: str, runnable: Runnable, *, first: bool = False) -> None:
        part = Part(PartState(name), runnable, self.layout.log_of(name))
        self.parts.append(part)
        self.state.parts.append(part.state)
        self._start(part, must=first)

    def _start(self, part: Part, *, must: bool = False) -> None:
        try:
            part.runnable.start()
        except servers.FAILURES as error:
            if must:
                raise servers.StartFailure(str(error)) from error
            self._back_off(part, time.monotonic(), str(error))
            return
        part.started = time.monotonic()
        part.state.identity = Identity.of(part.runnable.pid)
        part.state.phase, part.state.note = "running", ""
        log.info("%s runs as pid %d", part.state.name, part.runnable.pid)
        self._save()

    def tend(self, now: float) -> None:
        """Look at every part once: note what ended, start again what is due."""
        for part in self.parts:
            if part.state.phase == "running":
                if (ending := part.ending(now)) is not None:
                    if now - part.started > STEADY_SECONDS:
                        part.failures = 0
                    self._back_off(part, now, ending)
            elif part.state.phase == "backing-off" and now >= part.again_at and not self.stopping:
                part.state.restarts += 1
                self._start(part)

    def _back_off(self, part: Part, now: float, note: str) -> None:
        delay = BACKOFF_SECONDS[min(part.failures, len(BACKOFF_SECONDS) - 1)]
        part.failures += 1
        part.again_at = now + delay
        part.state.phase, part.state.note = "backing-off", note
        log.warning("%s ended, starts again in %.1f s: %s", part.state.name, delay, note)
        self._save()

    def _take_down(self) -> None:
        self.state.phase = "stopping"
        self._save()
        for part in self.parts:
            if isinstance(part.runnable, Child) and part.state.name != "sandbox":
                part.runnable.ask_to_end()
        for part in reversed(self.parts):
            part.runnable.stop()
            part.state.phase, part.state.identity = "waiting", Identity()
            log.info("%s ended", part.state.name)
        self.state.phase = "failed" if self.state.failure else "stopped"
        self._save()


def main() -> int:
    """Run the supervisor of a state folder."""
    parser = argparse.ArgumentParser(prog="crossdock_cli.supervisor")
    parser.add_argument("state_dir", type=Path)
    folder = parser.parse_args().state_dir
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    layout = Layout.read(folder)
    if layout is None:
        sys.stderr.write(f"{folder} holds no mesh.json: start the mesh with `crossdock up`.\n")
        return 2
    return Supervisor(layout).run()


if __name__ == "__main__":
    raise SystemExit(main())
