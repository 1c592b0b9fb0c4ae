"""The control tower's page in a real browser: the jobs people come for, by mouse and by keyboard."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from rig.meshes import ended

from crossdock_cli.world import Wish

from .pages import CHROMIUM, NARROW, SERIOUS, WIDE, Tower, confirm
from .test_dlq import letters_about, send_broken

PAGES = (
    *("", "#/orders", "#/orders?view=board", "#/map", "#/failures", "#/late", "#/replay", "#/partners"),
    *("#/partners/swiftparcel", "#/carriers", "#/catalogue", "#/catalogue/carrier.delivered.v1", "#/audit"),
    *("#/search?q=SO", "#/wall"),
)
STOCKED = "SKU-0015"
"""An item the sandbox's world has in stock: an order of it is delivered."""
INTERACTIVE_SECONDS = 15.0
"""Generous: CI's machines are shared; `bench` measures the figure."""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: on Debian, apt-get install chromium"),
    pytest.mark.usefixtures("fault_free"),
]


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
    expect(page.get_by_role("row", name=re.compile("delivered.*(early|late)")).first).to_be_visible()
    page.get_by_text(re.compile("Time limits: none broken")).click()
    limits = page.get_by_role("row", name=re.compile("order.released.*inventory.allocated or"))
    expect(limits).to_contain_text("in time")
    page.close()


def test_a_failed_order_is_found_mended_and_seen_delivered(tower: Tower) -> None:
    tower.apart(send_broken, "SO-PAGE-1", STOCKED)
    letter = letters_about(tower.mesh, "SO-PAGE-1")["inventory-sync"]
    page = tower.page(f"#/failures/inventory-sync/{letter['fingerprint']}/{letter['id']}")
    expect(page.locator("mark").filter(has_text='"quantity": -1')).to_be_visible()
    expect(page.locator("pre").first).not_to_contain_text("ada@example.com")
    confirm(page, "Read it whole …", "Read it", reason="to mend the quantity")
    body = page.get_by_label(re.compile("Correct, then send"))
    expect(body).to_have_value(re.compile("ada@example.com"))
    body.fill(body.input_value().replace('"quantity": -1', '"quantity": 0'))
    confirm(page, "Check and retry …", "Correct and retry", reason="zero is no better")
    expect(page.get_by_role("alert").last).to_contain_text("quantity")
    page.get_by_role("button", name="Cancel").click()
    body.fill(body.input_value().replace('"quantity": 0', '"quantity": 1'))
    page.get_by_role("button", name="Check and retry …").click()
    expect(page.get_by_role("dialog").locator(".changed")).to_have_count(2)
    page.get_by_role("button", name="Correct and retry").click()
    expect(page.get_by_role("status").filter(has_text="It is resolved")).to_be_visible()
    expect(page.get_by_role("cell", name="Grace Hopper").first).to_be_visible()
    page.get_by_role("link", name="SO-PAGE-1").click()
    expect(page.get_by_role("button", name="carrier.delivered")).to_be_visible(timeout=60_000)
    page.goto(f"{tower.url}/#/audit")
    row = page.get_by_role("row", name=re.compile("to mend the quantity"))
    expect(row).to_contain_text(f"read · letter {letter['id']}")
    page.close()


def test_a_failure_is_retried_in_vain_discarded_and_found_in_the_audit(tower: Tower) -> None:
    tower.apart(send_broken, "SO-PAGE-2")
    letter = letters_about(tower.mesh, "SO-PAGE-2")["notification"]
    page = tower.page("#/failures/notification")
    page.get_by_role("link", name=re.compile("quantity")).first.click()
    page.get_by_role("link", name=str(letter["id"]), exact=True).click()
    confirm(page, "Retry …", "Retry 1")
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
    expect(row).to_contain_text("discard")
    page.close()


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
    expect(page.get_by_text("not rated").first).to_be_visible()
    page.goto(f"{tower.url}/#/catalogue")
    expect(page.get_by_role("group", name=re.compile("order-to-ship as a drawing"))).to_be_visible()
    page.get_by_label("Show only").fill("proof of delivery")
    expect(page.locator("tbody").first).not_to_contain_text("order.released.v1")
    page.get_by_label("Show only").fill("")
    page.get_by_role("link", name="carrier.delivered.v1", exact=True).first.click()
    expect(page.get_by_text("Published by carrier-gateway")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("tracking_number")
    page.close()


def test_the_page_is_soon_there(tower: Tower) -> None:
    began = time.monotonic()
    page = tower.page()
    expect(page.get_by_role("row", name=re.compile("order-release")).first).to_be_visible()
    page.get_by_label("Find by any number").fill("x")
    assert time.monotonic() - began < INTERACTIVE_SECONDS
    page.close()


def test_the_board_lives_without_a_reload_and_can_be_paused(tower: Tower) -> None:
    page = tower.page("#/orders")
    total = page.get_by_label("Stages").get_by_role("link", name=re.compile(r"\ball$")).locator("strong")
    expect(total).not_to_have_text("0")
    before = int(total.inner_text())
    tower.apart(ended, Wish(orders=2, seed=77), seconds=60)
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
        page.wait_for_timeout(100)  # the map draws itself anew
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        page.set_viewport_size(WIDE)
    page.close()
