"""A customer's tracking page: opened from the mail, in a real browser, and seen by nobody else."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from rig.meshes import ended

from crossdock_cli.mesh import Mesh
from crossdock_cli.world import Wish

from .pages import CHROMIUM, FLAGS, NARROW, SERIOUS

LINK = re.compile(r"http://\S+/t/\S+")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: on Debian, apt-get install chromium"),
]


@dataclass
class Customer:
    """Somebody whose order was delivered, with their mails."""

    browser: Browser
    link: str
    others: list[str]
    released: dict[str, Any]
    faults: list[str] = field(default_factory=list)

    def open(self, link: str, **options: Any) -> Page:
        """Open a link; scripts' errors and every request but that for the page itself are noted as faults."""
        page = self.browser.new_page(viewport=NARROW, **options)
        page.on("request", lambda asked: None if asked.url.startswith((link, "data:")) else self._note(asked.url))
        page.on("console", lambda said: self._note(said.text))
        page.goto(link)
        return page

    def _note(self, fault: str) -> None:
        self.faults.append(fault)


@pytest.fixture(scope="module")
def customer(own_mesh: Mesh) -> Iterator[Customer]:
    ended(own_mesh, Wish(orders=4, seed=56), seconds=90)
    tower = httpx.Client(base_url=own_mesh.url("control-tower"))
    orders: list[str] = []
    deadline = time.monotonic() + 60
    while len(orders) < 2 and time.monotonic() < deadline:
        found = tower.get("/api/v1/journeys", params={"stage": "completed"}).json()
        orders = [one["correlation_id"] for one in found]
    assert len(orders) >= 2
    links = [_link(own_mesh, order) for order in orders]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Customer(browser, links[0], orders[1:], _released(own_mesh, orders[0]))
        browser.close()


def _link(mesh: Mesh, order: str) -> str:
    mails = httpx.get(f"{mesh.layout.sandbox_url()}/_sandbox/mails", params={"order": order}).json()
    told = next(mail["text"] for mail in reversed(mails) if mail["template"] == "delivered")
    found = LINK.search(told)
    assert found, told
    return found.group()


def _released(mesh: Mesh, order: str) -> dict[str, Any]:
    story = httpx.get(f"{mesh.url('control-tower')}/api/v1/journeys/{order}").json()["story"]
    return next(told["data"] for told in story if told["type"] == "order.released.v1")


@pytest.fixture(autouse=True)
def _without_faults(customer: Customer) -> Iterator[None]:
    yield
    assert customer.faults == []


@pytest.mark.parametrize(
    ("language", "headline", "step"),
    [
        ("de", "Ihre Sendung wurde zugestellt", "In Zustellung"),
        ("en", "Your shipment was delivered", "Out for delivery"),
    ],
)
def test_the_link_of_the_mail_opens_the_page_in_the_customers_language(
    customer: Customer, language: str, headline: str, step: str
) -> None:
    page = customer.open(customer.link.split("?")[0], locale=language)
    assert page.get_by_role("heading", level=1).inner_text() == headline
    assert page.get_by_text(step, exact=True).count() == 1
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("script").count() == 0
    assert re.search(r"(GMT|UTC)\+0?[12]", page.locator("main").inner_text())
    assert [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS] == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.close()


def test_the_languages_of_the_page_are_a_click_away(customer: Customer) -> None:
    page = customer.browser.new_page(viewport=NARROW)
    page.goto(customer.link)
    page.get_by_role("link", name="Français").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Votre envoi a été livré"
    page.close()


def test_it_shows_nothing_of_prices_goods_and_other_orders(customer: Customer) -> None:
    page = httpx.get(customer.link).text
    line = customer.released["lines"][0]
    for hidden in (line["sku"], customer.released["customer_id"], "Marktstraße", "customer1@", "EUR"):
        assert hidden not in page
    assert not [other for other in customer.others if other in page]


def test_its_headers_keep_it_private(customer: Customer) -> None:
    headers = httpx.get(customer.link).headers
    assert "noindex" in headers["x-robots-tag"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "private, no-store"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_a_changed_link_and_a_made_up_one_look_the_same(customer: Customer) -> None:
    link = customer.link.split("?")[0]
    changed = link[:-1] + ("A" if link[-1] != "A" else "B")
    made_up = link.rsplit("/", 1)[0] + "/never"
    answers = [httpx.get(one, headers={"accept-language": "nl"}) for one in (changed, made_up)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert "Deze link toont niets" in answers[0].text
