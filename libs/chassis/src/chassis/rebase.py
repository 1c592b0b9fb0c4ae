"""Durables set back: to where a stream began to reuse sequences, or to where it was at a moment.

A durable whose position lies above the end of its stream is deaf: it waits for sequences that come later, and what
comes before them it never gets. Setting it back is safe at any time: what it delivers again the inbox knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from canonical.topology import Durable, Topology


@dataclass(frozen=True, slots=True)
class Position:
    """How far a durable is in its stream, by stream sequence; `last` is the stream's end."""

    stream: str
    durable: str
    delivered: int
    acknowledged: int
    last: int

    @property
    def is_deaf(self) -> bool:
        """Whether it waits above the end of its stream."""
        return max(self.delivered, self.acknowledged) > self.last


@dataclass(frozen=True, slots=True)
class Move:
    """A durable to be set back so that `to` is the next sequence it delivers."""

    stream: str
    durable: str
    delivered: int
    to: int


async def positions(js: JetStreamContext, durables: Iterable[Durable]) -> list[Position]:
    """Return where durables are; one that is missing, or whose stream is, is left out."""
    ends: dict[str, int] = {}
    found = []
    for durable in durables:
        try:
            if durable.stream not in ends:
                ends[durable.stream] = (await js.stream_info(durable.stream)).state.last_seq
            info = await js.consumer_info(durable.stream, durable.name)
        except NotFoundError:
            continue
        delivered = info.delivered.stream_seq if info.delivered else 0
        floor = info.ack_floor.stream_seq if info.ack_floor else 0
        found.append(Position(durable.stream, durable.name, delivered, floor, ends[durable.stream]))
    return found


def every_durable(topology: Topology, region: str) -> list[Durable]:
    """Return the durables of all services."""
    return [durable for service in topology.services for durable in durables_of(topology, service, region)]


def durables_of(topology: Topology, service: str, region: str) -> list[Durable]:
    """Return all durables of a service: those of events, and those of what failed elsewhere."""
    return [*topology.durables(service, region), *topology.durables_of_failures(service, region)]


def plan(found: Iterable[Position], reused_from: Mapping[str, int]) -> list[Move]:
    """Return which durables must go back: those above the end of their stream, or where it reuses sequences.

    What a deaf durable did not hear cannot be told from its position, so without a point of reuse it hears its whole
    stream again; the inbox, which is kept longer than the stream, drops what it knows.
    """
    moves = []
    for position in found:
        reached = max(position.delivered, position.acknowledged)
        point = reused_from.get(position.stream, 1 if position.is_deaf else reached + 1)
        if reached >= point:
            moves.append(Move(position.stream, position.durable, position.delivered, point))
    return moves


async def apply(js: JetStreamContext, move: Move) -> None:
    """Set one durable back."""
    await js.reset_consumer(move.stream, move.durable, seq=move.to)


async def rewind(js: JetStreamContext, durables: Iterable[Durable], moment: datetime) -> list[Move]:
    """Return the moves that take durables back to what their streams got from `moment` on; none goes forward."""
    starts: dict[str, int] = {}
    moves = []
    for position in await positions(js, durables):
        if position.stream not in starts:
            starts[position.stream] = await sequence_at(js, position.stream, moment)
        if max(position.delivered, position.acknowledged) >= starts[position.stream]:
            moves.append(Move(position.stream, position.durable, position.delivered, starts[position.stream]))
    return moves


async def sequence_at(js: JetStreamContext, stream: str, moment: datetime) -> int:
    """Return the sequence of the first message a stream got at or after a moment; the next one when it got none."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=moment,
        ack_policy=AckPolicy.NONE,
        mem_storage=True,
        inactive_threshold=30.0,
    )
    info = await js.add_consumer(stream, config)
    await js.delete_consumer(stream, info.name)
    return (info.delivered.stream_seq if info.delivered else 0) + 1
