"""T20: one partner sends twenty times its quota: it gets 429, and the others notice nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from rig.pipeline import environment_of
from rig.process import GATEWAY, ServiceProcess
from rig.report import Report, size

from chassis.testing import LocalMesh

QUOTA, TIMES, BURST_SECONDS = 25, 20, 2.0
HONEST, HONEST_PER_SECOND = ("alpha", "beta", "gamma", "delta"), 20
SECONDS = size(5.0, 120.0)
SHARE = 0.95
CARRIERS = Path(__file__).resolve().parents[2] / "partners" / "carriers"
SECRET = b"a-secret-of-the-test"

pytestmark = [pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(size(120, 900))]


@dataclass(slots=True)
class Sender:
    """A partner that sends at its own pace and does not come again."""

    url: str
    per_second: float
    answers: list[tuple[int, float]] = field(default_factory=list)
    without_word: int = 0
    _numbers: "count[int]" = field(default_factory=count)

    async def send(self, web: aiohttp.ClientSession, seconds: float) -> None:
        """Send for a while, whatever the answers are."""
        began, calls = time.monotonic(), list[asyncio.Task[None]]()
        for number in range(int(seconds * self.per_second)):
            await asyncio.sleep(began + number / self.per_second - time.monotonic())
            calls.append(asyncio.create_task(self._one(web)))
        await asyncio.gather(*calls)

    async def _one(self, web: aiohttp.ClientSession) -> None:
        at = datetime.now(UTC).isoformat()
        scan = {"event_id": f"E-{next(self._numbers)}", "tracking_number": "T-1", "code": "PU", "at": at}
        body = json.dumps(scan).encode()
        proof = base64.b64encode(hmac.digest(SECRET, body, hashlib.sha256)).decode()
        began = time.perf_counter()
        async with web.post(self.url, data=body, headers={"x-swift-signature": proof}) as answer:
            self.answers.append((answer.status, (time.perf_counter() - began) * 1000))
            self.without_word += answer.status == 429 and "retry-after" not in answer.headers

    def count(self, status: int) -> int:
        """Return how many answers had this status."""
        return sum(got == status for got, _ in self.answers)


async def phase(url: str, noisy: Sender | None, seconds: float) -> tuple[float, float]:
    """Have the honest partners send, beside the noisy one if there is; return their share taken and their p99 (ms)."""
    honest = [Sender(f"{url}/webhooks/{name}", HONEST_PER_SECOND) for name in HONEST]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as web:
        await asyncio.gather(*(one.send(web, seconds) for one in (*honest, *([noisy] if noisy else []))))
    answers = [answer for one in honest for answer in one.answers]
    times = sorted(ms for _, ms in answers)
    return sum(status == 200 for status, _ in answers) / len(answers), times[int(0.99 * len(times))]


async def test_noisy_partner(servers: LocalMesh, tmp_path: Path, report: Report) -> None:
    folders = {"carriers_dir": tmp_path / "carriers", "secrets_dir": tmp_path / "secrets"}
    for folder in folders.values():
        folder.mkdir()
    profile = (CARRIERS / "swiftparcel.yaml").read_text()
    for name in (*HONEST, "noisy"):
        (folders["carriers_dir"] / f"{name}.yaml").write_text(profile.replace("swiftparcel", name))
        (folders["secrets_dir"] / f"{name}.secret").write_bytes(SECRET)
    limits = {"partner_events_per_second": QUOTA, "partner_burst_seconds": BURST_SECONDS}
    environment = environment_of(await servers.settings("carrier-gateway"), **folders, **limits)
    process = ServiceProcess(environment, tmp_path / "gateway.log", service=GATEWAY)
    assert await process.ready()
    noisy = Sender(f"{process.url}/webhooks/noisy", QUOTA * TIMES)
    before, before_p99 = await phase(process.url, None, SECONDS)
    began = time.monotonic()
    during, during_p99 = await phase(process.url, noisy, SECONDS)
    took = time.monotonic() - began
    assert await process.stop() == 0
    taken, refused = noisy.count(200), noisy.count(429)
    assert before == 1.0
    assert during >= SHARE
    assert taken + refused == len(noisy.answers)
    assert taken <= QUOTA * (took + BURST_SECONDS) + QUOTA, "the quota was not kept"
    assert noisy.without_word == 0
    report.note(
        "T20", "One partner at twenty times its quota", seed=0,
        figure=f"{len(noisy.answers):,} messages in {SECONDS:.0f} s: {taken} taken, {refused:,} answered 429; "
        f"the others: {during:.0%} taken, p99 {before_p99:.0f} ms before, {during_p99:.0f} ms during",
        taken=taken, refused=refused, others_taken=during, before_p99_ms=round(before_p99, 1),
        during_p99_ms=round(during_p99, 1),
    )  # fmt: skip
