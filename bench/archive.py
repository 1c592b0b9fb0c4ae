"""The archive at size: filled through its own writer, then asked over its HTTP API, fed by its streams, and judged.

`python -m bench archive --events 10000000` takes long and much disk; the archive is removed at the end.
"""

import asyncio
import random
import sys
import time
import urllib.parse
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

import aiohttp
import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from canonical.subjects import ROOT
from chassis.archive import read
from chassis.migrate import migrate
from chassis.sql import engine_of, transaction
from chassis.testing import LocalMesh, eventually

from bench import history, servers
from bench.figures import Figure
from bench.load import publish_batches
from bench.servers import USER
from bench.tower import Tower, ask, p95
from control_tower import store

SERVICE = "control-tower"
BATCH = history.COHORT * len(history.LIFE)
WRITERS = 2
ASKED = 300
INGESTED = 100_000
OPEN, DUE = 1_000_000, 10_000
LOOKS = {
    "stages": ("stages", 50, True),
    "newest journeys": ("journeys", 50, True),
    "journeys of a stage and company": ("journeys?stage=completed&company=nordhandel", 20, True),
    "the board of what is open": ("board", 20, False),
    "time limits, counted for the first": ("sla", 1, True),
    "time limits, counted before": ("sla", 20, True),
}
"""What the page shows: its path, how often it is asked, and whether something is found: every order has ended."""
PER_ORDER = len(history.LIFE)
FIRST_LIVE = 900_000_000
"""Orders from here on come through the streams."""


def say(line: str) -> None:
    """Tell how far we are."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {line}\n")


async def fill(engine: AsyncEngine, orders: int, ends_at: datetime) -> float:
    """Keep the lives of so many orders through the archive's writer; returns events per second over all."""
    await store.EventArchive.prepare(engine)
    source, kept, started = history.events(range(orders), ends_at), 0, time.perf_counter()
    total = orders * PER_ORDER

    async def write() -> None:
        nonlocal kept
        while batch := list(islice(source, BATCH)):
            async with transaction(engine) as session:
                archive = store.EventArchive(session)
                for _, body in batch:
                    archive.add(read(body))
                await archive.flush()
            before, kept = kept, kept + len(batch)
            if kept * 50 // total > before * 50 // total:
                say(f"filled {kept:,} of {total:,} events, {kept / (time.perf_counter() - started):,.0f}/s so far")

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return kept / (time.perf_counter() - started)


def looked_for(orders: int, chance: random.Random) -> dict[str, list[tuple[str, bool]]]:
    """Return the searches of each kind."""

    def search(value: str, *, found: bool = True) -> tuple[str, bool]:
        return f"/api/v1/search?q={urllib.parse.quote(value)}", found

    picks = [history.numbers(chance.randrange(orders)) for _ in range(ASKED)]
    kinds = {f"by {kind}": [search(one[kind]) for one in picks] for kind in picks[0] if kind != "SKU"}
    return kinds | {
        "by the beginning of an order": [search(one["order"][: chance.randrange(6, 12)]) for one in picks],
        f"by the SKU of {orders * 9 // 10:,} orders": [search(history.COMMON_SKU) for _ in picks],
        "by the beginning of that SKU": [search(history.COMMON_SKU[: chance.randrange(3, 9)]) for _ in picks],
        "of a number nobody has": [search(f"SO-{chance.randrange(10**9)}-none", found=False) for _ in picks],
    }


async def ask_all(url: str, orders: int) -> dict[str, list[float]]:
    """Return how long each kind of question took."""
    chance = random.Random(7)
    questions = looked_for(orders, chance)
    questions["order story"] = [
        (f"/api/v1/journeys/{history.numbers(chance.randrange(orders))['order']}", True) for _ in range(ASKED)
    ]
    questions |= {name: [(f"/api/v1/{path}", found)] * times for name, (path, times, found) in LOOKS.items()}
    async with aiohttp.ClientSession() as session:
        await ask(session, url, questions["order story"][:5])
        found = {name: await ask(session, url, asked) for name, asked in questions.items()}
    for name, took in found.items():
        say(f"{name}: p50 {median(took) * 1000:.1f} ms, p95 {p95(took):.1f} ms, max {max(took) * 1000:.1f} ms")
    return found


async def publish(mesh: LocalMesh, orders: range) -> int:
    """Put the lives of some orders into the streams; returns how many events."""
    load = [
        (f"{ROOT}.eu.{event_type}._.{number % 64}", body)
        for number, (event_type, body) in enumerate(history.events(orders, datetime.now(UTC), days=0))
    ]
    client = await mesh.connect(USER)
    for domain in sorted({event_type.split(".")[2] for event_type, _ in load}):
        await publish_batches(client, [one for one in load if one[0].split(".")[2] == domain])
    await client.close()
    return len(load)


