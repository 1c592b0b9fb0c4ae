"""The page's views: filters as links, the map, a carrier's messages and its profile."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from .pages import CHROMIUM, Tower, confirm

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: on Debian, apt-get install chromium"),
    pytest.mark.usefixtures("fault_free"),
]


def test_orders_are_filtered_and_the_view_is_a_link(tower: Tower) -> None:
    page = tower.page("#/orders")
    page.get_by_label("Site").fill("NO-SUCH-SITE")
    page.get_by_label("Site").press("Enter")
    expect(page.get_by_text("No order is like this now")).to_be_visible()
    assert "site=NO-SUCH-SITE" in page.url
    page.goto(f"{tower.url}/#/orders?stage=completed&company=default")
    expect(page.get_by_role("combobox", name=re.compile("^Stage"))).to_have_value("completed")
    expect(page.get_by_role("link", name=tower.order)).to_be_visible()
    page.get_by_role("link", name="clear").click()
    expect(page.get_by_role("combobox", name=re.compile("^Stage"))).to_have_value("")
    page.close()


def test_an_order_says_where_its_time_went(tower: Tower) -> None:
    page = tower.page(f"#/order/{tower.order}")
    page.get_by_text("Where the time went: the customer's last message came").click()
    shares = page.get_by_role("table", name=re.compile("What each service's steps took"))
    told = httpx.get(f"{tower.url}/api/v1/journeys/{tower.order}").json()
    expect(shares.get_by_role("row")).to_have_count(1 + len(told["services"]))
    steps = page.get_by_role("table", name="Step by step.")
    expect(steps.get_by_role("row")).to_have_count(1 + len(told["steps"]))
    expect(steps).to_contain_text("with a call outside")
    page.close()


def test_parcels_are_on_the_map_and_in_its_list(tower: Tower) -> None:
    page = tower.page("#/map")
    places = page.get_by_role("region", name="Places").get_by_role("link")
    expect(places.first).to_be_visible()
    place = places.first.inner_text()
    places.first.click()
    parcels = page.get_by_role("region", name="Parcels")
    expect(parcels).to_contain_text(f"At {place}")
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data"
    colours = page.locator("canvas").evaluate(f"canvas => new Set(new Uint32Array(({drawn})(canvas).buffer)).size")
    assert colours > 20
    parcels.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("Order SO-"))).to_be_visible()
    page.close()


def test_a_profile_is_tried_and_a_mistake_named_with_its_line(tower: Tower) -> None:
    page = tower.page("#/partners")
    expect(page.get_by_role("row", name=re.compile("swiftparcel.*well"))).to_be_visible()
    page.get_by_role("link", name="swiftparcel").click()
    messages = page.get_by_role("row", name=re.compile("webhook.*tracking"))
    messages.first.get_by_role("link").click()
    expect(page.get_by_role("region", name="Mapped")).to_contain_text("Every code is known")
    confirm(page, "Show it whole …", "Show it", reason="the carrier asks")
    expect(page.get_by_text("that you read it is kept")).to_be_visible()
    profile, outcome = page.get_by_label("Profile in YAML").last, page.get_by_role("region", name="Outcome")
    page.get_by_role("button", name="Try it on the sample").click()
    expect(
        outcome.get_by_role("row", name=re.compile("milestone out-for-delivery rule 1: event.code = OD"))
    ).to_be_visible()
    profile.fill(profile.input_value().replace("      OD: out-for-delivery\n", ""))
    page.get_by_role("button", name="Try it on the sample").click()
    expect(outcome).to_contain_text("No rule knows OD")
    confirm(page, "Put it to work …", "Put it to work", reason="a try")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("samples")
    page.get_by_role("button", name="Cancel").click()
    profile.fill(profile.input_value().replace("picked-up", "picked-up-soon"))
    page.get_by_role("button", name="Try it on the sample").click()
    expect(outcome.get_by_role("alert").first).to_contain_text(re.compile(r"Line \d+"))
    page.close()
