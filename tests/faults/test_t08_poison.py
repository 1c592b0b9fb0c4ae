"""T08: one message in a hundred is poison of three kinds, and the service is killed just after it kept one."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
from rig.pipeline import Pipeline, pipeline
from rig.report import Report, size
from rig.source import BROKEN, Change, changes

from canonical import topology
from chassis.crashpoints import CRASH_EXIT
from chassis.testing import LocalMesh
from chassis.testing.sample.changes import BUG, REFUSED

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(1800)]

SEED = 8
KEYS, VERSIONS = size((100, 10), (500, 20))
"""Orders and their versions, with kills."""
CALM_KEYS = size(40, 500)
"""Orders without a kill: once with poison, once without."""
KILLS = size(3, 30)
PER_SECOND = 250
KINDS = (BROKEN, BUG, REFUSED)
MAX_DELIVER = topology.load().defaults.max_deliver


def poisoned(fed: Sequence[Change], chance: random.Random) -> list[Change]:
    """Return the changes with one in a hundred made poison, the kinds in turn."""
    places = chance.sample(range(len(fed)), len(fed) // 100)
    words = {place: KINDS[turn % len(KINDS)] for turn, place in enumerate(places)}
    return [replace(change, word=words.get(place, "")) for place, change in enumerate(fed)]


async def healthy_p99(line: Pipeline, fed: Sequence[Change]) -> float:
    """Return the 99th percentile of the seconds from the source's commit to the event that follows."""
    whole = {change.order_id for change in fed} - {change.order_id for change in fed if change.word}
    took = [told.seconds for told in (await line.seen()).told if told.order_id in whole]
    return quantiles(took, n=100)[98]


async def flow(mesh: LocalMesh, folder: Path, fed: Sequence[Change]) -> float:
    """Let changes flow through a service that nobody kills; returns the p99 of the orders without poison."""
    async with pipeline(mesh, folder) as line:
        await line.start()
        await line.feed(fed, per_second=PER_SECOND)
        await line.drain()
        verdict = await line.verdict()
        assert verdict.is_clean, verdict
        return await healthy_p99(line, fed)


async def storm(line: Pipeline, fed: Sequence[Change], chance: random.Random) -> None:
    """Feed changes; each time the service has kept so many letters it ends between their commit and the answer."""
    part = -(-len(fed) // KILLS)
    for turn in range(KILLS):
        process = await line.start(crash_at=f"letter-kept:{chance.randint(1, 2)}")
        await line.feed(fed[turn * part : (turn + 1) * part])
        assert await process.ended(within_seconds=60) == CRASH_EXIT
    await line.start()
    await line.drain(within_seconds=120)


def original(letter: dict[str, Any]) -> bool:
    """Whether a dead letter says where it came from and what went wrong."""
    asked = ("stream", "sequence", "subject", "headers", "fingerprint", "owner", "remedy", "error_class", "body_base64")
    return all(letter[name] for name in asked)


async def test_poison(mesh: LocalMesh, tmp_path: Path, report: Report) -> None:
    chance = random.Random(SEED)
    baseline = await flow(mesh, tmp_path, changes(CALM_KEYS, VERSIONS))
    beside = await flow(mesh, tmp_path, poisoned(changes(CALM_KEYS, VERSIONS), chance))
    async with pipeline(mesh, tmp_path) as line:
        fed = poisoned(changes(KEYS, VERSIONS), chance)
        await storm(line, fed, chance)
        verdict, letters = await line.verdict(), await line.dead_letters()
    poison = sum(bool(change.word) for change in fed)
    tries = max(letter["tries"] for letter in letters)
    figure = (
        f"{poison} poison of 3 kinds in {len(fed):,} messages, {KILLS} deaths between letter and answer: "
        f"{len(letters)} dead letters in {len({letter['fingerprint'] for letter in letters})} groups, at most {tries} "
        f"tries; {verdict}; p99 of the others {beside / baseline:.2f} of what it is without poison"
    )
    report.note("T08", "Poison", seed=SEED, figure=figure, poison=poison, tries=tries, **verdict.counts)
    assert verdict.is_clean, verdict
    assert len(letters) == poison
    assert len({letter["fingerprint"] for letter in letters}) == len(KINDS)
    assert all(original(letter) for letter in letters)
    assert tries <= MAX_DELIVER