async def ingest(mesh: LocalMesh, tower: Tower, database: asyncpg.Connection, events: int) -> tuple[float, list[float]]:
    """Return events per second that a tower takes from its streams, and how long searches took meanwhile."""
    say(f"publishing {events:,} events to the streams")
    count = await publish(mesh, range(FIRST_LIVE, FIRST_LIVE + events // PER_ORDER))
    before = await database.fetchval("SELECT last_value FROM event_seq")
    with tower.running():

        async def kept() -> int:
            return int(await database.fetchval("SELECT last_value FROM event_seq")) - int(before)

        async def begun() -> bool:
            return await kept() > 0

        await eventually(begun, within_seconds=60)
        started, first, took = time.perf_counter(), await kept(), []
        async with aiohttp.ClientSession() as session:
            while await kept() < count:
                number = history.numbers(random.randrange(1000))["tracking number"]
                took += await ask(session, tower.url, [(f"/api/v1/search?q={number}", True)])
                await asyncio.sleep(0.2)
        rate = (await kept() - first) / (time.perf_counter() - started)
    say(f"ingested {count:,} events at {rate:,.0f}/s; searches meanwhile p95 {p95(took):.0f} ms")
    return rate, took


ADD_JOURNEYS = """
INSERT INTO journey (correlation_id, company, region, first_at, last_at, events, rank, disturbed)
SELECT 'DL-' || n, 'default', 'eu', now(), now(), 1, 0, false FROM generate_series($1::int, $2::int) n
"""
ADD_OPEN = """
INSERT INTO deadline (correlation_id, flow, after, order_id, opened_at, risk_at, due_at, told)
SELECT 'DL-' || n, 'order-to-ship', 'order.released.v1', 'DL-' || n, now(), $1::timestamptz,
    $2::timestamptz + n * $3::interval, 1
FROM generate_series($4::int, $5::int) n
"""
OURS = "stream = 'OPS' AND published_at IS NOT NULL AND strpos(convert_from(payload, 'UTF8'), '\"DL-') > 0"
TOLD = f"SELECT count(*) FROM outbox WHERE {OURS}"
LATENESS = (
    "SELECT extract(epoch FROM published_at - (convert_from(payload, 'UTF8')::jsonb->'data'->>'due_at')::timestamptz) "
    f"FROM outbox WHERE {OURS} ORDER BY 1"
)


async def alarms(tower: Tower, database: asyncpg.Connection) -> list[float]:
    """Return how late, in seconds, each of the alarms was published that fell due in one second among a million.

    A second lot falls due while the tower is killed and started anew: each alarm must have been told once.
    """
    say(f"{OPEN:,} open deadlines, {DUE:,} of them due in one second")
    now = datetime.now(UTC)
    await database.execute(ADD_JOURNEYS, 1, OPEN + 2 * DUE, timeout=600)
    await database.execute(ADD_OPEN, now, now + timedelta(days=2), timedelta(milliseconds=100), 1, OPEN - DUE)
    await database.execute("ANALYZE deadline, journey")
    with tower.running():
        await asyncio.sleep(10)
        await _fall_due(database, OPEN + 1)
        await eventually(lambda: _told(database, DUE), within_seconds=300)
        late = [float(row[0]) for row in await database.fetch(LATENESS)]
        say(f"alarms: {len(late):,}, lateness p50 {late[len(late) // 2]:.2f} s, max {late[-1]:.2f} s")
        await _fall_due(database, OPEN + DUE + 1)
        await eventually(lambda: _told(database, DUE + DUE // 4), within_seconds=300)
        tower.kill()
    with tower.running():
        await eventually(lambda: _told(database, 2 * DUE), within_seconds=300)
        await asyncio.sleep(5)
    told = await database.fetchval(TOLD)
    say(f"killed among the second {DUE:,}: {told:,} alarms in all")
    if told != 2 * DUE:
        raise RuntimeError(f"{told} alarms for {2 * DUE} deadlines")
    return late


async def _fall_due(database: asyncpg.Connection, first: int) -> None:
    due, step = datetime.now(UTC) + timedelta(seconds=5), timedelta(seconds=1) / DUE
    await database.execute(ADD_OPEN, due, due - first * step, step, first, first + DUE - 1)


async def _told(database: asyncpg.Connection, wanted: int) -> bool:
    return bool(await database.fetchval(TOLD) >= wanted)


async def measure(events: int, folder: Path) -> list[Figure]:
    """Measure everything on servers of our own."""
    mesh = servers.make(folder)
    await asyncio.to_thread(mesh.start)
    try:
        settings = await mesh.settings(SERVICE)
        engine = engine_of(settings.database_url)
        await migrate(engine, Path(store.__file__).parent / "migrations")
        orders = events // PER_ORDER
        filled = await fill(engine, orders, datetime.now(UTC))
        async with engine.connect() as connection:
            size = (await connection.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
        say(f"filled at {filled:,.0f}/s; the database has {size / 2**30:.1f} GiB")
        await engine.dispose()
        database = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
        say("VACUUM ANALYZE, as autovacuum does in its time")
        await database.execute("VACUUM ANALYZE", timeout=3600)
        tower = Tower(settings, folder)
        with tower.running():
            took = await ask_all(tower.url, orders)
        rate, meanwhile = await ingest(mesh, tower, database, INGESTED)
        late = await alarms(tower, database)
        await database.close()
    finally:
        mesh.stop()
    return figures(events, filled, rate, took | {"by tracking number while it takes events": meanwhile}, late)


def figures(events: int, filled: float, rate: float, took: dict[str, list[float]], late: list[float]) -> list[Figure]:
    """Return what was measured as figures."""
    held = f"{events:,} events held"
    asked = [
        Figure(
            name if name.startswith(("by", "of")) else f"{name}, p95",
            "ms",
            [p95(seconds)],
            "<= 150" if "story" in name else "<= 100" if name.startswith(("by", "of")) else "",
        )
        for name, seconds in took.items()
    ]
    return [
        Figure(f"archive: filled until {held}, two writers", "events/s", [filled], ""),
        Figure(f"archive: taken from the streams, {held}", "events/s", [rate], ">= 5,000"),
        *asked,
        Figure(f"{DUE:,} alarms due in one second of {OPEN:,} open, latest", "s late", [late[-1]], ""),
    ]
