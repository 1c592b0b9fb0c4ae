"""One local mesh from outside: start it, look at it, break it, end it."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from crossdock_cli import preflight
from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import Layout
from crossdock_cli.probe import Reading, read_part
from crossdock_cli.state import Identity, MeshState
from crossdock_cli.world import World

START_SECONDS = 90.0
STOP_SECONDS = 60.0
HOPELESS_RESTARTS = 2
DEMO_FOLDER = "demo"

OnProgress = Callable[[list[Reading]], None]


@dataclass(slots=True)
class Mesh:
    """The processes that one state folder speaks of."""

    layout: Layout

    @classmethod
    def find(cls, state_dir: Path) -> "Mesh":
        """Return the running mesh of a state folder, `up`'s before `demo --keep`'s.

        Raises:
            CliError: none runs.
        """
        running = cls.running(state_dir)
        for mesh in running:
            if mesh.layout.folder in (state_dir, state_dir / DEMO_FOLDER):
                return mesh
        if running:
            which = ", ".join(str(mesh.layout.folder) for mesh in running)
            raise CliError(f"A hub and its regions run here: name one of them with --state-dir ({which}).", Exit.USAGE)
        raise CliError("The mesh is not running: start it with `crossdock up`.", Exit.NOT_RUNNING)

    @classmethod
    def beside(cls, state_dir: Path, base_port: int) -> "Mesh | None":
        """Return the mesh that answers on these ports though the state folder does not know it, as one of compose."""
        mesh = cls(Layout(state_dir=str(state_dir / "beside"), base_port=base_port))
        return mesh if World(mesh.url("sandbox")).answers() else None

    @classmethod
    def known(cls, state_dir: Path) -> list["Mesh"]:
        """Return every mesh a state folder speaks of: its own, `demo --keep`'s, a hub's and its regions'."""
        folders = [state_dir, *sorted(path.parent for path in state_dir.glob("*/mesh.json"))]
        return [cls(layout) for folder in folders if (layout := Layout.read(folder))]

    @classmethod
    def running(cls, state_dir: Path) -> list["Mesh"]:
        """Return those that run."""
        return [mesh for mesh in cls.known(state_dir) if mesh.state().is_running()]

    def state(self) -> MeshState:
        """Return what the supervisor last wrote."""
        return MeshState.read(self.layout.folder) or MeshState()

    def url(self, name: str) -> str:
        """Return the HTTP address of a service or of the sandbox."""
        return self.layout.sandbox_url() if name == "sandbox" else self.layout.service_url(name)

    def read(self) -> list[Reading]:
        """Probe every process once."""
        return [read_part(self.layout, part) for part in self.state().parts]

    def start(self, on_progress: OnProgress | None = None, timeout: float = START_SECONDS) -> None:
        """Check, start everything, and wait until all of it is ready.

        Raises:
            CliError: it cannot start; what was started is ended again.
        """
        self._sweep()
        preflight.check(self.layout)
        self.layout.save()
        (self.layout.folder / "state.json").unlink(missing_ok=True)
        self._launch()
        try:
            self.wait(timeout=timeout, on_progress=on_progress, starting=True)
        except BaseException:
            self.stop()
            raise

    def _launch(self) -> None:
        self.layout.logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "crossdock_cli.supervisor", str(self.layout.folder.absolute())]
        with (self.layout.logs / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not (self.layout.folder / "state.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                where = self.layout.logs / "supervisor.log"
                raise CliError(f"The supervisor did not start: see {where}.", Exit.PREFLIGHT)
            time.sleep(0.02)

    def wait(
        self,
        name: str | None = None,
        *,
        timeout: float = START_SECONDS,
        on_progress: OnProgress | None = None,
        starting: bool = False,
    ) -> None:
        """Wait until one process, or all of them, is ready.

        Raises:
            CliError: the mesh ended, a process cannot start, or the time is over.
        """
        deadline = time.monotonic() + timeout
        while True:
            state, readings = self.state(), self.read()
            if on_progress:
                on_progress(readings)
            wanted = [reading for reading in readings if name in (None, reading.name)]
            if state.phase == "up" and wanted and all(reading.ready for reading in wanted):
                return
            self._give_up_on(state, starting=starting)
            if time.monotonic() > deadline:
                late = ", ".join(f"{r.name} ({r.why or 'not ready'})" for r in wanted if not r.ready) or "the servers"
                raise CliError(f"Not ready after {timeout:.0f} s: {late}; see {self.layout.logs}.", Exit.TIMEOUT)
            time.sleep(0.1)

    def _give_up_on(self, state: MeshState, *, starting: bool) -> None:
        if state.failure:
            raise CliError(state.failure, Exit.PREFLIGHT)
        if not state.is_running():
            raise CliError(f"The supervisor ended: see {self.layout.logs / 'supervisor.log'}.", Exit.NOT_RUNNING)
        for part in state.parts if starting else []:
            if part.phase == "backing-off" and part.restarts >= HOPELESS_RESTARTS:
                where = self.layout.log_of(part.name)
                raise CliError(
                    f"{part.name} does not start: {part.note or 'no output'} (log: {where}).", Exit.PREFLIGHT
                )

    def restarts(self, name: str) -> int:
        """Return how often a process was started again; 0 when there is none of that name."""
        part = self.state().part(name)
        return part.restarts if part else 0

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process, by default kill -9; returns its id.

        Raises:
            CliError: no such process runs.
        """
        part = self.state().part(name)
        process = part.identity.process() if part else None
        if process is None:
            raise CliError(f"{name} does not run.", Exit.NOT_RUNNING)
        process.send_signal(number)
        return process.pid

    def stop(self, *, purge: bool = False) -> None:
        """End every process that was started here, and only those; `purge` removes the data too."""
        supervisor = self.state().supervisor.process()
        if supervisor:
            _end(supervisor, STOP_SECONDS)
        self._sweep()
        if purge:
            shutil.rmtree(self.layout.folder, ignore_errors=True)

    def _sweep(self) -> None:
        """End what a supervisor that died without warning left behind, the services before their servers."""
        state = MeshState.read(self.layout.folder)
        if state is None:
            return
        if state.is_running():
            raise CliError("The mesh runs already: see `crossdock status`.", Exit.PREFLIGHT)
        for part in reversed(state.parts):
            process = part.identity.process()
            if process:
                _end(process, 20, signal.SIGINT if part.name == "postgres" else signal.SIGTERM)
        state.phase, state.supervisor = "stopped", Identity()
        for part in state.parts:
            part.identity = Identity()
        state.save(self.layout.folder)


def _end(process: psutil.Process, seconds: float, number: signal.Signals = signal.SIGTERM) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
        try:
            process.wait(seconds)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)
