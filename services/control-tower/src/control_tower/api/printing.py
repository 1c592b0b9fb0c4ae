"""A shipment as a page for its customer: in their language and time zone, under the company's brand, without script."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import yaml
from babel import Locale
from babel.dates import format_skeleton, format_time, get_timezone_gmt, get_timezone_location
from jinja2 import Environment, PackageLoader, StrictUndefined

from control_tower.domain.brands import Brand
from control_tower.domain.languages import choose
from control_tower.domain.tracking import Step, Tracked

LANGUAGES = ("en", "de", "fr", "nl", "es")
ENDED = "ended"
DATE = "yMMMMEEEEd"

Words = Mapping[str, Any]


class Printed(NamedTuple):
    """A page, and the policy under which a browser shows it."""

    html: str
    policy: str
    language: str


class Printer:
    """Prints pages from the package's template and words."""

    def __init__(self) -> None:
        environment = Environment(
            loader=PackageLoader("control_tower"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._page, self._style = (environment.get_template(f"tracking.{kind}") for kind in ("html", "css"))
        self._words = {language: words_of(language) for language in LANGUAGES}

    def language(self, asked: str | None, accepted: str) -> str:
        """Return the language of a visitor."""
        return choose(asked, accepted, LANGUAGES)

    def shipment(self, shipment: Tracked, brand: Brand, language: str) -> Printed:
        """Return the page of a shipment."""
        words, clock = self._words[language], Clock(shipment.zone, language)
        return self._print(
            brand,
            language,
            headline=words["status"][shipment.status],
            text=None,
            shipment=shipment,
            facts=_told(_facts(shipment, clock)),
            proof=_told(_proof(shipment, clock)),
            steps=[_step(step, clock, words) for step in reversed(shipment.steps)],
            zone=words["zone"].format(zone=clock.city()),
        )

    def notice(self, kind: str, brand: Brand, language: str) -> Printed:
        """Return a page that shows no shipment."""
        words = self._words[language]
        return self._print(brand, language, headline=words[kind], text=words[f"{kind}_text"], shipment=None)

    def _print(self, brand: Brand, language: str, **values: Any) -> Printed:  # noqa: ANN401  the template's own
        style = self._style.render(colours=brand.colours)
        html = self._page.render(
            brand=brand,
            style=style,
            logo=brand.logo(),
            help=_help(brand),
            language=language,
            languages=[(code, self._words[code]["name"]) for code in LANGUAGES],
            words=self._words[language],
            **values,
        )
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return Printed(html, policy, language)


class Clock:
    """Moments as somebody in a zone reads them."""

    def __init__(self, zone: str, language: str) -> None:
        self._zone, self._locale = ZoneInfo(zone), Locale.parse(language)

    def moment(self, at: datetime) -> str:
        """Return a moment with day, time and the zone's distance from Greenwich."""
        local = at.astimezone(self._zone)
        zone = get_timezone_gmt(local, "long", locale=self._locale)
        return f"{self.plain(local.replace(tzinfo=None))} ({zone})"

    def plain(self, at: datetime) -> str:
        """Return a moment of a clock whose zone is not known."""
        day = format_skeleton(DATE, at, locale=self._locale)
        return f"{day}, {format_time(at.time(), 'short', locale=self._locale)}"

    def city(self) -> str:
        """Return the zone's city."""
        return get_timezone_location(self._zone, locale=self._locale, return_city=True)


def words_of(language: str) -> Words:
    """Return all words of a language."""
    text = files("control_tower").joinpath("words", f"{language}.yaml").read_text(encoding="utf-8")
    words: Words = yaml.safe_load(text)
    return words


def _facts(shipment: Tracked, clock: Clock) -> dict[str, str | None]:
    is_over = shipment.status in ("delivered", "returning", "cancelled")
    return {
        "promised": clock.moment(shipment.promised_at) if shipment.promised_at else None,
        "expected": clock.moment(shipment.expected_at) if shipment.expected_at and not is_over else None,
        "last_place": shipment.place,
        "carrier": shipment.carrier,
        "order": shipment.order_id,
        "shipment": shipment.shipment_id,
    }


def _proof(shipment: Tracked, clock: Clock) -> dict[str, str | None]:
    at = shipment.delivered_at
    return {"delivered_at": clock.moment(at), "signed_by": shipment.signed_by} if at else {}


def _told(facts: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in facts.items() if value]


def _step(step: Step, clock: Clock, words: Words) -> dict[str, str | None]:
    when = clock.moment(step.at)
    if step.clock:
        when = f"{clock.plain(datetime.fromisoformat(step.clock).replace(tzinfo=None))} ({words['carriers_clock']})"
    return {"name": step.name, "when": when, "place": step.place}


def _help(brand: Brand) -> list[tuple[str, str]]:
    asked = brand.help
    phone = "".join(c for c in asked.phone or "" if c.isdigit() or c == "+")
    ways = ((f"mailto:{asked.email}", asked.email), (f"tel:{phone}", asked.phone), (asked.url or "", asked.url))
    return [(address, label) for address, label in ways if label]
