"""The export to the data lake, killed again and again while several writers write: every event once, in its day."""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical import Envelope
from canonical.privacy import MASK
from chassis.archive import read
from chassis.migrate import migrate
from chassis.sql import engine_of, transaction
from chassis.testing import LocalMesh, eventually

from control_tower import store
from control_tower.lake.__main__ import arguments, work
from control_tower.lake.folder import Folder, WrongFolder
from control_tower.lake.run import Export
from control_tower.records.audit import Asked, Audit
from control_tower.records.exports import Book
from control_tower.settings import ServiceSettings

from ..fakes import envelope

WRITERS, KILLS = 4, 8
PRIVATE = {"ship_to": {"name": "Ada", "country": "DE"}}
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["control_tower.lake.__main__"])
LIFE = ("order.released.v1", "inventory.allocated.v1", "notification.notification-sent.v1", "yard.truck-arrived.v7")


@pytest.fixture
async def engine(mesh: LocalMesh) -> AsyncIterator[AsyncEngine]:
    """An archive of the test's own, empty."""
    made = engine_of((await mesh.settings("control-tower")).database_url)
    await migrate(made, Path(store.__file__).parent / "migrations")
    await store.EventArchive.prepare(made)
    yield made
    await made.dispose()


def life(order: str, start: datetime) -> list[Envelope]:
    return [envelope(name, index, order=order, start=start, data=PRIVATE) for index, name in enumerate(LIFE)]


async def keep(engine: AsyncEngine, envelopes: Sequence[Envelope], pause: float = 0.0, *, fail: bool = False) -> None:
    """Write events in one transaction that stays open for a while, or comes to nothing."""
    async with transaction(engine) as session:
        archive = store.EventArchive(session)
        for one in envelopes:
            archive.add(read(one.model_dump_json().encode()))
        await archive.flush()
        await asyncio.sleep(pause)
        if fail:
            raise ConnectionError("undone")


def rows_of(
    folder: Path, query: str = "SELECT seq, id, type, day, data FROM events ORDER BY seq"
) -> list[tuple[object, ...]]:
    with duckdb.connect() as lake:
        files = f"{folder}/day=*/*.parquet"
        lake.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{files}', hive_partitioning = true)")
        return lake.execute(query).fetchall()


async def archived(engine: AsyncEngine) -> list[tuple[object, ...]]:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT seq, id, type, day, body FROM event ORDER BY seq"))
        return [(*row[:4], orjson.loads(row[4])["data"]) for row in found]


async def export_all(engine: AsyncEngine, folder: Path, *, personal_data: bool = False, most: int = 50) -> int:
    export = Export(engine, Folder(folder), personal_data=personal_data)
    return sum([events async for _, events in export.run(most=most)])


async def events_exported(engine: AsyncEngine) -> int:
    return sum(one["events"] for one in await Book(engine).status())


async def more_than(engine: AsyncEngine, before: int) -> bool:
    return await events_exported(engine) > before


def run_to_the_end(args: argparse.Namespace, settings: ServiceSettings) -> None:
    process = FORKS.Process(target=work, args=(args, settings))
    process.start()
    process.join()
    assert process.exitcode == 0


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "control_tower.lake", "run", "--to", str(folder), "--actor", "ada", *more]


