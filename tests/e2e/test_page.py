"""The control tower's page in a real browser: the jobs people come for, by mouse and by keyboard."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from rig.meshes import drained

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

from .test_dlq import letters_about, send_broken

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run"),
]
SERIOUS = {"serious", "critical"}
PAGES = ("", "#/orders", "#/failures", "#/late", "#/replay", "#/carriers", "#/catalogue", "#/audit", "#/search?q=SO")
expect.set_options(timeout=20_000)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: on Debian, apt-get install chromium"),
]


@dataclass
class Tower:
    """The page of a mesh with a few delivered orders, in a browser."""

    mesh: Mesh
    browser: Browser
    order: str
    tracking_number: str
    faults: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.mesh.url("control-tower")

    def page(self, path: str = "", **options: object) -> Page:
        """Open a page; errors of its own, and requests to anywhere else, are noted as faults."""
        page = self.browser.new_page(viewport=WIDE, **options)  # type: ignore[arg-type]  playwright's own options
        page.on("request", lambda request: self._note(request.url) if not request.url.startswith(self.url) else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.goto(f"{self.url}/{path}")
        return page

    def apart(self, act: Callable[..., object], *values: object, **more: object) -> None:
        """Do something in a thread of its own: the browser's has an event loop already."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(act, self.mesh, *values, **more).result()

    def _note(self, fault: str) -> None:
        self.faults.append(fault)


