"""A real nats-server on this machine, with the permissions of the topology."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from canonical.topology import Topology
from chassis.broker_config import Cluster, Leaves, Listening, broker_config, users
from chassis.broker_passwords import ensure_passwords
from chassis.local.errors import LocalServerError
from chassis.local.ports import HOST, require_free, wait_open

OLDEST = (2, 15, 1)
START_SECONDS = 10.0
HEALTH_SECONDS = 1.0
WRITE_ERROR = "write error"
ROOM_BYTES = 64 * 1024 * 1024


def binary() -> str:
    """Return the path of nats-server: the one installed beside Python, else the one on PATH.

    Raises:
        LocalServerError: there is none, or it is too old.
    """
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise LocalServerError(
            "nats-server was not found: run `make setup`, or put nats-server 2.15.1 or newer on PATH."
        )
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", said)
    if match is None or tuple(int(part) for part in match.groups()) < OLDEST:
        raise LocalServerError(f"nats-server 2.15.1 or newer is needed, {found} says {said.strip()!r}: upgrade it.")
    return found


class NatsServer:
    """One nats-server: region = JetStream domain, one user per service with its own rights, fsync always."""

    def __init__(
        self,
        *,
        folder: Path,
        port: int,
        monitor_port: int,
        topology: Topology,
        region: str,
        leaves: Leaves | None = None,
        host: str = HOST,
        cluster: Cluster | None = None,
    ) -> None:
        self.folder, self.host, self.port, self.monitor_port = folder, host, port, monitor_port
        self.leaves, self.cluster = leaves, cluster
        self.name = f"crossdock-{region}"
        self._topology, self._region = topology, region
        self.users = users(topology)
        self.passwords = ensure_passwords(folder / "secrets", self.users)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """The process id; 0 when it was never started."""
        return self._process.pid if self._process else 0

    def password(self, user: str) -> str:
        """Return a user's password."""
        return self.passwords[user].read_text().strip()

    def write_config(self) -> Path:
        """Write the server's configuration and return its path."""
        config = broker_config(
            self._topology,
            self._region,
            {user: self.password(user) for user in self.users},
            Listening(
                client=f"{self.host}:{self.port}",
                monitor=f"{HOST}:{self.monitor_port}",
                store=self.folder / "jetstream",
                server_name=self.name,
                cluster=self.cluster,
            ),
            self.leaves,
        )
        path = self.folder / "nats-server.conf"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=1))
        return path

    def command(self) -> list[str]:
        """Return the command line that runs the server."""
        return [binary(), "-c", str(self.write_config())]

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            LocalServerError: a port is in use, or the server ended at once.
        """
        require_free(self.port, "nats-server")
        require_free(self.monitor_port, "nats-server's monitor")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "nats-server.log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        if not wait_open(self.port, START_SECONDS, self.is_alive, self.host):
            tail = (self.folder / "nats-server.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise LocalServerError(f"nats-server did not start: {' '.join(tail) or 'no output'}.")

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def write_error(self) -> str:
        """Return the error after which a stream takes no more writes until the server is started again; else nothing.

        Nothing is returned either while the disk has no room: a new start would fail on the same error.
        """
        if shutil.disk_usage(self.folder / "jetstream").free < ROOM_BYTES:
            return ""
        try:
            with urlopen(f"http://{HOST}:{self.monitor_port}/healthz", timeout=HEALTH_SECONDS):
                return ""
        except HTTPError as answer:
            said = str(json.loads(answer.read()).get("error", ""))
            return said if WRITE_ERROR in said else ""
        except (OSError, ValueError):
            return ""

    def stop(self) -> None:
        """Ask the server to end and wait for it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server without warning (kill -9)."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, number)
            self._process.wait(20)
