"""Reading the domain streams with the operator's credential: bounded reads of what is there, and a live tail."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from canonical.federation import part_of
from canonical.subjects import ROOT
from canonical.topology import inbox_prefix, load

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import Layout

BATCH = 500
FETCH_SECONDS = 2.0
PATIENCE_SECONDS, RETRY_SECONDS = 15.0, 0.2  # brokers choose a new leader within nine seconds
NO_SUCH_STREAM = 10059  # the broker's own error code
IDLE_SECONDS = 60.0
USER = "operator"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event as it lies in its stream."""

    stream: str
    sequence: int
    envelope: dict[str, Any]

    @property
    def id(self) -> str:
        """Identity of the event."""
        return str(self.envelope.get("id", ""))

    @property
    def type(self) -> str:
        """`domain.event.vN`."""
        return str(self.envelope.get("type", ""))

    @property
    def service(self) -> str:
        """The service that published it."""
        return str(self.envelope.get("source", "")).rsplit("/", 1)[-1]

    @property
    def correlation(self) -> str:
        """The business transaction, usually the order."""
        return str(self.envelope.get("correlationid", ""))

    @property
    def recorded(self) -> datetime:
        """When the mesh recorded it."""
        return datetime.fromisoformat(str(self.envelope["recordedtime"]))

    @property
    def data(self) -> dict[str, Any]:
        """The event itself."""
        found = self.envelope.get("data")
        return found if isinstance(found, dict) else {}


@contextlib.asynccontextmanager
async def operator(layout: Layout) -> AsyncIterator[Client]:
    """Give a connection that may look and change nothing.

    Raises:
        CliError: the broker does not answer or refuses the credential.
    """
    password = layout.broker_secrets / f"nats-{USER}.password"
    credential = {"user": USER, "password": password.read_text().strip()} if password.exists() else {}
    try:
        client = await nats.connect(
            layout.broker_url().split(","),
            inbox_prefix=inbox_prefix(USER).encode(),
            allow_reconnect=False,
            connect_timeout=3,
            error_cb=_quiet,
            **credential,
        )
    except (NatsError, OSError) as error:
        why = str(error) or "no answer"
        raise CliError(f"The broker at {layout.broker_url()} cannot be read: {why}.", Exit.NOT_RUNNING) from error
    try:
        yield client
    finally:
        await client.close()


async def _quiet(_: Exception) -> None:
    """Connection errors reach the caller as exceptions; nats-py's own print of them would be a second one."""


def domain_streams(layout: Layout) -> list[str]:
    """Return the streams of a mesh that hold events."""
    return [name for name, stream in part_of(load(), layout.place).streams.items() if stream.domain]


def pattern(event_type: str) -> str:
    """Return the stored subjects of one event type, of whatever region."""
    return f"{ROOT}.*.{event_type}.*.*"


