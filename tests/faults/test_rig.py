"""The rig does what it says: a fault that does not hit would let every test pass."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from rig.proxy import HOST, Proxy
from rig.volume import MIB, needs_volume, volume

pytestmark = pytest.mark.faults

PATIENCE = 0.3


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    server = socket.create_server((HOST, 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
            except ConnectionError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield int(server.getsockname()[1])
    server.shutdown(socket.SHUT_RDWR)
    server.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    """A proxy before the echo."""
    with Proxy(echo) as proxy:
        yield proxy


def dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=5)


def said_back(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return heard(connection, len(data))


def heard(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count and (data := connection.recv(count - len(found))):
        found += data
    return found


def test_link_that_is_up_forwards(proxy: Proxy) -> None:
    with dial(proxy) as connection:
        assert said_back(connection, b"x" * 100_000) == b"x" * 100_000


def test_slow_link_delays(proxy: Proxy) -> None:
    proxy.slow(delay_seconds=0.1, jitter_seconds=0.05)
    with dial(proxy) as connection:
        began = time.monotonic()
        assert said_back(connection, b"x") == b"x"
        assert time.monotonic() - began >= 0.2


def test_narrow_link_limits_the_rate(proxy: Proxy) -> None:
    proxy.slow(bytes_per_second=100_000)
    with dial(proxy) as connection:
        began = time.monotonic()
        assert said_back(connection, b"x" * 30_000) == b"x" * 30_000
        assert time.monotonic() - began >= 0.3


def test_cut_ends_a_connection_in_the_middle_of_a_frame(proxy: Proxy) -> None:
    with dial(proxy) as connection, dial(proxy) as other:
        proxy.cut_after(10)
        connection.sendall(b"x" * 8)
        assert heard(connection, 8) == b"xx"
        assert said_back(other, b"y") == b"y"


def test_frozen_link_keeps_what_was_sent_until_it_is_healed(proxy: Proxy) -> None:
    with dial(proxy) as connection:
        proxy.freeze()
        connection.sendall(b"x")
        connection.settimeout(PATIENCE)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        proxy.heal()
        connection.settimeout(5)
        assert heard(connection, 1) == b"x"


def test_refused_link_resets_old_and_new_connections(proxy: Proxy) -> None:
    with dial(proxy) as connection:
        assert said_back(connection, b"x") == b"x"
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
        with pytest.raises(ConnectionError), dial(proxy) as new:
            new.recv(1)
        proxy.heal()
        with dial(proxy) as new:
            assert said_back(new, b"x") == b"x"


@needs_volume
def test_full_volume_takes_nothing_until_it_is_freed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("volume")
    with volume(folder / "image", folder / "at", 32 * MIB) as disk:
        disk.fill()
        with pytest.raises(OSError, match="No space"):
            (disk.at / "file").write_bytes(b"x" * 65536)
        disk.free()
        (disk.at / "file").write_bytes(b"x" * 65536)
    assert not disk.at.is_mount()
    assert not disk.image.exists()