async def test_killed_at_any_point_while_writers_write_every_event_is_there_once(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    chance, now, folder = random.Random(11), datetime.now(UTC), tmp_path / "lake"
    settings = ServiceSettings(database_url=engine.url.render_as_string(hide_password=False))
    options = ["--actor", "ada", "--with-personal-data", "--reason", "audit of the year", "--most", "60"]
    args = arguments().parse_args(["run", "--to", str(folder), *options, "--follow", "--every", "0.01"])
    killed = asyncio.Event()

    async def write(writer: int) -> None:
        for order in itertools.count():
            start = now - timedelta(days=chance.randrange(4))
            with suppress(ConnectionError):
                await keep(
                    engine, life(f"SO-{writer}-{order}", start), chance.random() * 0.3, fail=chance.random() < 0.1
                )
            if killed.is_set():
                return

    writers = asyncio.gather(*(write(number) for number in range(WRITERS)))
    for _ in range(KILLS):
        before = await events_exported(engine)
        process = FORKS.Process(target=work, args=(args, settings))
        process.start()
        await eventually(lambda before=before: more_than(engine, before), within_seconds=60)
        await asyncio.sleep(chance.random() * 0.4)
        os.kill(process.pid or 0, signal.SIGKILL)
        await asyncio.to_thread(process.join)
        assert process.exitcode == -signal.SIGKILL
    killed.set()
    await writers
    args.follow = False
    await asyncio.to_thread(run_to_the_end, args, settings)
    found = [(*row[:4], orjson.loads(str(row[4]))) for row in rows_of(folder)]
    assert found == await archived(engine)
    assert len(found) > WRITERS * KILLS * len(LIFE)
    assert list(folder.glob("**/*.part")) == []
    listed = [one for path in (folder / "_manifest").glob("*.json") for one in orjson.loads(path.read_bytes())["files"]]
    assert sum(one["rows"] for one in listed) == len(found)
    assert sorted(one["path"] for one in listed) == sorted(str(p.relative_to(folder)) for p in folder.glob("day=*/*"))
    (status,) = await Book(engine).status()
    assert (status["events"], status["open"]) == (len(found), 0)
    runs = await Audit(engine).find(Asked(what="export with personal data"))
    assert len(runs) == KILLS + 1
    assert {(one.actor, one.reason) for one in runs} == {("ada", "audit of the year")}


async def test_a_transaction_that_commits_late_is_waited_for(engine: AsyncEngine, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    async with transaction(engine) as session:
        archive = store.EventArchive(session)
        archive.add(read(life("SO-slow", now)[0].model_dump_json().encode()))
        await archive.flush()
        await keep(engine, life("SO-quick", now))
        export = asyncio.create_task(export_all(engine, tmp_path / "lake"))
        done, _ = await asyncio.wait([export], timeout=2)
        assert not done
    assert await export == len(LIFE) + 1
    assert await export_all(engine, tmp_path / "lake") == 0


async def test_late_events_of_an_earlier_day_are_in_that_day_in_a_further_file(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    folder, yesterday = tmp_path / "lake", datetime.now(UTC) - timedelta(days=1)
    await keep(engine, life("SO-1", yesterday))
    assert await export_all(engine, folder) == len(LIFE)
    await keep(engine, life("SO-2", yesterday))
    assert await export_all(engine, folder) == len(LIFE)
    assert len(list((folder / f"day={yesterday.date()}").glob("*.parquet"))) == 2
    assert len(rows_of(folder)) == 2 * len(LIFE)


async def test_personal_data_is_masked_unless_asked_for_and_never_mixed(engine: AsyncEngine, tmp_path: Path) -> None:
    await keep(engine, life("SO-1", datetime.now(UTC)))
    await export_all(engine, tmp_path / "masked")
    texts = [str(row[4]) for row in rows_of(tmp_path / "masked")]
    assert not [one for one in texts if "Ada" in one]
    assert MASK in texts[0]
    assert "DE" in texts[0]
    await export_all(engine, tmp_path / "whole", personal_data=True)
    assert "Ada" in str(rows_of(tmp_path / "whole")[0][4])
    with pytest.raises(WrongFolder, match="hides personal data"):
        await export_all(engine, tmp_path / "masked", personal_data=True)
    process = await asyncio.create_subprocess_exec(
        *command(tmp_path / "new", "--with-personal-data"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"only for a reason" in said


async def test_a_folder_of_something_else_or_ahead_is_refused(
    engine: AsyncEngine, mesh: LocalMesh, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(WrongFolder, match="not empty"):
        await export_all(engine, tmp_path / "other")
    await keep(engine, life("SO-1", datetime.now(UTC)))
    await export_all(engine, tmp_path / "lake")
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM export_range"))
    with pytest.raises(WrongFolder, match="is ahead"):
        await export_all(engine, tmp_path / "lake")


async def test_two_processes_never_export_into_one_folder(engine: AsyncEngine, tmp_path: Path) -> None:
    await keep(engine, life("SO-1", datetime.now(UTC)))
    export = Export(engine, Folder(tmp_path / "lake"), personal_data=False)
    async for _ in export.run(most=1):
        with pytest.raises(WrongFolder, match="another process"):
            await export_all(engine, tmp_path / "lake")
