"""What reaches a service's failures from elsewhere: messages redirected to it, and those the broker gave up on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from canonical.topology import Durable
from chassis.consume import Read, Reader, origin_at
from chassis.errors import Permanent
from chassis.failures.fate import Unanswered
from chassis.failures.redirect import redirected
from chassis.work import Work

READ_SECONDS = 5.0


def reading_redirected(reader: Reader) -> Read:
    """Return how messages redirected by other services are read; one nobody here handles is a dead letter."""

    async def read(msg: Msg) -> Work:
        work = reader.work(*redirected(msg))
        if work.keep and not work.handler:
            work.letter = work.keep(Permanent("this service handles no such event", remedy="fix-service"))
        return work

    return read


def reading_given_up(reader: Reader, durables: list[Durable], client: Callable[[], Client]) -> Read:
    """Return how the broker's advisories are read: as the letter of the message they are about."""
    known = {durable.name: durable for durable in durables}

    async def read(msg: Msg) -> Work:
        said = orjson.loads(msg.data)
        durable, sequence = known[said["consumer"]], int(said["stream_seq"])
        tries = int(said.get("deliveries", 1))
        held = await _held(client(), durable.stream, sequence)
        if held is None:
            gone = Permanent("the broker gave up on it and holds it no more", remedy="replay-from-source")
            return reader.kept(b"", replace(origin_at(durable, sequence, "", {}), tries=tries), gone)
        work = reader.work(held.data, origin_at(durable, sequence, held.subject, held.headers or {}))
        if work.keep:
            why = said.get("reason") or f"delivered {tries} times without an answer"
            work.letter = work.keep(Unanswered(f"the broker gave up: {why}"))
        return work

    return read


async def _held(client: Client, stream: str, sequence: int) -> Any:  # noqa: ANN401  nats-py's raw message
    try:
        return await client.jetstream(timeout=READ_SECONDS).get_msg(stream, sequence, direct=True)
    except NotFoundError:
        return None
