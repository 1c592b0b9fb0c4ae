"""The buffer: adjustments on the store's own disk, numbered without gaps, until and after they are taken in."""

import fcntl
import sqlite3
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from pydantic import AwareDatetime, BaseModel, Field

from canonical.ids import Sku

TABLES = """
CREATE TABLE IF NOT EXISTS adjustment (
    number INTEGER PRIMARY KEY, adjustment_id TEXT NOT NULL UNIQUE, sku TEXT NOT NULL, delta INTEGER NOT NULL,
    reason TEXT NOT NULL, occurred_at TEXT NOT NULL, taken_at TEXT
);
CREATE TABLE IF NOT EXISTS sequence (
    edge TEXT NOT NULL, site TEXT NOT NULL, last INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0
);
"""
COLUMNS = "number, adjustment_id, sku, delta, reason, occurred_at"


class Adjustment(BaseModel):
    """A correction of a store's count, as a till or a person says it."""

    adjustment_id: str = Field(min_length=1, max_length=64, description="Number of the adjustment at its source.")
    sku: Sku
    delta: int = Field(ge=-1_000_000, le=1_000_000, description="Pieces added, negative when taken away.")
    reason: str = Field(min_length=1, max_length=200, description="Why.")
    occurred_at: AwareDatetime | None = Field(default=None, description="When it happened; now, if it is not said.")


class Full(Exception):
    """As many adjustments wait as may."""


class Conflict(Exception):
    """An adjustment of this id is there, and says something else."""


class Occupied(Exception):
    """Another process works on the folder, or it belongs to another store."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An adjustment that is on disk; `is_new` is false when it was before."""

    number: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Depth:
    """How far the sequence goes, how far it is taken in, and since when the oldest waits."""

    last: int
    taken: int
    waits_since: str | None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self.last - self.taken


class Buffer:
    """One connection to one file, used by one thread at a time; every commit is on disk when it returns."""

    def __init__(self, folder: Path, site: str, *, most_waiting: int = 100_000) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock, self._most = threading.Lock(), most_waiting
        self._claim = _claim(folder)
        self._file = sqlite3.connect(folder / "buffer.db", check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.executescript(TABLES)
        try:
            self.edge = self._sequence_of(site, folder)
        except Occupied:
            self.close()
            raise

    def _sequence_of(self, site: str, folder: Path) -> str:
        row = self._file.execute("SELECT edge, site FROM sequence").fetchone()
        if row is None:
            row = (uuid.uuid4().hex, site)
            self._file.execute("INSERT INTO sequence (edge, site) VALUES (?, ?)", row)
        if row[1] != site:
            raise Occupied(f"{folder} belongs to {row[1]}, not to {site}: use another folder")
        return str(row[0])

    def add(self, adjustment: Adjustment) -> Kept:
        """Put an adjustment on disk.

        Raises:
            Full: no more may wait.
            Conflict: its id is known with other content.
        """
        values = (adjustment.adjustment_id, adjustment.sku, adjustment.delta, adjustment.reason)
        with self._lock:
            if known := self._known(values):
                return Kept(known, is_new=False)
            last, taken = self._file.execute("SELECT last, taken FROM sequence").fetchone()
            if last - taken >= self._most:
                raise Full(f"{last - taken} adjustments wait already")
            at = (adjustment.occurred_at or datetime.now(UTC)).isoformat()
            with self._transaction():
                self._file.execute(
                    f"INSERT INTO adjustment ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608  a constant
                    (last + 1, *values, at),
                )
                self._file.execute("UPDATE sequence SET last = ?", (last + 1,))
            return Kept(last + 1, is_new=True)

    def _known(self, values: tuple[str, str, int, str]) -> int | None:
        query = "SELECT number, adjustment_id, sku, delta, reason FROM adjustment WHERE adjustment_id = ?"
        row = self._file.execute(query, (values[0],)).fetchone()
        if row is None:
            return None
        if tuple(row[1:]) != values:
            raise Conflict(f"adjustment {values[0]} is known with another SKU, quantity or reason")
        return int(row[0])

    def waiting(self, most: int) -> Sequence[dict[str, object]]:
        """Return the next adjustments in their order."""
        query = (
            f"SELECT {COLUMNS} FROM adjustment WHERE number > (SELECT taken FROM sequence) "  # noqa: S608  a constant
            "ORDER BY number LIMIT ?"
        )
        with self._lock:
            rows = self._file.execute(query, (most,)).fetchall()
        return [dict(zip(COLUMNS.split(", "), row, strict=True)) for row in rows]

    def note(self, taken: int) -> None:
        """Note how far the sequence is taken in, as the other side says it: further, or less far than was known."""
        now = datetime.now(UTC).isoformat()
        with self._lock, self._transaction():
            self._file.execute("UPDATE sequence SET taken = min(last, ?)", (taken,))
            self._file.execute(
                "UPDATE adjustment SET taken_at = ? WHERE number <= ? AND taken_at IS NULL", (now, taken)
            )
            self._file.execute("UPDATE adjustment SET taken_at = NULL WHERE number > ?", (taken,))

    def forget(self, keep: timedelta) -> int:
        """Remove what was taken in longer ago than this; returns how many."""
        before = (datetime.now(UTC) - keep).isoformat()
        with self._lock:
            return self._file.execute("DELETE FROM adjustment WHERE taken_at < ?", (before,)).rowcount

    def renew(self) -> int:
        """Let what waits go on in a new sequence, for a region that knows nothing of the old one; returns how many."""
        with self._lock, self._transaction():
            self._file.execute("UPDATE adjustment SET number = number - (SELECT taken FROM sequence)")
            self._file.execute("UPDATE sequence SET edge = ?, last = last - taken, taken = 0", (uuid.uuid4().hex,))
        self.edge = str(self._file.execute("SELECT edge FROM sequence").fetchone()[0])
        return self.depth().waiting

    def depth(self) -> Depth:
        """Return how far the sequence is."""
        oldest = "SELECT occurred_at FROM adjustment WHERE number > taken ORDER BY number LIMIT 1"
        with self._lock:
            row = self._file.execute(f"SELECT last, taken, ({oldest}) FROM sequence").fetchone()  # noqa: S608  a constant
        return Depth(*row)

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._file)

    def close(self) -> None:
        """Close the file and leave the folder to others."""
        self._file.close()
        self._claim.close()


def _claim(folder: Path) -> TextIO:
    """Keep other processes out of the folder until the file is closed."""
    claim = (folder / "lock").open("w")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        claim.close()
        raise Occupied(f"another edge works in {folder}: end it, or use another folder") from error
    return claim


class _Transaction:
    """All or nothing, written with one sync of the disk."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    def __enter__(self) -> None:
        self._file.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.execute("ROLLBACK" if kind else "COMMIT")
