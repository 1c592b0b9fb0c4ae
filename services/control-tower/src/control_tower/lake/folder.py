"""The folder of an export: Parquet files by day and a manifest for each range, each whole or not there at all."""

import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from control_tower.domain.lake import Range, path_of

IDENTITY = "_export.json"
MANIFESTS = "_manifest"
MOMENT = pa.timestamp("us", tz="UTC")
TEXTS = ("subject", "correlation_id", "causation_id", "region", "site", "company", "source_system", "source_ref")
SCHEMA = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in ("id", "type", "service")),
        *((name, pa.string()) for name in (*TEXTS, "correction_of", "correction_reason")),
        *(pa.field(name, MOMENT, nullable=False) for name in ("happened_at", "recorded_at")),
        pa.field("data", pa.string(), nullable=False),
    ]
)


class WrongFolder(Exception):
    """The folder is no export's, or another's."""


class Folder:
    """Where one export goes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def identity(self, *, personal_data: bool) -> str:
        """Return the export that this folder is of; a new and empty one gets an identity.

        Raises:
            WrongFolder: it holds something else, or the same events with other fields hidden.
        """
        path = self.root / IDENTITY
        self.root.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if any(one for one in self.root.iterdir() if not one.name.startswith(f".{IDENTITY}")):
                raise WrongFolder(f"{self.root} is not empty and no export's: choose a new folder")
            said = {"export": str(uuid.uuid4()), "personal_data": personal_data}
            with _whole(path) as file:
                file.write(orjson.dumps(said))
        said = orjson.loads(path.read_bytes())
        if said["personal_data"] != personal_data:
            has = "shows" if said["personal_data"] else "hides"
            raise WrongFolder(f"{self.root} {has} personal data: export the other into a folder of its own")
        return str(said["export"])

    def exported_to(self) -> int:
        """Return the last number its manifests tell of; 0 without any."""
        names = [path.stem for path in (self.root / MANIFESTS).glob("*.json")]
        return max((int(name.split("-")[1]) for name in names), default=0)

    def clear(self) -> None:
        """Remove what a process that was killed left half-written."""
        for left in self.root.glob("**/.*.part"):
            left.unlink(missing_ok=True)

    @contextmanager
    def files(self, cut: Range) -> Iterator["Files"]:
        """Give the files of a range; they are in their places when the block ends well."""
        made = Files(self.root, cut)
        try:
            yield made
        except BaseException:
            made.abandon()
            raise
        made.finish()

    def note(self, cut: Range, export_id: str, files: Sequence[Mapping[str, Any]]) -> None:
        """Write the manifest of a range."""
        said = {"export": export_id, "first_seq": cut.first, "last_seq": cut.last, "files": files}
        with _whole(self.root / MANIFESTS / f"{cut.name}.json") as file:
            file.write(orjson.dumps(said, option=orjson.OPT_INDENT_2))


class Files:
    """The files of one range while they are written, one for each day."""

    def __init__(self, root: Path, cut: Range) -> None:
        self._root, self._cut = root, cut
        self._open: dict[date, tuple[BinaryIO, pq.ParquetWriter]] = {}
        self._rows: dict[date, int] = {}
        self.listed: list[dict[str, Any]] = []

    def add(self, day: date, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write some events of a day."""
        if day not in self._open:
            path = _part(self._root / path_of(day, self._cut))
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("wb")
            self._open[day] = file, pq.ParquetWriter(file, SCHEMA, compression="zstd")
        self._open[day][1].write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA))
        self._rows[day] = self._rows.get(day, 0) + len(rows)

    def finish(self) -> None:
        """Put all files in their places, safe from a power cut."""
        for day in sorted(self._open):
            file, writer = self._open[day]
            writer.close()
            file.flush()
            os.fsync(file.fileno())
            file.close()
            path = path_of(day, self._cut)
            body = _part(self._root / path).read_bytes()
            _place(self._root / path)
            digest = hashlib.sha256(body).hexdigest()
            self.listed.append({"path": path, "rows": self._rows[day], "bytes": len(body), "sha256": digest})

    def abandon(self) -> None:
        """Leave nothing half-written."""
        for day, (file, _) in self._open.items():
            file.close()
            _part(self._root / path_of(day, self._cut)).unlink(missing_ok=True)


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file that is in its place, whole and safe from a power cut, when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _part(path).open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    _place(path)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _place(path: Path) -> None:
    _part(path).replace(path)
    for folder in (path.parent, path.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
