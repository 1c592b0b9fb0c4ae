"""TCP ports on loopback."""

import contextlib
import random
import socket
import time
from collections.abc import Callable

from chassis.local.errors import LocalServerError

HOST = "127.0.0.1"
CHOSEN_FROM = range(10_000, 20_000)


def is_open(port: int, host: str = HOST) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def require_free(port: int, what: str) -> None:
    """Check that a port can be bound.

    Raises:
        LocalServerError: something else uses it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise LocalServerError(
                f"Port {port} for {what} is in use: stop what uses it or choose another base port."
            ) from error


def free_port() -> int:
    """Return a port that is free now, of those that no system takes for outgoing connections.

    Raises:
        LocalServerError: there is none.
    """
    for port in random.sample(CHOSEN_FROM, 100):
        with contextlib.suppress(LocalServerError):
            require_free(port, "a test")
            return port
    raise LocalServerError(f"No port between {CHOSEN_FROM.start} and {CHOSEN_FROM.stop} is free.")


def wait_open(port: int, seconds: float, alive: Callable[[], bool], host: str = HOST) -> bool:
    """Wait until something listens on the port; gives up when `alive()` turns false."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        if is_open(port, host):
            return True
        time.sleep(0.01)
    return is_open(port, host)
