"""Free ports for tests that bind some."""

import socket

import pytest


@pytest.fixture
def base_port() -> int:
    """A base whose next hundred ports are unlikely to be taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return port if port < 65_000 else port - 1_000
