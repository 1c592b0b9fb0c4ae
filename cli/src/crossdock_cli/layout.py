"""Where everything of one local mesh is: its ports, folders and addresses."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from crossdock_cli.failures import CliError, Exit

if TYPE_CHECKING:
    from canonical.federation import Place

HOST = "127.0.0.1"
TOPOLOGY_BASE = 8100
NATS, MONITOR, LINK, POSTGRES, SANDBOX, SMTP = 22, 23, 24, 32, 90, 91
LAST_OFFSET = 99


@dataclass(frozen=True, slots=True)
class Layout:
    """What `up` was asked for; kept in the state folder so that every later command finds the same mesh."""

    state_dir: str
    base_port: int = TOPOLOGY_BASE
    region: str = "eu"
    with_sandbox: bool = True
    only: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    pythons: dict[str, str] = field(default_factory=dict)
    """Of services that run in a virtual environment of their own: its interpreter."""
    nats_url: str | None = None
    nats_secrets: str | None = None
    nats_replicas: int = 1
    """On how many servers of an outside cluster each stream is kept."""
    database_url: str | None = None
    regions: tuple[str, ...] = ()
    """The regions that join this mesh, where it is their hub."""
    hub: str | None = None
    """The state folder of the hub this region joins."""

    @property
    def place(self) -> "Place":
        """What this mesh has of the topology: all of it, or what belongs to a hub or a region of one."""
        from canonical.federation import Place

        if self.regions:
            return Place("hub", self.region, self.regions)
        return Place("region" if self.hub else "whole", self.region)

    @property
    def folder(self) -> Path:
        """The state folder."""
        return Path(self.state_dir)

    @property
    def logs(self) -> Path:
        """The folder of log files, one per process."""
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        """The folder of secret files the processes are told about."""
        return self.folder / "secrets"

    @property
    def broker_secrets(self) -> Path:
        """The folder of the broker's password files, one per user."""
        return Path(self.nats_secrets) if self.nats_secrets else self.folder / "nats" / "secrets"

    def log_of(self, name: str) -> Path:
        """Return the log file of a process."""
        if name == "nats-server":
            return self.folder / "nats" / "nats-server.log"
        if name == "postgres":
            return self.folder / "postgres" / "postgres.log"
        return self.logs / f"{name}.log"

    def port(self, offset: int) -> int:
        """Return the port at an offset from the base."""
        return self.base_port + offset

    def service_port(self, name: str) -> int:
        """Return the port of a service: the topology's, moved to this mesh's base."""
        from canonical.topology import load

        return self.base_port + load().services[name].port - TOPOLOGY_BASE

    def services(self) -> list[str]:
        """Return the services this mesh runs.

        Raises:
            CliError: a service was named that does not exist.
        """
        from canonical.federation import part_of
        from canonical.topology import load

        known = list(load().services)
        unknown = sorted({*self.only, *self.pythons} - set(known))
        if unknown:
            raise CliError(f"There is no service {', '.join(unknown)}: choose from {', '.join(known)}.", Exit.USAGE)
        here = part_of(load(), self.place).services
        return [name for name in here if not self.only or name in self.only]

    def broker_url(self) -> str:
        """Return where the broker is."""
        return self.nats_url or f"nats://{HOST}:{self.port(NATS)}"

    def monitor_url(self) -> str | None:
        """Return where the broker's monitor is; nothing is known of an outside broker's."""
        return None if self.nats_url else f"http://{HOST}:{self.port(MONITOR)}"

    def database(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        if self.database_url is None:
            return f"postgresql+asyncpg://crossdock@{HOST}:{self.port(POSTGRES)}/{name}"
        parts = urlsplit(self.database_url)
        return urlunsplit(parts._replace(scheme="postgresql+asyncpg", path=f"/{name}"))

    def service_url(self, name: str) -> str:
        """Return where a service's HTTP interface is."""
        return f"http://{HOST}:{self.service_port(name)}"

    def sandbox_url(self) -> str:
        """Return where the simulated outside world is."""
        return f"http://{HOST}:{self.port(SANDBOX)}"

    def save(self) -> None:
        """Write the layout to the state folder, readable by its owner only: a database URL may hold a password."""
        write_atomically(self.folder / "mesh.json", json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> "Layout | None":
        """Return the layout kept in a state folder; None when there is none."""
        path = folder / "mesh.json"
        if not path.is_file():
            return None
        values = json.loads(path.read_text())
        tuples = {name: tuple(values.get(name, ())) for name in ("only", "regions")}
        return cls(**{**values, **tuples, "state_dir": str(folder)})


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content so that a reader sees the old or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
