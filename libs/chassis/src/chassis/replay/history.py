"""Reading a stream's past with the least of rights: messages by sequence, subject and time, without a consumer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis.errors import Temporary

BATCH = 256
ANSWER_SECONDS = 5.0
STEADY_TRIES = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it lies in its stream; `at` is when the broker recorded it, `pending` how many follow it."""

    stream: str
    sequence: int
    subject: str
    at: datetime
    data: bytes
    pending: int = 0

    @classmethod
    def of(cls, msg: Msg) -> "Stored":
        """Return the message of a direct get."""
        headers = msg.headers or {}
        return cls(
            stream=headers["Nats-Stream"],
            sequence=int(headers["Nats-Sequence"]),
            subject=headers["Nats-Subject"],
            at=datetime.fromisoformat(headers["Nats-Time-Stamp"]),
            data=msg.data,
            pending=int(headers.get("Nats-Num-Pending", 0)),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one subject in a stream: sequences of its first and last message, and how many there are."""

    first: int
    last: int
    count: int
    first_at: datetime
    last_at: datetime


class History:
    """What the streams hold, read through direct gets."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection = connection

    async def span(self, stream: str, subject: str, since: datetime | None, until: datetime | None) -> Span | None:
        """Return the stretch of a subject recorded from `since` to before `until`; None when nothing is there.

        Raises:
            Temporary: the broker does not answer.
        """
        begin: dict[str, Any] = {"start_time": _text(since)} if since else {"seq": 1}
        for _ in range(STEADY_TRIES):
            mark = await self._mark(stream, subject, until)
            first = await self._one(stream, subject, begin)
            if mark is None or first is None:
                return None
            again = await self._one(stream, subject, {"seq": mark.sequence})
            # what came in between would be counted at one end only
            if again and again.pending == mark.pending:
                return _between(first, mark, until)
        raise Temporary(f"{stream} changes too fast to be counted: give the replay an end")

    async def read(self, stream: str, subject: str, first: int, last: int) -> AsyncIterator[Stored]:
        """Yield the messages of a subject from one sequence to another, in order.

        Raises:
            Temporary: the broker does not answer.
        """
        start = first
        while start <= last:
            messages = await self._ask(stream, {"seq": start, "batch": BATCH, "next_by_subj": subject})
            for message in messages:
                if message.sequence > last:
                    return
                yield message
            if not messages:
                return
            start = messages[-1].sequence + 1

    async def newest(self, stream: str, subject: str) -> Stored | None:
        """Return the last message of a subject, or of all that a wildcard stands for; None when there is none.

        Raises:
            Temporary: the broker does not answer.
        """
        found = await self._ask(stream, {"last_by_subj": subject}, is_batch=False)
        return found[0] if found else None

    async def count(self, stream: str, subject: str) -> int:
        """Return how many messages of a subject the stream holds.

        Raises:
            Temporary: the broker does not answer.
        """
        first = await self._one(stream, subject, {"seq": 1})
        return first.pending + 1 if first else 0

    async def has_start(self, stream: str) -> bool:
        """Say whether the stream still holds its first message."""
        messages = await self._ask(stream, {"seq": 1, "batch": 1, "next_by_subj": ">"})
        return not messages or messages[0].sequence == 1

    async def _mark(self, stream: str, subject: str, until: datetime | None) -> Stored | None:
        """Return the last message of a subject, or the first one that is not before `until`."""
        newest = await self.newest(stream, subject)
        if newest is None:
            return None
        is_end = until is None or newest.at < until
        return await self._one(stream, subject, {"seq": newest.sequence} if is_end else {"start_time": _text(until)})

    async def _one(self, stream: str, subject: str, begin: dict[str, Any]) -> Stored | None:
        found = await self._ask(stream, {**begin, "batch": 1, "next_by_subj": subject})
        return found[0] if found else None

    async def _ask(self, stream: str, request: dict[str, Any], *, is_batch: bool = True) -> list[Stored]:
        client = self._connection()
        inbox = client.new_inbox()
        answers: asyncio.Queue[Msg] = asyncio.Queue()
        subscription = await client.subscribe(inbox, cb=answers.put)
        found: list[Stored] = []
        try:
            await client.publish(f"$JS.API.DIRECT.GET.{stream}", orjson.dumps(request), reply=inbox)
            while True:
                msg = await asyncio.wait_for(answers.get(), ANSWER_SECONDS)
                if msg.headers and "Status" in msg.headers:
                    return found
                found.append(Stored.of(msg))
                if not is_batch:
                    return found
        except TimeoutError as error:
            raise Temporary(f"the broker does not say what {stream} holds: is {request} allowed?") from error
        finally:
            await subscription.unsubscribe()


def _between(first: Stored, mark: Stored, until: datetime | None) -> Span | None:
    """Return the stretch from a message to a mark: up to it when it is before `until`, else to the one before."""
    is_in = until is None or mark.at < until
    last, last_at = (mark.sequence, mark.at) if is_in else (mark.sequence - 1, until)
    count = first.pending - mark.pending + (1 if is_in else 0)
    return Span(first.sequence, last, count, first.at, last_at or mark.at) if count > 0 else None


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
