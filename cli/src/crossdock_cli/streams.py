"""What the streams lost of what was published, and how it comes back: durables set back, then published again."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from canonical.federation import part_of
from canonical.topology import Topology, load
from chassis import rebase
from chassis.administrator import administrator
from chassis.errors import StartupError
from chassis.provision import provision_blocking

from crossdock_cli.failures import CliError, Exit
from crossdock_cli.layout import Layout
from crossdock_cli.mesh import Mesh
from crossdock_cli.web import NoAnswer, call

ADMINISTRATOR = "provisioner"
CHECK_SECONDS = 120.0
PAUSE_SECONDS = 0.3

OnWait = Callable[[str], None]


@dataclass(slots=True)
class StreamCheck:
    """One stream: what its publishers were promised, what it holds, who no longer hears it."""

    stream: str
    last: int | None = None
    highest_acknowledged: int = 0
    waiting: int = 0
    is_suspected: bool = False
    lost: dict[str, int] = field(default_factory=dict)
    reused_from: int | None = None
    event_ids: list[str] = field(default_factory=list)
    deaf: list[str] = field(default_factory=list)

    @property
    def lost_count(self) -> int:
        """Events lost, of all publishers."""
        return sum(self.lost.values())

    @property
    def is_missing(self) -> bool:
        """Whether the broker has no such stream though something was published to it."""
        return self.last is None

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost and nobody is deaf."""
        return not (self.lost or self.deaf or self.is_missing or self.is_suspected)

    def as_json(self) -> dict[str, Any]:
        """Return the check for scripts."""
        return {**asdict(self), "is_missing": self.is_missing, "is_clean": self.is_clean}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a repair will do."""

    missing: list[str]
    moves: list[rebase.Move]
    lost: dict[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to repair."""
        return not (self.missing or self.moves or self.lost)


@asynccontextmanager
async def provisioner(layout: Layout) -> AsyncIterator[JetStreamContext]:
    """Give JetStream as the provisioner sees it.

    Raises:
        CliError: the broker does not answer or refuses.
    """
    try:
        async with administrator(layout.broker_url(), ADMINISTRATOR, _password(layout)) as js:
            yield js
    except StartupError as error:
        raise CliError(f"{error} Check that it runs: crossdock status.", Exit.NOT_RUNNING) from error
    except NatsError as error:
        raise CliError(f"The broker refused: {error}.", Exit.UNCLEAN) from error


def _password(layout: Layout) -> str:
    path = layout.broker_secrets / f"nats-{ADMINISTRATOR}.password"
    return path.read_text().strip() if path.exists() else ""


def _ask(mesh: Mesh, service: str, method: str, path: str) -> dict[str, Any]:
    try:
        answer = call(method, f"{mesh.url(service)}/durability{path}", timeout=CHECK_SECONDS)
    except NoAnswer as error:
        raise CliError(f"{service} does not answer: see `crossdock status`.", Exit.NOT_RUNNING) from error
    if not answer.ok:
        raise CliError(f"{service} answered {answer.status}: {answer.fields().get('detail')}", Exit.UNCLEAN)
    return answer.fields()


async def check(mesh: Mesh) -> list[StreamCheck]:
    """Have every service compare its outbox with the streams now, and look at every durable.

    Raises:
        CliError: the broker or a service does not answer.
    """
    checks: dict[str, StreamCheck] = {}
    for service in mesh.layout.services():
        for said in _ask(mesh, service, "POST", "/check")["streams"]:
            found = checks.setdefault(said["stream"], StreamCheck(said["stream"], last=said["last_in_stream"]))
            _add(found, service, said)
    async with provisioner(mesh.layout) as js:
        for position in await rebase.positions(js, rebase.every_durable(load(), mesh.layout.region)):
            found = checks.setdefault(position.stream, StreamCheck(position.stream))
            found.last = position.last
            if position.is_deaf:
                found.deaf.append(position.durable)
    return sorted(checks.values(), key=lambda found: found.stream)


