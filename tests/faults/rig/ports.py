"""Ports for a mesh of one's own."""

import socket

from crossdock_cli.layout import HOST, LAST_OFFSET

FIRST_BASE, LAST_BASE = 30_000, 39_900


def free_base() -> int:
    """Return a base port whose hundred ports nothing listens on.

    Raises:
        OSError: there is none.
    """
    for base in range(FIRST_BASE, LAST_BASE, LAST_OFFSET + 1):
        if all(_is_free(base + offset) for offset in range(LAST_OFFSET + 1)):
            return base
    raise OSError(f"no hundred free ports between {FIRST_BASE} and {LAST_BASE}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
