"""The control tower's page in a real browser: how soon it can be used, and what it costs while events come."""

import asyncio
import shutil
import threading
import time
from datetime import UTC, datetime

import nats
import psutil
from playwright.sync_api import Browser, Playwright, sync_playwright

from canonical import publish_subject, seal
from canonical.carrier import ArrivedAtFacility
from canonical.topology import inbox_prefix

from crossdock_cli.mesh import Mesh

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
OWNER = "carrier-gateway"
PER_SECOND, SECONDS = 500, 60
TICKS = 20
"""Parts of a second in which the events of a second are published."""


def interactive(mesh: Mesh) -> float:
    """Return the seconds from opening the page in a cold browser until its figures stand and its search takes keys."""
    with sync_playwright() as playwright:
        browser = _browser(playwright)
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(mesh.url("control-tower"))
        page.get_by_role("row", name="order-release").first.wait_for()
        page.get_by_label("Find by any number").fill("SO-1")
        seconds = time.perf_counter() - began
        browser.close()
    return seconds


def under_load(mesh: Mesh, path: str) -> tuple[float, float]:
    """Return the share of one core a page costs the browser's processes, and the events a second it was shown."""
    with sync_playwright() as playwright:
        browser = _browser(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{mesh.url('control-tower')}/{path}")
        page.get_by_role("row").nth(1).wait_for()
        told: list[float] = []
        load = threading.Thread(target=lambda: told.append(asyncio.run(_publish(mesh))))
        load.start()
        spent, began = _processor_seconds(), time.perf_counter()
        while load.is_alive():
            page.wait_for_timeout(1000)
        passed = time.perf_counter() - began
        share = (_processor_seconds() - spent) / passed
        load.join()
        browser.close()
    return share, told[0]


def _browser(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def _processor_seconds() -> float:
    """Return the processor time of every process of the browser."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name():
                spent += sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return spent


async def _publish(mesh: Mesh) -> float:
    """Publish arrivals at depots as their owner; returns how many a second the broker took."""
    password = (mesh.layout.broker_secrets / f"nats-{OWNER}.password").read_text().strip()
    client = await nats.connect(
        mesh.layout.broker_url(), user=OWNER, password=password, inbox_prefix=inbox_prefix(OWNER).encode()
    )
    stream, began, count = client.jetstream(), time.perf_counter(), 0
    part = PER_SECOND // TICKS
    while count < PER_SECOND * SECONDS:
        await asyncio.gather(*(stream.publish(*_arrival(number)) for number in range(count, count + part)))
        count += part
        await asyncio.sleep(max(0.0, began + count / PER_SECOND - time.perf_counter()))
    rate = count / (time.perf_counter() - began)
    await client.close()
    return rate


def _arrival(number: int) -> tuple[str, bytes]:
    order, now = f"SO-PAGE-{number // 10:06d}", datetime.now(UTC)
    event = ArrivedAtFacility(
        occurred_at=now,
        order_id=order,
        shipment_id=f"SH-{order}",
        carrier_code="swiftparcel",
        customer_id="C-1",
        tracking_number=f"T-{order}",
        location="Leipzig, DE",
        carrier_status_code="AR",
    )
    envelope = seal(
        event,
        event_id=f"bench-page-{now.timestamp()}-{number}",
        source=f"/eu/{OWNER}",
        correlation_id=order,
        causation_id=None,
        region="eu",
        recorded_at=now,
    )
    return publish_subject(event, "eu"), envelope.model_dump_json(exclude_none=True).encode()
