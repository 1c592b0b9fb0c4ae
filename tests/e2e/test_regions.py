"""A hub and two regions by one command: orders are delivered in both, and the one tower shows them all."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from chassis.local.ports import HOST

from crossdock_cli.failures import Exit
from crossdock_cli.mesh import Mesh
from crossdock_cli.web import call

from .pages import CHROMIUM, FLAGS
from .test_commands import crossdock, free_base

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

REGIONS = ("eu", "us")
ORDERS = 5
FED_SECONDS = 150.0
START_SECONDS = 600.0


def test_orders_are_delivered_in_both_regions_and_the_tower_shows_both(state_dir: Path) -> None:
    where, base = ("--state-dir", state_dir), free_base(meshes=1 + len(REGIONS))
    up = crossdock("up", *where, "--base-port", base, "--regions", ",".join(REGIONS), "--json", seconds=START_SECONDS)
    assert up.returncode == 0, up
    try:
        assert set(json.loads(up.stdout)["regions"]) == {"hub", *REGIONS}
        delivered = {region: orders_of(state_dir / region) for region in REGIONS}
        tower = f"http://{HOST}:{base + 7}/api/v1"
        wait_for(lambda: shown(tower) == delivered)
        services = call("GET", f"{tower}/mesh", timeout=30).fields()["services"]
        assert {(one["region"], one["answers"]) for one in services} == {("eu", True), ("us", True)}
        asked = call("GET", f"{tower}/services/order-release/dead-letters?region=us", timeout=30)
        assert (asked.status, asked.body) == (200, [])
        links = {link["region"]: link["is_up"] for link in call("GET", f"{tower}/regions", timeout=30).body}
        assert set(links) == {"hub", *REGIONS}
        story = crossdock("order", "show", next(iter(delivered["us"])), "--state-dir", state_dir / "hub")
        assert "order.completed" in story.stdout
        many = crossdock("order", "show", "SO-1", *where)
        assert (many.returncode, "name one of them" in many.stderr) == (Exit.USAGE, True)
        if CHROMIUM:
            look_at_the_page(f"http://{HOST}:{base + 7}")
        status = json.loads(crossdock("status", *where, "--json").stdout)
        assert (status["ready"], set(status["regions"])) == (True, {"hub", *REGIONS})
    finally:
        down = crossdock("down", *where, "--purge", "--json", seconds=START_SECONDS)
    assert len(json.loads(down.stdout)["ended"]) == 3 + 2 * 9
    assert Mesh.running(state_dir) == []


def look_at_the_page(url: str) -> None:
    """Choose a region on the hub's page: its services alone are shown, and asked."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/#/partners")
        region = page.get_by_label("Region")
        expect(region.locator("option")).to_have_text(list(REGIONS))
        region.select_option("us")
        expect(page.get_by_role("link", name="swiftparcel")).to_be_visible()
        assert any("carriers/standing?region=us" in one for one in asked)
        page.goto(f"{url}/#/")
        expect(page.get_by_role("table").first.get_by_role("row")).to_have_count(1 + 6)
        browser.close()


def orders_of(folder: Path) -> set[str]:
    """Deliver some orders in a region, and return their numbers."""
    done = crossdock("demo", "--state-dir", folder, "--orders", ORDERS, "--json", seconds=START_SECONDS)
    assert done.returncode == 0, done
    tail = crossdock(
        "events", "tail", "--state-dir", folder, "--type", "order.completed.v1", "-n", 500, "--count", ORDERS, "--json"
    )
    return {json.loads(line)["subject"] for line in tail.stdout.splitlines()}


def shown(tower: str) -> dict[str, set[str]]:
    """Return the orders the tower calls completed, by region."""
    found: dict[str, set[str]] = {region: set() for region in REGIONS}
    for journey in call("GET", f"{tower}/journeys?stage=completed&limit=100", timeout=30).body:
        found[journey["region"]].add(journey["correlation_id"])
    return found


def wait_for(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FED_SECONDS
    while not check():
        assert time.monotonic() < deadline, "the hub was not fed in time"
        time.sleep(0.5)
