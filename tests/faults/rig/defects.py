"""Seeded defects: what a service would do if one promise of the chassis were not kept.

Each is put into a process of the rig before its service is built, never into the product; the suite must see them all.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from nats.aio.msg import Msg

import chassis.failures.fate as fate
import chassis.rows as rows
import chassis.service as service
from chassis.commit import Committer
from chassis.consume import Consumer
from chassis.failures.keeper import Keeper
from chassis.outbox import Relay
from chassis.sql import transaction
from chassis.work import Work


def replace(where: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put something else in the place of what has this name.

    Raises:
        AttributeError: there is no such thing any more, so the defect would be none.
    """
    setattr(where, name, make(getattr(where, name)))


def ack_before_commit() -> None:
    """A message is acknowledged when it arrives."""

    def make(handle: Any) -> Any:
        async def handle_one(self: Consumer, msg: Msg) -> None:
            await msg.ack()
            await handle(self, msg)

        return handle_one

    replace(Consumer, "_handle_one", make)


def publish_before_commit() -> None:
    """Events go to the broker from within the transaction, without an outbox."""
    relays: list[Relay] = []

    def make_start(start: Any) -> Any:
        def started(self: Relay, client: Any) -> None:
            relays.append(self)
            start(self, client)

        return started

    def make_add(_: Any) -> Any:
        async def add_outbox(_: Any, added: Sequence[Any]) -> None:
            for row in added:
                await relays[0]._connected().publish(row.subject, row.payload)

        return add_outbox

    replace(Relay, "start", make_start)
    replace(rows, "add_outbox", make_add)


def inbox_outside_the_transaction() -> None:
    """The inbox is written, and committed, before the state."""

    def make(claim: Any) -> Any:
        async def claim_alone(self: Committer, _: Any, works: Sequence[Work]) -> Any:
            async with transaction(self._engine) as session:
                return await claim(self, session, works)

        return claim_alone

    replace(Committer, "_claim", make)


def dedupe_by_broker_only() -> None:
    """There is no inbox: what the broker delivers is new."""

    def make(_: Any) -> Any:
        async def claim(_: Any, keys: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
            return keys

        return claim

    replace(rows, "claim", make)


def ids_anew_on_retry() -> None:
    """Every try to publish an event has an id of its own."""

    def make(request: Any) -> Any:
        async def request_anew(self: Relay, row: Any, headers: dict[str, str]) -> Any:
            return await request(self, row, headers | {"Nats-Msg-Id": str(uuid.uuid4())})

        return request_anew

    def make_headers(headers: Any) -> Any:
        def headers_anew(*values: Any) -> dict[str, str]:
            return headers(*values) | {"Nats-Msg-Id": str(uuid.uuid4())}

        return staticmethod(headers_anew)

    replace(Relay, "_request", make)
    replace(Relay, "_headers", make_headers)


def retry_without_delay() -> None:
    """A message that failed is tried again at once."""
    replace(fate, "delay", lambda _: lambda *_: 0.0)


def unbounded_tries() -> None:
    """A bug is tried for ever."""
    replace(fate, "BUG_TRIES", lambda _: 10**9)


def followers_overtake() -> None:
    """Nothing waits behind a message of its key that is to be tried again."""
    replace(Keeper, "put_behind", lambda _: lambda *_: None)


def answer_before_store() -> None:
    """A webhook is answered before it is kept."""

    def make(accept: Any) -> Any:
        async def accept_later(self: service.Service, *values: Any, **deps: Any) -> tuple[()]:
            self._tasks.append(asyncio.create_task(accept(self, *values, **deps)))
            return ()

        return accept_later

    replace(service.Service, "accept", make)


DEFECTS: dict[str, Callable[[], None]] = {
    "ack before commit": ack_before_commit,
    "publish before commit": publish_before_commit,
    "inbox check outside the transaction": inbox_outside_the_transaction,
    "dedupe by broker only": dedupe_by_broker_only,
    "ids anew on retry": ids_anew_on_retry,
    "retry without delay": retry_without_delay,
    "unbounded tries of a bug": unbounded_tries,
    "followers of a failed message overtake": followers_overtake,
    "2xx before store": answer_before_store,
}


def apply(name: str) -> None:
    """Put a defect into this process.

    Raises:
        KeyError: there is no such defect.
    """
    DEFECTS[name]()
