"""The suite sees what it is there to see: each seeded defect fails the very check that the product passes."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx
import pytest
from rig import proofs
from rig.defects import DEFECTS
from rig.pipeline import Pipeline, environment_of, pipeline
from rig.process import GATEWAY, ServiceProcess
from rig.report import Report
from rig.source import changes

from chassis.testing import LocalMesh, eventually

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(180)]

CARRIERS = Path(__file__).resolve().parents[2] / "partners" / "carriers"
Check = Callable[[Pipeline, str], Awaitable[list[str]]]
caught: set[str] = set()


def crash_at(point: str) -> Check:
    """Return the check of a crash at a point: nothing may be lost, doubled, made up or out of order after it."""

    async def check(line: Pipeline, defect: str) -> list[str]:
        process = await line.start(defect=defect, crash_at=f"{point}:1")
        await line.feed(changes(8, 2))
        await process.ended()
        await line.start(defect=defect)
        return await findings(line)

    return check


async def findings(line: Pipeline) -> list[str]:
    """Drain and say what is wrong."""
    await line.drain()
    verdict = await line.verdict()
    return [] if verdict.is_clean else [str(verdict)]


async def copies(line: Pipeline, defect: str) -> list[str]:
    """Every event three times, under broker ids of their own."""
    await line.start(defect=defect)
    await line.feed_copies(changes(40, 10), 3, seed=11)
    return await findings(line)


async def failing_once(line: Pipeline, defect: str) -> list[str]:
    """The first of many versions fails once; the others wait for it and for each other."""
    await line.feed(changes(24, 6, {"1": "later"}))
    await line.start(defect=defect)
    return await findings(line)


async def failing_always(line: Pipeline, defect: str) -> list[str]:
    """One message fails again and again: it is tried a few times within two seconds, not all the time."""
    process = await line.start(defect=defect)
    await line.feed(changes(1, 1, {"1": "stuck"}))
    await asyncio.sleep(2.0)
    tries = await process.metric("crossdock_retries_total")
    return [] if 2 <= tries <= 15 else [f"{tries:.0f} tries within two seconds"]


async def buggy(line: Pipeline, defect: str) -> list[str]:
    """A handler's bug is tried five times, then the message is a dead letter."""
    process = await line.start(defect=defect)
    await line.feed(changes(1, 1, {"1": "bug"}))

    async def is_decided() -> bool:
        return bool((await line.seen()).letters) or await process.metric("crossdock_retries_total") > 5

    await eventually(is_decided, within_seconds=60)
    retries = await process.metric("crossdock_retries_total")
    return [] if retries == 4 and (await line.verdict()).is_clean else [f"{retries:.0f} retries and no dead letter"]


CHECKS: dict[str, Check] = {
    "ack before commit": crash_at("before-commit"),
    "publish before commit": crash_at("before-commit"),
    "inbox check outside the transaction": crash_at("after-handler"),
    "dedupe by broker only": copies,
    "ids anew on retry": crash_at("after-publish"),
    "retry without delay": failing_always,
    "unbounded tries of a bug": buggy,
    "followers of a failed message overtake": failing_once,
}


@pytest.mark.parametrize("defect", CHECKS)
async def test_defect_of_the_pipeline_is_caught(mesh: LocalMesh, tmp_path: Path, defect: str) -> None:
    for seeded in ("", defect):
        async with pipeline(mesh, tmp_path) as line:
            found = await CHECKS[defect](line, seeded)
        print(seeded or "the product", found)
        assert bool(found) == bool(seeded), found
    caught.add(defect)


PROOFS = {
    "signature over parsed JSON": (proofs.raw_bytes_are_signed, proofs.sign_parsed_json),
    "stale secrets count": (proofs.old_secrets_end, proofs.count_every_secret),
    "== compare": (proofs.secrets_are_compared_in_constant_time, proofs.compare_plainly),
}


@pytest.mark.parametrize("defect", PROOFS)
def test_defect_of_proofs_is_caught(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, seed = PROOFS[defect]
    assert check() == []
    seed(monkeypatch)
    assert check() != []
    caught.add(defect)


async def kept_of_taken(mesh: LocalMesh, folder: Path, defect: str) -> tuple[int, int]:
    """Post a webhook to a gateway that crashes at its commit; return how many were answered well, and how many kept."""
    secret, body = b"a-secret-of-the-test", b'{"event_id": "E-1"}'
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets" / "swiftparcel.secret").write_bytes(secret)
    settings = await mesh.settings("carrier-gateway")
    folders = {"carriers_dir": CARRIERS, "secrets_dir": folder / "secrets"}
    environment = environment_of(settings, **folders, crash_at="before-commit:1")
    process = ServiceProcess(environment, folder / "gateway.log", defect=defect, service=GATEWAY)
    assert await process.ready()
    proof = base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()
    async with httpx.AsyncClient(base_url=process.url) as web:
        try:
            answer = await web.post("/webhooks/swiftparcel", content=body, headers={"x-swift-signature": proof})
            taken = int(answer.is_success)
        except httpx.TransportError:
            taken = 0
    await process.ended()
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
    kept = await connection.fetchval("SELECT count(*) FROM raw_message")
    await connection.close()
    return taken, kept


async def test_2xx_before_store_is_caught(mesh: LocalMesh, tmp_path: Path) -> None:
    taken, kept = await kept_of_taken(mesh, tmp_path, "")
    assert taken <= kept
    taken, kept = await kept_of_taken(mesh, tmp_path, "2xx before store")
    assert taken > kept
    caught.add("2xx before store")


def test_all_defects_are_caught(report: Report) -> None:
    seeded = CHECKS.keys() | PROOFS.keys() | DEFECTS.keys()
    figure = f"{len(caught)} of {len(seeded)} caught"
    report.note("NC", "Negative controls", seed=0, figure=figure, caught=len(caught), seeded=len(seeded))
    assert caught == seeded
