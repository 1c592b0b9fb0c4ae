"""A connection of the provisioner: the one user who may make streams and durables, and set durables back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from canonical.topology import inbox_prefix
from chassis.broker import OLDEST_SERVER, trust
from chassis.errors import StartupError

API_SECONDS = 10.0
CONNECT_TRIES = 3


async def _ignore(_: Exception) -> None:
    """What a try to connect says; the last one is raised."""


@asynccontextmanager
async def administrator(
    url: str, user: str, password: str, ca_file: Path | None = None
) -> AsyncIterator[JetStreamContext]:
    """Give JetStream as this user may use it.

    Raises:
        StartupError: the broker cannot be reached, refuses the user, or is too old.
    """
    try:
        client = await nats.connect(
            url.split(","),
            user=user,
            password=password,
            inbox_prefix=inbox_prefix(user),
            connect_timeout=5,
            max_reconnect_attempts=CONNECT_TRIES,
            reconnect_time_wait=0.5,
            error_cb=_ignore,
            tls=trust(ca_file),
        )
    except (NatsError, OSError) as error:
        raise StartupError(f"The broker at {url} cannot be provisioned: {str(error) or 'no answer'}.") from error
    try:
        version = client.connected_server_version
        if (version.major, version.minor, version.patch) < OLDEST_SERVER:
            raise StartupError(f"nats-server 2.15.1 or newer is needed, the server is {version}: upgrade it.")
        yield client.jetstream(timeout=API_SECONDS)
    finally:
        await client.close()
