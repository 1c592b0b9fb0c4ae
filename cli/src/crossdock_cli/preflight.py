"""Checks made before anything is started: each failure is one sentence that says what to do."""

import shutil
import socket
import sys
import warnings
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import HOST, LAST_OFFSET, LINK, MONITOR, NATS, POSTGRES, SANDBOX, SMTP, Layout

OLDEST_PYTHON = (3, 11)
DISK_BYTES = 1 << 30
RESERVED, HIGHEST = 1024, 65535
NATS_PORT, POSTGRES_PORT = 4222, 5432
ANSWER_SECONDS = 3.0


def check(layout: Layout) -> None:
    """Check that the mesh can start here.

    Raises:
        CliError: it cannot; the text says why and what to do.
    """
    services = layout.services()
    _python(sys.version_info[:2])
    _range(layout.base_port)
    _folder(layout.folder)
    _disk(layout.folder)
    _packages([*services, *(["sandbox"] if layout.with_sandbox else [])])
    _servers(layout)
    _answers(layout.nats_url, NATS_PORT, "broker", "--nats-url")
    _answers(layout.database_url, POSTGRES_PORT, "database server", "--database-url")
    for port, what in ports(layout):
        _free(port, what)


def ports(layout: Layout) -> list[tuple[int, str]]:
    """Return every port the mesh will bind, and for what."""
    wanted = (
        [] if layout.nats_url else [(layout.port(NATS), "nats-server"), (layout.port(MONITOR), "nats-server's monitor")]
    )
    wanted += [(layout.port(LINK), "the regions' links")] if layout.regions else []
    wanted += [] if layout.database_url else [(layout.port(POSTGRES), "PostgreSQL")]
    wanted += [(layout.port(SANDBOX), "the sandbox"), (layout.port(SMTP), "the mailbox")] if layout.with_sandbox else []
    return wanted + [(layout.service_port(name), name) for name in layout.services()]


def _fail(text: str) -> CliError:
    return CliError(text, Exit.PREFLIGHT)


def _python(version: tuple[int, ...]) -> None:
    if version < OLDEST_PYTHON:
        found = ".".join(str(part) for part in version)
        raise _fail(f"Python {found} found, 3.11 or newer is needed: run `make setup` with a newer one.")


def _range(base: int) -> None:
    if not RESERVED <= base <= HIGHEST - LAST_OFFSET:
        raise _fail(
            f"Base port {base} leaves no room: choose one from {RESERVED} to {HIGHEST - LAST_OFFSET} with --base-port."
        )


def _folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise _fail(
            f"{folder} cannot be written ({error.strerror}): choose another folder with --state-dir."
        ) from error


def _disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES:
        raise _fail(
            f"Only {free / (1 << 20):.0f} MiB are free on the disk of {folder}, 1 GiB is needed: free some, or choose "
            "another folder with --state-dir."
        )


def _packages(names: list[str]) -> None:
    missing = [name for name in names if find_spec(name.replace("-", "_")) is None]
    if missing:
        raise _fail(f"{', '.join(missing)} is not installed: run `make setup`.")


def _servers(layout: Layout) -> None:
    from chassis.local import LocalServerError

    try:
        if layout.nats_url is None:
            from chassis.local.nats import binary

            binary()
        if layout.database_url is None:
            from chassis.local import Postgres

            with warnings.catch_warnings(
                action="ignore"
            ):  # the server's package remarks on XDG variables it does not need
                Postgres(folder=layout.folder / "postgres", port=layout.port(POSTGRES)).command()
    except LocalServerError as error:
        raise _fail(str(error)) from error
    except ImportError as error:
        raise _fail(
            f"{error.name} is not installed: run `make setup`, or give your own server with --database-url."
        ) from error


def _answers(urls: str | None, default_port: int, what: str, option: str) -> None:
    """Check that one of the servers given as URLs, separated by commas, takes connections."""
    if urls is None:
        return
    for url in urls.split(","):
        parts = urlsplit(url)
        with suppress(OSError), socket.create_connection((parts.hostname, parts.port or default_port), ANSWER_SECONDS):
            return
    servers = ", ".join(urlsplit(url).netloc.rpartition("@")[2] for url in urls.split(","))
    raise _fail(f"No {what} answers at {servers}: start it, or check {option}.")


def _free(port: int, what: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise _fail(
                f"Port {port} for {what} is taken by {_holder(port)}: stop it, or choose other ports with --base-port."
            ) from error


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.laddr
                and connection.laddr.port == port
                and connection.status == psutil.CONN_LISTEN
                and connection.pid
            ):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return "another program"
    return "another program"