def _add(found: StreamCheck, service: str, said: dict[str, Any]) -> None:
    found.highest_acknowledged = max(found.highest_acknowledged, said["highest_acknowledged"])
    found.waiting += said["waiting"]
    found.is_suspected = found.is_suspected or said["suspected_since"] is not None
    if lost := said["lost"]:
        found.lost[service] = lost["count"]
        if lost["reused_from"] is not None:
            found.reused_from = min(lost["reused_from"], found.reused_from or lost["reused_from"])
        found.event_ids += lost["event_ids"]


async def plan(mesh: Mesh, checks: list[StreamCheck]) -> Plan:
    """Return what a repair of these findings will do: streams to make, durables to set back, events to publish."""
    reused_from = {found.stream: found.reused_from for found in checks if found.reused_from is not None}
    async with provisioner(mesh.layout) as js:
        found = await rebase.positions(js, rebase.every_durable(load(), mesh.layout.region))
    missing = [found.stream for found in checks if found.is_missing]
    return Plan(missing, rebase.plan(found, reused_from), {c.stream: c.lost_count for c in checks if c.lost})


def make_missing(mesh: Mesh) -> None:
    """Make the streams and durables that are missing.

    Raises:
        CliError: the broker refuses.
    """
    layout = mesh.layout
    password = layout.broker_secrets / f"nats-{ADMINISTRATOR}.password"
    try:
        provision_blocking(layout.broker_url(), password, layout.region, layout.place, layout.nats_replicas)
    except StartupError as error:
        raise CliError(str(error), Exit.UNCLEAN) from error


async def feed_anew(mesh: Mesh, stream: str) -> None:
    """Remove a hub's stream and make it again, so that it gets everything the regions have.

    Raises:
        CliError: this is no hub, or the stream is none that regions feed.
    """
    fed = [name for name, one in part_of(load(), mesh.layout.place).streams.items() if one.sources]
    if stream not in fed:
        raise CliError(f"No region feeds {stream} here: choose from {', '.join(fed) or 'a hub'}.", Exit.USAGE)
    async with provisioner(mesh.layout) as js:
        with contextlib.suppress(NotFoundError):
            await js.delete_stream(stream)


async def repair(mesh: Mesh, planned: Plan) -> dict[str, int]:
    """Set the durables back, then have every service publish what was lost; returns how many of each stream."""
    async with provisioner(mesh.layout) as js:
        for move in planned.moves:
            await rebase.apply(js, move)
    republished: dict[str, int] = {}
    for service in mesh.layout.services() if planned.lost else []:
        for stream, count in _ask(mesh, service, "POST", "/republish")["republished"].items():
            republished[stream] = republished.get(stream, 0) + count
    return republished


def wait_published(mesh: Mesh, *, timeout: float, on_wait: OnWait | None = None) -> None:
    """Wait until no outbox holds an unpublished event.

    Raises:
        CliError: one still does when the time is over.
    """
    deadline = time.monotonic() + timeout
    while waiting := _waiting(mesh):
        if on_wait:
            on_wait(waiting)
        if time.monotonic() > deadline:
            raise CliError(f"Not everything is published after {timeout:.0f} s: {waiting}.", Exit.TIMEOUT)
        time.sleep(PAUSE_SECONDS)


def _waiting(mesh: Mesh) -> str:
    """Return what still waits to be published, for people; a service that is starting again may have something."""
    found = []
    for service in mesh.layout.services():
        try:
            count = sum(said["waiting"] for said in _ask(mesh, service, "GET", "")["streams"])
        except CliError as error:
            found.append(str(error))
        else:
            found += [f"{count} events of {service}"] if count else []
    return ", ".join(found)


async def rewind(mesh: Mesh, service: str, moment: datetime, *, do: bool) -> list[rebase.Move]:
    """Return the moves that take a service's durables back to a moment; `do` makes them.

    Raises:
        CliError: there is no such service, or the broker refuses.
    """
    topology: Topology = load()
    if service not in topology.services:
        raise CliError(f"There is no service {service}: choose from {', '.join(topology.services)}.", Exit.USAGE)
    async with provisioner(mesh.layout) as js:
        moves = await rebase.rewind(js, rebase.durables_of(topology, service, mesh.layout.region), moment)
        for move in moves if do else []:
            await rebase.apply(js, move)
    return moves
