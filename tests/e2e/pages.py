"""The control tower's page in a real browser, for tests of it."""

import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, expect

from crossdock_cli.mesh import Mesh

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run"),
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
SERIOUS = {"serious", "critical"}
"""What axe calls them; nothing less is asked for."""
expect.set_options(timeout=20_000)


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


def confirm(page: Page, button: str, verb: str | re.Pattern[str], reason: str = "") -> None:
    """Answer the one question an action asks."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Your name")).fill("Grace Hopper")
    if reason:
        dialog.get_by_label(re.compile("Reason")).fill(reason)
    dialog.get_by_role("button", name=verb).click()