@pytest.fixture(scope="module")
def tower(own_mesh: Mesh) -> Iterator[Tower]:
    drained(own_mesh, Wish(orders=6, seed=55), seconds=60)
    web = httpx.Client(base_url=own_mesh.url("control-tower"))
    order = ""
    deadline = time.monotonic() + 30
    while not order and time.monotonic() < deadline:
        found = web.get("/api/v1/journeys", params={"stage": "completed"}).json()
        order = found[0]["correlation_id"] if found else ""
    story = web.get(f"/api/v1/journeys/{order}").json()["story"]
    number = next(told["data"]["tracking_number"] for told in story if "tracking_number" in told["data"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Tower(own_mesh, browser, order, number)
        browser.close()


@pytest.fixture(autouse=True)
def _without_faults(tower: Tower) -> Iterator[None]:
    yield
    assert tower.faults == []


def test_an_order_is_found_by_its_tracking_number(tower: Tower) -> None:
    page = tower.page()
    page.get_by_label("Find by any number").fill(tower.tracking_number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Order {tower.order}")).to_be_visible()
    expect(page.get_by_text("completed", exact=True)).to_be_visible()
    page.get_by_role("button", name="carrier.carrier-booked").click()
    expect(page.locator("pre").first).to_contain_text("tracking_number")
    page.get_by_role("button", name="order.released", exact=True).click()
    assert "•••" in page.locator("pre").first.inner_text()
    page.close()


def test_from_the_board_to_an_order_and_what_was_due(tower: Tower) -> None:
    page = tower.page("#/orders")
    page.get_by_label("Stages").get_by_role("link", name=re.compile("completed")).click()
    page.get_by_role("link", name=tower.order).click()
    limits = page.get_by_role("row", name=re.compile("order.released.*inventory.allocated or"))
    expect(limits).to_contain_text("in time")
    page.close()


def test_a_failed_event_is_corrected_and_takes_effect(tower: Tower) -> None:
    tower.apart(send_broken, "SO-PAGE-1")
    letter = letters_about(tower.mesh, "SO-PAGE-1")["inventory-sync"]
    page = tower.page(f"#/failures/inventory-sync/{letter['fingerprint']}/{letter['id']}")
    expect(page.locator("mark").filter(has_text='"quantity": -1')).to_be_visible()
    body = page.get_by_label(re.compile("Correct, then send"))
    body.fill(body.input_value().replace('"quantity": -1', '"quantity": 0'))
    _confirm(page, "Check and retry …", "Correct and retry", reason="zero is no better")
    expect(page.get_by_role("alert").last).to_contain_text("quantity")
    page.get_by_role("button", name="Cancel").click()
    body.fill(body.input_value().replace('"quantity": 0', '"quantity": 1'))
    page.get_by_role("button", name="Check and retry …").click()
    expect(page.get_by_role("dialog").locator(".changed")).to_have_count(2)
    page.get_by_role("button", name="Correct and retry").click()
    expect(page.get_by_role("status").filter(has_text="It is resolved")).to_be_visible()
    expect(page.get_by_role("cell", name="Grace Hopper").first).to_be_visible()
    page.close()


def test_a_failure_is_retried_in_vain_discarded_and_found_in_the_audit(tower: Tower) -> None:
    tower.apart(send_broken, "SO-PAGE-2")
    letter = letters_about(tower.mesh, "SO-PAGE-2")["notification"]
    page = tower.page("#/failures/notification")
    page.get_by_role("link", name=re.compile("quantity")).first.click()
    page.get_by_role("link", name=str(letter["id"]), exact=True).click()
    _confirm(page, "Retry …", "Retry 1")
    expect(page.get_by_role("status").filter(has_text="retry of 1 is done")).to_contain_text("1 dead again")
    page.get_by_role("button", name="Discard …").click()
    page.get_by_role("dialog").get_by_label(re.compile("Your name")).fill("Grace Hopper")
    expect(page.get_by_role("button", name="Discard 1")).to_be_disabled()
    page.get_by_role("dialog").get_by_label(re.compile("Reason")).fill("a test of the shop")
    page.get_by_role("button", name="Discard 1").click()
    expect(page.get_by_text("discarded", exact=True).first).to_be_visible()
    page.goto(f"{tower.url}/#/audit")
    row = page.get_by_role("row", name=re.compile("a test of the shop"))
    expect(row).to_contain_text("Grace Hopper")
    expect(row).to_contain_text("discard of 1")
    page.close()


def _confirm(page: Page, button: str, verb: str | re.Pattern[str], reason: str = "") -> None:
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Your name")).fill("Grace Hopper")
    if reason:
        dialog.get_by_label(re.compile("Reason")).fill(reason)
    dialog.get_by_role("button", name=verb).click()


def test_a_replay_is_planned_started_and_ends(tower: Tower) -> None:
    page = tower.page(f"#/replay?correlation_id={tower.order}")
    page.get_by_label("Service").select_option("notification")
    page.get_by_role("button", name="Say what would happen").click()
    plan = page.get_by_role("region", name="Plan")
    expect(plan).to_contain_text("nothing has been done yet")
    plan.get_by_role("button", name="Start …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Your name")).fill("Grace Hopper")
    dialog.get_by_role("button", name="Start").click()
    expect(page.get_by_role("row", name=re.compile("Grace Hopper.*done"))).to_be_visible()
    page.close()


def test_carriers_and_the_catalogue_are_there_to_read(tower: Tower) -> None:
    page = tower.page("#/carriers")
    expect(
        page.get_by_role("cell", name="nordfreight").or_(page.get_by_role("cell", name="swiftparcel")).first
    ).to_be_visible()
    page.goto(f"{tower.url}/#/catalogue")
    page.get_by_role("link", name="carrier.delivered.v1").first.click()
    expect(page.get_by_text("Published by carrier-gateway")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("tracking_number")
    page.close()


def test_the_board_lives_without_a_reload_and_can_be_paused(tower: Tower) -> None:
    page = tower.page("#/orders")
    total = page.get_by_label("Stages").get_by_role("link", name=re.compile(r"\ball$")).locator("strong")
    expect(total).not_to_have_text("0")
    before = int(total.inner_text())
    tower.apart(drained, Wish(orders=2, seed=77), seconds=60)
    expect(total).to_have_text(str(before + 2))
    page.get_by_role("button", name="Pause the live view").click()
    expect(page.get_by_text("paused")).to_be_visible()
    page.close()


def test_by_keyboard_alone(tower: Tower) -> None:
    page = tower.page()
    expect(page.get_by_role("heading", name="Flow")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    expect(page.get_by_role("link", name=tower.order)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(tower.order)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Order {tower.order}")).to_be_visible()
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.get_by_text("next and previous row")).to_be_visible()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_telephone(tower: Tower, scheme: str) -> None:
    page = tower.page(color_scheme=scheme)
    for path in (*PAGES, f"#/order/{tower.order}"):
        page.goto(f"{tower.url}/{path}")
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("[aria-busy]")).to_have_count(0)
        found = [one for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS]
        said = [(path, one["id"], one["nodes"][0]["html"][:200]) for one in found]
        assert said == []
        page.set_viewport_size(NARROW)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        page.set_viewport_size(WIDE)
    page.close()
