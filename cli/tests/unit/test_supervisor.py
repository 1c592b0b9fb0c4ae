"""What ends is started again, after a pause that grows."""

from pathlib import Path

from canonical import topology
from chassis.local import NatsServer

from crossdock_cli.layout import Layout
from crossdock_cli.parts import Runnable
from crossdock_cli.state import MeshState, PartState
from crossdock_cli.supervisor import BACKOFF_SECONDS, STEADY_SECONDS, Part, Supervisor, last_line


class FakeRunnable:
    """A process that lives until told otherwise."""

    pid = 0

    def __init__(self, *, lives: bool = True) -> None:
        self.lives, self.starts = lives, 0

    def start(self) -> None:
        self.starts += 1

    def is_alive(self) -> bool:
        return self.lives

    def stop(self) -> None:
        self.lives = False


class WriteDead(NatsServer):
    """A broker that runs and takes no more writes."""

    error = "JetStream stream 'MESH > ORDER' write error: no space left on device"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder=folder, port=1, monitor_port=2, topology=topology.load(), region="eu")
        self.lives = True

    def is_alive(self) -> bool:
        return self.lives

    def write_error(self) -> str:
        return self.error

    def stop(self) -> None:
        self.lives = False


def watched(tmp_path: Path, runnable: Runnable) -> tuple[Supervisor, Part]:
    part = Part(PartState("notification", phase="running"), runnable, tmp_path / "log", started=100.0)
    supervisor = Supervisor(Layout(state_dir=str(tmp_path)), MeshState(parts=[part.state]), [part])
    return supervisor, part


def test_living_process_is_left_alone(tmp_path: Path) -> None:
    supervisor, part = watched(tmp_path, runnable := FakeRunnable())
    supervisor.tend(101.0)
    assert (runnable.starts, part.state.restarts, part.state.phase) == (0, 0, "running")


def test_ended_process_is_started_again_after_the_pause(tmp_path: Path) -> None:
    supervisor, part = watched(tmp_path, runnable := FakeRunnable(lives=False))
    (tmp_path / "log").write_text("first\nThe broker cannot be used.\n")
    supervisor.tend(101.0)
    assert (part.state.phase, part.state.note, runnable.starts) == ("backing-off", "The broker cannot be used.", 0)
    supervisor.tend(101.0 + BACKOFF_SECONDS[0] / 2)
    assert runnable.starts == 0
    supervisor.tend(101.0 + BACKOFF_SECONDS[0])
    assert (runnable.starts, part.state.restarts, part.state.phase) == (1, 1, "running")


def test_pause_grows_to_its_cap_and_is_forgotten_after_a_steady_life(tmp_path: Path) -> None:
    supervisor, part = watched(tmp_path, FakeRunnable(lives=False))
    pauses, now = [], 101.0
    for _ in range(len(BACKOFF_SECONDS) + 2):
        part.state.phase, part.started = "running", now
        supervisor.tend(now)
        pauses.append(round(part.again_at - now, 3))
    assert pauses == [*BACKOFF_SECONDS, BACKOFF_SECONDS[-1], BACKOFF_SECONDS[-1]]
    part.state.phase, part.started = "running", now
    supervisor.tend(now + STEADY_SECONDS + 1)
    assert round(part.again_at - now - STEADY_SECONDS - 1, 3) == BACKOFF_SECONDS[0]


def test_broker_that_takes_no_more_writes_is_ended_and_started_again(tmp_path: Path) -> None:
    supervisor, part = watched(tmp_path, broker := WriteDead(tmp_path))
    supervisor.tend(110.0)
    assert not broker.lives
    assert (part.state.phase, part.state.note) == ("backing-off", WriteDead.error)


def test_last_line_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "absent") == ""
