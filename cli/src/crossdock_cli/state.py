"""What the supervisor knows of its processes, kept in one file that it alone writes."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from crossdock_cli.layout import write_atomically

Phase = Literal["starting", "up", "stopping", "stopped", "failed"]


@dataclass(slots=True)
class Identity:
    """A process, told from a later one with the same number by when it began."""

    pid: int = 0
    created: float = 0.0

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Return the identity of a running process; of none when it has ended already."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return cls()

    def process(self) -> psutil.Process | None:
        """Return the very process, if it still runs."""
        if not self.pid:
            return None
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


@dataclass(slots=True)
class PartState:
    """One supervised process."""

    name: str
    identity: Identity = field(default_factory=Identity)
    restarts: int = 0
    phase: Literal["waiting", "running", "backing-off"] = "waiting"
    note: str = ""


@dataclass(slots=True)
class MeshState:
    """The supervisor and its processes, in the order they were started."""

    supervisor: Identity = field(default_factory=Identity)
    phase: Phase = "starting"
    failure: str = ""
    parts: list[PartState] = field(default_factory=list)

    def part(self, name: str) -> PartState | None:
        """Return a process by name."""
        return next((part for part in self.parts if part.name == name), None)

    def is_running(self) -> bool:
        """Whether the supervisor lives."""
        return self.supervisor.process() is not None

    def save(self, folder: Path) -> None:
        """Write the state."""
        write_atomically(folder / "state.json", json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> "MeshState | None":
        """Return the state kept in a folder; None when there is none."""
        path = folder / "state.json"
        if not path.is_file():
            return None
        values = json.loads(path.read_text())
        parts = [PartState(**{**part, "identity": Identity(**part["identity"])}) for part in values["parts"]]
        return cls(Identity(**values["supervisor"]), values["phase"], values["failure"], parts)
