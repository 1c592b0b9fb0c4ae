"""Take the pictures of docs/tour.md from a running mesh: every page, at 1440 and 390 px.

crossdock up && crossdock demo --orders 120 --scenario mixed && python tools/screenshots.py http://127.0.0.1:8107
"""

import json
import shutil
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
SIZES = {1440: 900, 390: 844}
DARK = frozenset({"map", "wall"})
"""Pages that are shown dark, so that both are seen."""


def ask(url: str) -> list[dict[str, str]]:
    """Return what the tower answers."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  the tower's own address
        found: list[dict[str, str]] = json.load(answer)
    return found


def pages(tower: str) -> dict[str, str]:
    """Return the address of every page by the name of its picture."""
    order = ask(f"{tower}/api/v1/journeys?stage=completed&limit=1")[0]["correlation_id"]
    message = ask(f"{tower}/api/v1/services/carrier-gateway/raw-messages?carrier=swiftparcel&limit=1")[0]["seq"]
    return {
        "flow": "",
        "orders": "#/orders",
        "order": f"#/order/{order}",
        "map": "#/map",
        "failures": "#/failures",
        "sla": "#/late",
        "replay": f"#/replay?correlation_id={order}",
        "partners": "#/partners",
        "partner": f"#/partners/swiftparcel/{message}",
        "carriers": "#/carriers",
        "catalogue": "#/catalogue",
        "audit": "#/audit",
        "wall": "#/wall",
    } | _letter(tower)


def _letter(tower: str) -> dict[str, str]:
    """Return the page of one failed letter, if there is any."""
    with urllib.request.urlopen(f"{tower}/api/v1/failures") as answer:  # noqa: S310  the tower's own address
        groups = json.load(answer)["groups"]
    if not groups:
        return {}
    group = groups[0]
    return {"letter": f"#/failures/{group['service']}/{group['group']}/{group['samples'][0]}"}


def take(browser: Browser, tower: str, width: int) -> None:
    """Take every page at one width."""
    for name, path in pages(tower).items():
        page = browser.new_page(viewport={"width": width, "height": SIZES[width]})
        page.emulate_media(color_scheme="dark" if name in DARK else "light")
        page.goto(f"{tower}/{path}")
        page.wait_for_selector("main h1")
        expect(page.locator("[aria-busy]")).to_have_count(0, timeout=30_000)
        page.wait_for_timeout(800)
        page.screenshot(path=IMAGES / f"{name}-{width}.png")
        page.close()


def main(tower: str) -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width in SIZES:
            take(browser, tower.rstrip("/"), width)
        browser.close()
    found = sorted(IMAGES.glob("*.png"))
    print(f"{len(found)} pictures, {sum(path.stat().st_size for path in found) / 1e6:.1f} MB in {IMAGES.name}/")


if __name__ == "__main__":
    main(*sys.argv[1:])
