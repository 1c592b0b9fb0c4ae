"""The broker connection of a service: its own credential, its own inbox prefix, and an end when it is closed."""

import asyncio
import logging
import os
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.annotations import NatsMessage
from faststream.security import SASLPlaintext
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from chassis.errors import StartupError
from chassis.ownership import Ownership
from chassis.pull import BATCH, MeshBatchSubscriber, adopt
from chassis.settings import Settings
from chassis.telemetry import Metrics

log = logging.getLogger(__name__)

CLOSED_EXIT = 70  # EX_SOFTWARE: a supervisor starts the process again
CONNECT_SECONDS = 5
WATCH_SECONDS = 1.0
OLDEST_SERVER = (2, 15, 1)


def trust(ca_file: Path | None) -> ssl.SSLContext | None:
    """Return what verifies the broker's certificate; None for a broker without one.

    Raises:
        StartupError: the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file) if ca_file else None
    except OSError as error:
        raise StartupError(f"The broker's authority {ca_file} cannot be used: {error}.") from error


class Broker:
    """FastStream's NATS broker, made safe: every durable through `MeshBatchSubscriber`, closed means ended."""

    def __init__(
        self,
        service: str,
        settings: Settings,
        metrics: Metrics,
        ownership: Ownership,
        may_pull: Callable[[], bool],
    ) -> None:
        self._ownership, self._may_pull = ownership, may_pull
        self._service, self._settings, self._metrics = service, settings, metrics
        self._stopping = False
        self._watching: asyncio.Task[None] | None = None
        self._denials: deque[str] = deque(maxlen=100)
        self._subscribers: list[MeshBatchSubscriber] = []
        self.prefix = f"_INBOX_{service.replace('-', '_')}"
        self.faststream = NatsBroker(
            settings.nats_url.split(","),
            security=self._security(),
            name=service,
            apply_types=False,
            inbox_prefix=self.prefix,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=10,
            allow_reconnect=True,
            pending_size=32 * 1024 * 1024,
            closed_cb=self._closed,
            error_cb=self._error,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            logger=None,
        )

    def _security(self) -> SASLPlaintext | None:
        try:
            password = self._settings.nats_password()
        except OSError as error:
            raise StartupError(
                f"The broker password cannot be read: {error}. Check CROSSDOCK_NATS_PASSWORD_FILE."
            ) from error
        if password is None:
            return None
        user = self._settings.nats_user or self._service
        return SASLPlaintext(username=user, password=password, ssl_context=trust(self._settings.nats_ca_file))

    def consume(self, *, stream: str, durable: str, handle: Callable[[Sequence[Msg]], Awaitable[None]]) -> None:
        """Bind a durable made by the provisioner; batches go to `handle`, which acknowledges each message."""

        async def undecoded(message: NatsMessage) -> Any:  # noqa: ANN401  a batch subscriber's raw message is a list
            return message.raw_message

        async def on_batch(messages: list[Msg]) -> None:
            await handle(messages)

        subscriber = self.faststream.subscriber(
            f"{stream}.{durable}",
            stream=JStream(stream, declare=False),
            durable=durable,
            pull_sub=PullSub(BATCH, batch=True),
            ack_policy=AckPolicy.MANUAL,
            inbox_prefix=self.prefix.encode(),
            decoder=undecoded,
            title=durable,
        )
        subscriber(on_batch)
        self._subscribers.append(adopt(subscriber, self._ownership, self._may_pull))

    @property
    def client(self) -> Client:
        """The open connection."""
        connection: Client = self.faststream.config.connection_state.connection
        return connection

    async def connect(self) -> None:
        """Open the connection and check the server.

        Raises:
            StartupError: no server answers, it refuses us, or it is too old.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self.faststream.connect()
        except (TimeoutError, OSError, NatsError) as error:
            why = str(error) or "no answer"
            raise StartupError(
                f"The broker at {self._settings.nats_url} cannot be used by {self._service}: {why}. "
                "Check CROSSDOCK_NATS_URL."
            ) from error
        version = self.client.connected_server_version
        if (version.major, version.minor, version.patch) < OLDEST_SERVER:
            raise StartupError(f"nats-server 2.15.1 or newer is needed, the server is {version}: upgrade it.")

    async def start(self) -> None:
        """Start pulling."""
        await self.faststream.start()
        self._watching = asyncio.create_task(self._watch(), name="broker-watch")

    async def _watch(self) -> None:
        """End the process when the client gave up for good: not every way it does so calls `closed_cb`."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            reconnecting = self.client._reconnection_task
            gave_up = not self.client.is_connected and reconnecting is not None and reconnecting.done()
            if self.client.is_closed or gave_up:
                await self._closed()

    async def stop(self) -> None:
        """Stop pulling, finish what is in hand; the connection stays open for the last publishes."""
        self._stopping = True
        await asyncio.gather(*(subscriber.stop() for subscriber in self._subscribers))

    async def close(self) -> None:
        """Close the connection; one that is broken just now has nothing left to send."""
        if self._watching:
            self._watching.cancel()
        try:
            await self.faststream.stop()
        except NatsError as error:
            log.warning("broker_not_drained", extra={"error": repr(error)})
            await self.client.close()

    def denial(self, subject: str) -> str | None:
        """Return the broker's own words if it refused this subject lately; it sends no answer to the publisher."""
        return next((text for text in self._denials if f'"{subject.lower()}"' in text), None)

    def missing(self) -> list[str]:
        """Return the durables the broker does not have."""
        return [s.durable.name for s in self._subscribers if hasattr(s, "durable") and s.durable.missing]

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up."""
        return self.client.is_connected

    async def _closed(self) -> None:
        if not self._stopping:
            log.critical(
                "broker_connection_closed", extra={"action": "the process ends; its supervisor starts it again"}
            )
            logging.shutdown()
            os._exit(CLOSED_EXIT)

    async def _disconnected(self) -> None:
        log.warning("broker_disconnected")

    async def _reconnected(self) -> None:
        log.info("broker_reconnected")
        for subscriber in self._subscribers:
            if hasattr(subscriber, "durable"):
                subscriber.durable.reconnected()

    async def _error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            self._metrics.denied.inc()
            self._denials.append(str(error))
            log.error("broker_denied", extra={"error": str(error), "owner": self._service})
        else:
            log.warning("broker_error", extra={"error": repr(error)})
