"""An export at work: range after range, each begun in the database, made in the folder, closed in the database.

A process may be killed at any moment. Whoever goes on makes a range that was not closed again, from the same events
into files of the same names, so that no event is missing and none is there twice.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope

from control_tower.domain.lake import Range, row_of
from control_tower.lake.folder import Folder, WrongFolder
from control_tower.records.exports import Book

log = logging.getLogger(__name__)

MOST = 100_000
"""Events of one range at most."""
PIECE = 10_000
LOOK_SECONDS = 0.05
SAY_SECONDS = 10.0


class Export:
    """One export of one archive into one folder."""

    def __init__(self, engine: AsyncEngine, folder: Folder, *, personal_data: bool) -> None:
        self._book, self._folder, self._personal_data = Book(engine), folder, personal_data
        self.id = folder.identity(personal_data=personal_data)

    async def run(self, *, most: int = MOST) -> AsyncIterator[tuple[Range, int]]:
        """Export all that is settled now; yields each range when it is done, and its events.

        Raises:
            WrongFolder: another process exports into it, or it is ahead of this archive.
        """
        async with self._book.alone(self.id) as is_alone:
            if not is_alone:
                raise WrongFolder(f"another process exports into {self._folder.root}")
            await self._book.begin(self.id, str(self._folder.root), personal_data=self._personal_data)
            if self._folder.exported_to() > await self._book.planned_to(self.id):
                raise WrongFolder(f"{self._folder.root} is ahead of this archive: choose a new folder")
            self._folder.clear()
            settled = await self._settled()
            while cut := await self._book.next(self.id, settled, most):
                yield cut, await self._make(cut)

    async def _settled(self) -> int:
        """Return a number up to which every event is committed or will never be: the gate."""
        last, writing = await self._book.settled_to()
        waited = 0.0
        while writing := writing & await self._book.writers():
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS
            if waited >= SAY_SECONDS:
                waited = 0.0
                log.warning("export_waits_for_writers", extra={"writers": sorted(writing)})
        return last

    async def _make(self, cut: Range) -> int:
        after = cut.first - 1
        with self._folder.files(cut) as files:
            while events := await self._book.events(after, cut.last, PIECE):
                after = events[-1]["seq"]
                rows = [
                    (one["day"], row_of(one["seq"], _envelope(one["body"]), personal_data=self._personal_data))
                    for one in events
                ]
                for day, group in groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
                    files.add(day, [row for _, row in group])
        self._folder.note(cut, self.id, files.listed)
        await self._book.close(self.id, cut, files.listed)
        return sum(one["rows"] for one in files.listed)


def _envelope(body: bytes) -> Envelope:
    return Envelope.model_validate_json(body)
