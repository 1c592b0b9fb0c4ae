"""The processes of a local mesh: how each is started, asked to end, and told from others."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crossdock_cli.forks import fork
from crossdock_cli.layout import HOST, SANDBOX, SMTP, Layout

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

STOP_SECONDS = 20.0
PARTNERS = Path("partners")
CARRIERS = PARTNERS / "carriers"
SOURCES = Path(__file__).resolve().parents[3]
TRACKING = "tracking"
SECRETS = ("swiftparcel", "nordfreight", "portal", TRACKING)
"""Secrets shared with the sandbox's systems, and between services; carrier-gateway finds its own by name."""
TOWER = "control-tower"
SYSTEMS = {
    "ERP": "erp",
    "WMS": "wms",
    "TMS": "tms",
    "SWIFTPARCEL": "carriers/swiftparcel",
    "NORDFREIGHT": "carriers/nordfreight",
    "CRM": "crm",
    "PORTAL": "portal",
}


class Runnable(Protocol):
    """A process that can be started again and again."""

    @property
    def pid(self) -> int:
        """The process id of the latest start; 0 before the first."""

    def start(self) -> None:
        """Start it."""

    def is_alive(self) -> bool:
        """Whether the latest start still runs."""

    def stop(self) -> None:
        """Ask it to end and wait for it."""


@dataclass(slots=True)
class Child:
    """A Python process of ours: a service or the sandbox."""

    module: str
    env: Mapping[str, str]
    log: Path
    args: tuple[str, ...] = ()
    python: str | None = None
    _process: "ForkServerProcess | None" = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """The process id of the latest start; 0 before the first."""
        return (self._process.pid or 0) if self._process else 0

    def start(self) -> None:
        """Start it in a session of its own, its output going to its log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = fork(self.module, self.args, self.env, self.log, self.python)

    def is_alive(self) -> bool:
        """Whether the latest start still runs."""
        return self._process is not None and self._process.is_alive()

    def ending(self) -> str:
        """Return the signal that ended it; empty when it ended by itself."""
        code = self._process.exitcode if self._process else None
        return f"ended by signal {-code}" if code is not None and code < 0 else ""

    def ask_to_end(self) -> None:
        """Ask it to end, without waiting."""
        if self._process and self._process.is_alive():
            self._process.terminate()

    def stop(self) -> None:
        """Ask it to end and wait for it; after twenty seconds end it."""
        self.ask_to_end()
        if self._process:
            self._process.join(STOP_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()


def make_secrets(layout: Layout) -> None:
    """Make the secrets shared with the sandbox's systems where there are none yet."""
    layout.secrets.mkdir(parents=True, exist_ok=True)
    for name in SECRETS:
        path = secret_file(layout, name)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32))


def secret_file(layout: Layout, name: str) -> Path:
    """Return the file that holds a webhook secret."""
    return (layout.secrets / f"{name}.secret").absolute()


def _inherited(*, keep_ours: bool) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if keep_ours or not name.startswith("CROSSDOCK_")}


def _secret_settings(layout: Layout, name: str) -> dict[str, str]:
    """Return where a service finds the secrets it shares with the sandbox."""
    match name:
        case "carrier-gateway":
            return {"CROSSDOCK_SECRETS_DIR": str(layout.secrets.absolute())}
        case "notification":
            return {"CROSSDOCK_PORTAL_SECRET_FILE": str(secret_file(layout, "portal"))}
        case _:
            return {}


def _with_tower(layout: Layout) -> Layout | None:
    """Return the mesh whose control-tower a mesh's customers see: its own, or its hub's."""
    known = Layout.read(Path(layout.hub)) if layout.hub else layout
    return known if known and TOWER in known.services() else None


def service_env(layout: Layout, name: str) -> dict[str, str]:
    """Return the environment of a service: where it is, its broker user, its database, the systems it calls."""
    env = _inherited(keep_ours=not layout.with_sandbox)
    env |= {
        "CROSSDOCK_REGION": layout.region,
        "CROSSDOCK_HOST": HOST,
        "CROSSDOCK_PORT": str(layout.service_port(name)),
        "CROSSDOCK_NATS_URL": layout.broker_url(),
        "CROSSDOCK_DATABASE_URL": layout.database(name),
        "CROSSDOCK_INVENTORY_URL": layout.service_url("inventory-sync"),
        "CROSSDOCK_CARRIERS_DIR": str(partners_dir("carriers")),
        "CROSSDOCK_BRANDS_DIR": str(partners_dir("brands")),
        "CROSSDOCK_CONTRACTS_DIR": str(SOURCES / "services"),
    }
    password = layout.broker_secrets / f"nats-{name}.password"
    if password.exists():
        env |= {"CROSSDOCK_NATS_USER": name, "CROSSDOCK_NATS_PASSWORD_FILE": str(password.absolute())}
    if tower := _with_tower(layout):
        env |= {"CROSSDOCK_TRACKING_KEYS_FILE": str(secret_file(tower, TRACKING))}
        env |= {"CROSSDOCK_TRACKING_URL": tower.service_url(TOWER)}
    env |= {f"CROSSDOCK_{setting}": value for setting, value in layout.settings.items()}
    if layout.with_sandbox:
        at = layout.sandbox_url()
        env |= {f"CROSSDOCK_{system}_URL": f"{at}/{path}" for system, path in SYSTEMS.items()}
        env |= {"CROSSDOCK_SMTP_HOST": HOST, "CROSSDOCK_SMTP_PORT": str(layout.port(SMTP))}
        env |= _secret_settings(layout, name)
    return env


def partners_dir(kind: str) -> Path:
    """Return a folder of partners' files: of the folder the command runs in, else of the source tree."""
    here = Path.cwd() / PARTNERS / kind
    return here if here.is_dir() else SOURCES / PARTNERS / kind


def service(layout: Layout, name: str) -> Child:
    """Return the process of a service."""
    module, python = name.replace("-", "_"), layout.pythons.get(name)
    return Child(module, service_env(layout, name), layout.log_of(name), python=python)


def sandbox(layout: Layout) -> Child:
    """Return the process of the simulated outside world: its ports, its secrets, and where the mesh's doors are."""
    args = (
        *("--host", HOST, "--port", str(layout.port(SANDBOX)), "--smtp-port", str(layout.port(SMTP))),
        *("--base-port", str(layout.base_port), "--secrets-dir", str(layout.secrets.absolute())),
    )
    return Child("sandbox", _inherited(keep_ours=False), layout.log_of("sandbox"), args)