async def read_stream(
    client: Client, stream: str, *, since: datetime, subjects: Sequence[str] = ()
) -> AsyncIterator[Fact]:
    """Yield what a stream holds since a moment, in order, up to its end as it is now.

    Brokers that keep a stream together answer "unavailable" while its consumer finds its place, and lose the consumer
    with the broker that held it: the reading goes on behind the last event it has.

    Raises:
        nats.errors.Error: the stream could not be read on for `PATIENCE_SECONDS`.
    """
    js = client.jetstream(timeout=FETCH_SECONDS)
    start: dict[str, Any] = {
        "deliver_policy": DeliverPolicy.BY_START_TIME,
        "opt_start_time": since.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    last = time.monotonic()
    while True:
        try:
            async for fact in _to_the_end(js, stream, start, subjects):
                start = {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": fact.sequence + 1}
                yield fact
                last = time.monotonic()
        except (ServiceUnavailableError, NoRespondersError, NotFoundError, TimeoutError) as error:
            if getattr(error, "err_code", None) == NO_SUCH_STREAM:
                return
            if time.monotonic() > last + PATIENCE_SECONDS:
                raise
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


async def _to_the_end(
    js: JetStreamContext, stream: str, start: dict[str, Any], subjects: Sequence[str]
) -> AsyncIterator[Fact]:
    config = ConsumerConfig(
        **start,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=IDLE_SECONDS,
        mem_storage=True,
        filter_subjects=list(subjects) or None,
    )
    info = await js.add_consumer(stream, config)
    left = info.num_pending or 0
    if not left:
        return
    pull = await js.pull_subscribe_bind(consumer=info.name, stream=stream)
    try:
        while left > 0:
            for message in await pull.fetch(min(BATCH, left), timeout=FETCH_SECONDS):
                left -= 1
                yield Fact(stream, message.metadata.sequence.stream, json.loads(message.data))
    finally:
        await pull.unsubscribe()


async def read_types(layout: Layout, types: Sequence[str], since: datetime) -> list[Fact]:
    """Return all events of some types since a moment.

    Raises:
        CliError: the broker cannot be read.
    """
    by_stream: dict[str, list[str]] = {}
    for event_type in types:
        stream = load().stream_of(event_type.split(".", 1)[0])
        by_stream.setdefault(stream, []).append(pattern(event_type))
    async with operator(layout) as client, _readable():
        return [
            fact
            for stream, subjects in by_stream.items()
            async for fact in read_stream(client, stream, since=since, subjects=subjects)
        ]


async def read_transaction(layout: Layout, wanted: str, hours: float) -> list[Fact]:
    """Return every event of the business transaction an id belongs to.

    `wanted` is a correlation id or a unique start of one; else any number its events carry (shipment, tracking number).

    Raises:
        CliError: nothing is found, or several transactions fit.
    """
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with operator(layout) as client, _readable():
        facts = [fact for name in domain_streams(layout) async for fact in read_stream(client, name, since=since)]
    correlation = choose(facts, wanted)
    chosen = [fact for fact in facts if fact.correlation == correlation]
    return sorted(chosen, key=lambda fact: (fact.recorded, fact.stream, fact.sequence))


def choose(facts: Sequence[Fact], wanted: str) -> str:
    """Return the one business transaction that an id means.

    Raises:
        CliError: nothing is found, or several transactions fit.
    """
    known = {fact.correlation for fact in facts}
    if wanted in known:
        return wanted
    fitting = {correlation for correlation in known if correlation.startswith(wanted)}
    fitting = fitting or {fact.correlation for fact in facts if _mentions(fact.data, wanted)}
    if len(fitting) == 1:
        return fitting.pop()
    if fitting:
        some = ", ".join(sorted(fitting)[:5])
        raise CliError(f"{wanted} fits {len(fitting)} orders ({some} ...): give more of the number.", Exit.USAGE)
    raise CliError(
        f"No event of {wanted} was found: check the number, or look further back with --hours.", Exit.UNCLEAN
    )


def _mentions(value: Any, wanted: str) -> bool:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return any(_mentions(item, wanted) for item in value.values())
    if isinstance(value, list):
        return any(_mentions(item, wanted) for item in value)
    return bool(value == wanted)


@contextlib.asynccontextmanager
async def _readable() -> AsyncIterator[None]:
    try:
        yield
    except (NatsError, APIError, TimeoutError) as error:
        raise CliError(f"The streams cannot be read: {str(error) or 'no answer'}.", Exit.NOT_RUNNING) from error


async def tail(client: Client, layout: Layout, *, last: int) -> AsyncIterator[Fact]:
    """Yield new events of every domain as they come, after the `last` most recent ones of each stream."""
    js = client.jetstream(timeout=FETCH_SECONDS)
    async for stream, message in _merged([(name, js) for name in domain_streams(layout)], last):
        yield Fact(stream, message.metadata.sequence.stream, json.loads(message.data))


async def _merged(streams: Sequence[tuple[str, JetStreamContext]], last: int) -> AsyncIterator[tuple[str, Any]]:
    queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(maxsize=10_000)

    def into(name: str) -> Any:  # noqa: ANN401  a nats-py callback
        async def put(message: Any) -> None:  # noqa: ANN401
            await queue.put((name, message))

        return put

    for name, js in streams:
        end = (await js.stream_info(name)).state.last_seq
        config = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=max(1, end - last + 1))
        await js.subscribe(">", stream=name, ordered_consumer=True, config=config, cb=into(name))
    while True:
        yield await queue.get()
