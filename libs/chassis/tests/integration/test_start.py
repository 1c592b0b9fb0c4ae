"""A service that cannot start says why in one sentence; one that lost its broker for good ends."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import asyncpg
import httpx
import pytest

from chassis import Settings
from chassis.local.nats import NatsServer
from chassis.local.ports import free_port
from chassis.testing import LocalMesh, eventually

pytestmark = pytest.mark.integration

COMMAND = [sys.executable, "-m", "chassis.testing.sample"]
STARTUP_EXIT = 3
CLOSED_EXIT = 70


def environment(settings: Settings, **changed: str) -> dict[str, str]:
    own = {
        "CROSSDOCK_NATS_URL": settings.nats_url,
        "CROSSDOCK_NATS_USER": str(settings.nats_user),
        "CROSSDOCK_NATS_PASSWORD_FILE": str(settings.nats_password_file),
        "CROSSDOCK_DATABASE_URL": settings.database_url,
        "CROSSDOCK_PORT": str(settings.port),
    }
    return os.environ | own | changed


def refused_start(settings: Settings, **changed: str) -> str:
    """Start the sample service, which must refuse; return its one sentence."""
    done = subprocess.run(
        COMMAND, env=environment(settings, **changed), capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stderr.strip().splitlines()
    assert done.returncode == STARTUP_EXIT, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert said[-1].startswith("chassis: "), said
    return said[-1]


@contextmanager
def listening(greeting: bytes = b"") -> Iterator[int]:
    """A TCP server that sends a greeting to everyone and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stop = False

        def greet() -> None:
            held = []
            while not stop:
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                connection.sendall(greeting)
                held.append(connection)

        thread = Thread(target=greet, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        stop = True
        thread.join()


async def test_port_in_use(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    with listening() as port:
        said = refused_start(settings, CROSSDOCK_PORT=str(port))
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert "CROSSDOCK_PORT" in said


async def test_wrong_broker_url(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    said = refused_start(settings, CROSSDOCK_NATS_URL=f"nats://127.0.0.1:{free_port()}")
    assert "CROSSDOCK_NATS_URL" in said


async def test_wrong_broker_password(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    other = str(mesh.nats.passwords["order-release"])
    said = refused_start(settings, CROSSDOCK_NATS_PASSWORD_FILE=other)
    assert "cannot be used by inventory-sync" in said


async def test_password_file_missing(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    assert "CROSSDOCK_NATS_PASSWORD_FILE" in refused_start(settings, CROSSDOCK_NATS_PASSWORD_FILE="/nowhere/at/all")


async def test_old_broker(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    info = b'INFO {"server_id":"X","version":"2.9.0","max_payload":1048576,"headers":true,"jetstream":true}\r\nPONG\r\n'
    with listening(info) as port:
        said = refused_start(settings, CROSSDOCK_NATS_URL=f"nats://127.0.0.1:{port}")
    assert "2.15.1 or newer is needed" in said


async def test_wrong_database_url(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    said = refused_start(settings, CROSSDOCK_DATABASE_URL=mesh.postgres.url("no_such_database"))
    assert "CROSSDOCK_DATABASE_URL" in said


async def test_missing_migration(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    await connection.execute(
        "CREATE TABLE service_version (version_num text); INSERT INTO service_version VALUES ('9')"
    )
    await connection.close()
    assert "a migration file is missing" in refused_start(settings)


async def test_a_database_that_cannot_hold_every_name_is_refused(mesh: LocalMesh) -> None:
    """In SQL_ASCII the service would start, and every message with an umlaut would become a dead letter."""
    settings = await mesh.settings("inventory-sync")
    connection = await asyncpg.connect(mesh.postgres.url("postgres").replace("+asyncpg", ""))
    await connection.execute(
        "CREATE DATABASE narrow ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    await connection.close()
    assert "ENCODING 'UTF8'" in refused_start(settings, CROSSDOCK_DATABASE_URL=mesh.postgres.url("narrow"))


async def test_bad_setting(mesh: LocalMesh) -> None:
    settings = await mesh.settings("inventory-sync")
    assert "CROSSDOCK_PORT cannot be used" in refused_start(settings, CROSSDOCK_PORT="many")


async def test_a_broker_that_closes_the_connection_for_good_ends_the_process(mesh: LocalMesh, tmp_path: Path) -> None:
    """The credential is revoked while the service runs: it must not go on without a broker."""
    own = NatsServer(
        folder=tmp_path, port=free_port(), monitor_port=free_port(), topology=mesh.nats._topology, region="eu"
    )
    own.start()
    settings = await mesh.settings(
        "inventory-sync", nats_url=own.url, nats_password_file=own.passwords["inventory-sync"]
    )
    log_path = tmp_path / "service.log"
    with log_path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(*COMMAND, env=environment(settings), stdout=log, stderr=log)
    try:
        async with httpx.AsyncClient() as client:

            async def live() -> bool:
                try:
                    return (await client.get(f"http://127.0.0.1:{settings.port}/health/live")).is_success
                except httpx.TransportError:
                    return False

            await eventually(live)
        own.kill()
        own.passwords["inventory-sync"].write_text("revoked")
        own.start()
        async with asyncio.timeout(40):
            assert await process.wait() == CLOSED_EXIT
        assert "broker_connection_closed" in log_path.read_text()
        assert "Traceback" not in log_path.read_text()
    finally:
        if process.returncode is None:
            process.kill()
        own.stop()
