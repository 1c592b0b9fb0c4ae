"""Central metadata as a service reads it: the copy in its region's broker, kept in memory while all else is away."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pydantic import ValidationError

from canonical.metadata import BUCKET, Document, Kind, subjects_of
from canonical.topology import bucket_stream
from chassis.errors import Temporary
from chassis.replay.history import History
from chassis.service import Service

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Kind)
STREAM = bucket_stream(BUCKET)
REFRESH_SECONDS = 2.0
PUBLISH_SECONDS = 5.0
MOVED_ON = 10071
"""The broker's code for: the subject's last message is not the one you saw."""


class Metadata(Generic[K]):
    """The documents of one kind, as of a few seconds ago; the last known ones while the broker is away."""

    def __init__(self, service: Service, model: type[K]) -> None:
        self._model = model
        self._history = History(lambda: service.broker.client)
        self._seen: int | None = None
        self._known: dict[str, K] = {}
        service.every(REFRESH_SECONDS, self.refresh)

    def all(self) -> Mapping[str, K]:
        """Return every valid document by name.

        Raises:
            Temporary: none was read since the start.
        """
        if self._seen is None:
            raise Temporary(f"metadata of kind {self._model.kind} was not read yet")
        return MappingProxyType(self._known)

    async def refresh(self) -> None:
        """Read what has changed since the last look; a bucket that was made anew is read from its beginning.

        Raises:
            Temporary: the broker does not answer.
        """
        subjects = subjects_of(self._model.kind)
        newest = await self._history.newest(STREAM, subjects)
        last = newest.sequence if newest else 0
        seen = self._seen or 0
        if last < seen:
            seen = 0
        if seen == 0:
            self._known = {}
        async for message in self._history.read(STREAM, subjects, seen + 1, last):
            self._take(message.data)
        self._seen = last

    def _take(self, data: bytes) -> None:
        try:
            document = Document.model_validate_json(data)
            body = None if document.body is None else self._model.model_validate(document.body)
        except ValidationError as error:
            # a newer tower may write what this service does not know: it goes on with what it has
            log.warning("metadata_not_understood", extra={"kind": self._model.kind, "error": str(error)[:300]})
            return
        if body is None:
            self._known.pop(document.name, None)
        else:
            self._known[document.name] = body


class Bucket:
    """The copy in the broker, as its only writer sees it."""

    def __init__(self, connection: Callable[[], Client]) -> None:
        self._connection, self._history = connection, History(connection)

    async def count(self) -> int:
        """Return how many documents it holds.

        Raises:
            Temporary: the broker does not answer.
        """
        return await self._history.count(STREAM, ">")

    async def put(self, document: Document) -> None:
        """Write a document unless it, or one changed later, is there; doing it twice changes nothing.

        The time decides, not the revision: a tower whose database was restored gives revisions out again.

        Raises:
            Temporary: the broker does not answer, or somebody else wrote it at the same time.
        """
        have = await self._history.newest(STREAM, document.subject)
        if have and Document.model_validate_json(have.data).changed_at >= document.changed_at:
            return
        headers = {"Nats-Expected-Last-Subject-Sequence": str(have.sequence if have else 0)}
        payload = document.model_dump_json().encode()
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._connection().jetstream().publish(document.subject, payload, headers=headers)
        except APIError as error:
            if error.err_code != MOVED_ON:
                raise
            raise Temporary(f"{document.key} was written by somebody else at the same time") from error
        except (TimeoutError, NatsError) as error:
            raise Temporary(f"the broker did not take {document.key}: {error!r}") from error
