"""T14: two regions and a hub, the links cut while all sides write, mended, and cut again while the hub catches up."""

import asyncio
from pathlib import Path

import pytest
from rig import namespaces
from rig.regions import Comparison, Metadata, Writing, count, fingerprints, held, joined
from rig.report import Report, size

from canonical.federation import HUB
from chassis.testing import eventually
from chassis.testing.federation import Federation

REGIONS = ("eu", "us")
CUT_SECONDS = size(5.0, 300.0)
BEFORE_SECONDS = size(2.0, 10.0)
PER_SECOND = size(60.0, 100.0)
MOVES_SECONDS = size(150.0, 360.0)
"""A feed is tried again with growing pauses: up to two minutes after a long cut."""
WINDOW_SECONDS = 0.25
SEED = 14

pytestmark = [pytest.mark.faults, pytest.mark.timeout(size(400, 3600))]


class Watch:
    """What the hub has of what the regions wrote."""

    def __init__(self, federation: Federation, writers: list[Writing]) -> None:
        self._federation, self._writers = federation, writers

    async def behind(self) -> int:
        """Return how many events the hub lacks."""
        have = await count(self._federation, HUB)
        return sum(writer.count for writer in self._writers) - have

    async def catches_up(self) -> None:
        """Wait until the hub gets events again, and still lacks some."""
        before = await count(self._federation, HUB)

        async def moved() -> bool:
            return await count(self._federation, HUB) > before

        await eventually(moved, within_seconds=MOVES_SECONDS)

    async def caught_up(self) -> tuple[float, float]:
        """Wait until the hub has everything; returns its best rate, in events a second, and how long it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        looks = [(began, await count(self._federation, HUB))]

        async def close() -> bool:
            looks.append((loop.time(), await count(self._federation, HUB)))
            return await self.behind() < PER_SECOND / 4

        await eventually(close, within_seconds=MOVES_SECONDS)
        gains = [
            (after - before) / (later - at)
            for place, (at, before) in enumerate(looks, 1)
            for later, after in looks[place:]
            if later - at >= WINDOW_SECONDS
        ]
        return max(gains, default=0.0), loop.time() - began


async def test_regions_are_cut_off_while_all_sides_write(tmp_path: Path, report: Report) -> None:
    how = "proxies" if namespaces.missing() else "three namespaces"
    writers, metadata = [Writing(region, PER_SECOND) for region in REGIONS], Metadata(PER_SECOND / 4)
    with joined(tmp_path, REGIONS) as (federation, links):
        await federation.start()
        watch, ended = Watch(federation, writers), asyncio.Event()
        tasks = [asyncio.create_task(one.write(federation, ended)) for one in (*writers, metadata)]
        await asyncio.sleep(BEFORE_SECONDS)
        links.cut()
        await asyncio.sleep(CUT_SECONDS)
        backlog = await watch.behind()
        links.heal()
        await watch.catches_up()
        links.cut()
        second = await watch.behind()
        await asyncio.sleep(CUT_SECONDS)
        links.heal()
        rate, seconds = await watch.caught_up()
        ended.set()
        await asyncio.gather(*tasks)
        await eventually(lambda: nothing_missing(watch), within_seconds=MOVES_SECONDS)
        for region in REGIONS:
            await eventually(lambda region=region: metadata.is_at(federation, region), within_seconds=MOVES_SECONDS)
        local = {region: await held(federation, region) for region in REGIONS}
        central = await held(federation, HUB)
    written = {key: numbers for writer in writers for key, numbers in writer.written.items()}
    verdict = Comparison.of(written, central)
    inflow = PER_SECOND * len(REGIONS)
    assert backlog > inflow * CUT_SECONDS / 2, "the links were not cut"
    assert second > 0, "the hub had caught up before they were cut again"
    assert verdict == Comparison(0, 0, 0), verdict
    assert fingerprints(central) == fingerprints(local["eu"] | local["us"]) == fingerprints(written)
    assert rate >= 2 * inflow, f"{rate:.0f} events a second"
    slowest = max(writer.slowest_seconds for writer in writers)
    report.note(
        "T14", f"Two regions cut off from the hub ({how})", seed=SEED,
        figure=f"{CUT_SECONDS:.0f} s cut twice, {len(central)} keys, {sum(w.count for w in writers):,} events written "
        f"({backlog:,} behind, cut again with {second:,} missing): {verdict.lost} lost, {verdict.doubled} doubled, "
        f"{verdict.disorder} out of order; caught up {seconds:.1f} s after the wires were mended, "
        f"at {rate:,.0f} a second at best; slowest write "
        f"{slowest * 1000:.0f} ms; metadata equal everywhere",
        seconds_cut=CUT_SECONDS, events=sum(w.count for w in writers), lost=verdict.lost, doubled=verdict.doubled,
        disorder=verdict.disorder, catch_up_seconds=round(seconds, 1),
    )  # fmt: skip


async def nothing_missing(watch: Watch) -> bool:
    return await watch.behind() <= 0
