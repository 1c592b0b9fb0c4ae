"""The tracking page speaks five languages, is legible, loads nothing, and tells strangers nothing."""

from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from control_tower.api.printing import ENDED, LANGUAGES, Printer, words_of
from control_tower.directory import Brands
from control_tower.domain import brands, zones
from control_tower.domain.languages import choose
from control_tower.domain.tracking import STEPS, Parcel, Step, Tracked
from control_tower.domain.visitors import MOST_ADDRESSES, Visitors, address_of, network

from ..fakes import NOON

DEFAULT = Path(__file__).parents[4] / "partners" / "brands" / "default.yaml"


def brand(**changed: Any) -> brands.Brand:
    return brands.parse("default", yaml.safe_dump({**yaml.safe_load(DEFAULT.read_text()), **changed}))


def shipment(**changed: Any) -> Tracked:
    told: dict[str, Any] = {
        "company": "default",
        "order_id": "SO-1",
        "shipment_id": "SH-1",
        "carrier": "swiftparcel",
        "status": "delivered",
        "promised_at": NOON,
        "expected_at": NOON,
        "steps": [Step("delivered", NOON, "Lyon, FR", None)],
        "parcels": [Parcel("T1", "delivered")],
        "place": "Lyon, FR",
        "delivered_at": NOON,
        "signed_by": "A•••",
        "zone": "Europe/Paris",
    }
    return Tracked(**{**told, **changed})


def shape(words: Any) -> Any:
    return {name: shape(inner) for name, inner in words.items()} if isinstance(words, dict) else type(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    words = words_of(language)
    assert shape(words) == shape(words_of("en"))
    assert set(words["step"]) == set(STEPS.values())
    assert set(words["status"]) == {*STEPS.values(), "cancelled"}
    shipped = {path.name for path in files("control_tower").joinpath("words").iterdir()}
    assert shipped == {f"{one}.yaml" for one in LANGUAGES}


@pytest.mark.parametrize("status", [*dict.fromkeys(STEPS.values()), "cancelled"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_has_a_page(language: str, status: str) -> None:
    printed = Printer().shipment(shipment(status=status), brand(), language)
    assert f"<h1>{words_of(language)['status'][status]}".replace("'", "&#39;") in printed.html
    assert "<script" not in printed.html
    assert "http" not in printed.html


def test_times_are_the_customers() -> None:
    page = Printer().shipment(shipment(zone="America/New_York"), brand(), "en").html
    assert "Mon, March 2, 2026, 7:00\u202fAM (GMT-05:00)" in page
    assert "Times are those of New York." in page


def test_a_carriers_clock_without_a_zone_is_shown_as_it_is() -> None:
    step = Step("tour", NOON, None, "2026-03-02T08:15:00")
    page = Printer().shipment(shipment(steps=[step]), brand(), "de").html
    assert "08:15 (Ortszeit des Paketdienstes)" in page


def test_what_carriers_say_cannot_become_markup() -> None:
    told = shipment(place="<script>alert(1)</script>", carrier='"><img src=x onerror=alert(1)>')
    page = Printer().shipment(told, brand(name="<b>Shop</b>"), "en").html
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "<b>" not in page


def test_the_policy_names_the_style_it_allows() -> None:
    one, other = (Printer().notice(ENDED, made, "en") for made in (brand(), brand(company="default", name="Another")))
    assert one.policy == other.policy
    assert "script-src" not in one.policy
    assert one.policy.startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("fr", "de", "fr"),
        ("xx", "de", "de"),
        (None, "pt, nl;q=0.5, es;q=0.8", "es"),
        (None, "de-AT,de;q=0.9,en;q=0.8", "de"),
        (None, "de;q=0, fr;q=0.1", "fr"),
        (None, "", "en"),
        (None, "*;q=1, ;;;, \x00", "en"),
        (None, "de" * 5000, "en"),
    ],
)
def test_languages_are_chosen(asked: str | None, accepted: str, language: str) -> None:
    assert choose(asked, accepted, LANGUAGES) == language


def test_the_default_brand_is_sound() -> None:
    assert brand().logo()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"colours": {"text": "#888888", "page": "#ffffff", "band_text": "#ffffff", "band": "#000000"}}, "contrast"),
        ({"colours": {"text": "#000000", "page": "#ffffff", "band_text": "#777777", "band": "#000000;"}}, "pattern"),
        ({"logo_svg": "<svg><script>alert(1)</script></svg>"}, "loads and runs"),
        ({"logo_svg": "<svg onload='x()'></svg>"}, "loads and runs"),
        ({"logo_svg": '<svg><image href="https://elsewhere.example/x.png"/></svg>'}, "loads and runs"),
        ({"logo_svg": None, "logo_png": "aGVsbG8="}, "PNG"),
        ({"logo_svg": None, "logo_png": "no base64"}, "PNG"),
        ({"help": {"url": "javascript:alert(1)"}}, "url"),
        ({"company": "another"}, "another"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_brand_that_would_harm_is_refused(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(brands.InvalidBrand, match=why):
        brand(**changed)


def test_contrast_is_that_of_wcag() -> None:
    assert brands.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert brands.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_brands_are_read_again_and_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    text = DEFAULT.read_text()
    (tmp_path / "default.yaml").write_text(text)
    found = Brands(tmp_path)
    found.refresh()
    assert found.of("acme").company == "default"
    acme = tmp_path / "acme.yaml"
    acme.write_text(text.replace("company: default", "company: acme").replace("Crossdock Shop", "Acme"))
    found.refresh()
    assert found.of("acme").name == "Acme"
    acme.write_text("company: acme\nname: broken and longer than before")
    found.refresh()
    assert found.of("acme").name == "Acme"
    acme.unlink()
    found.refresh()
    assert found.of("acme").company == "default"


def test_without_a_default_brand_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(brands.InvalidBrand, match=r"default\.yaml"):
        Brands(tmp_path).refresh()


def test_one_address_may_come_so_often() -> None:
    visitors = Visitors(per_minute=2)
    assert [visitors.admit("192.0.2.1", 0.0) for _ in range(3)] == [True, True, False]
    assert visitors.admit("192.0.2.2", 1.0)
    assert visitors.admit("192.0.2.1", 60.0)


def test_a_flood_of_addresses_costs_no_memory() -> None:
    visitors = Visitors(per_minute=1)
    for number in range(MOST_ADDRESSES):
        visitors.admit(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert visitors.admit("192.0.2.1", 0.0)
    assert not visitors.admit("192.0.2.2", 0.0)
    assert not visitors.admit("10.0.0.0", 0.0)


def test_addresses_are_counted_by_network_and_behind_own_proxies() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert address_of("10.0.0.1", "203.0.113.9, 198.51.100.7", 0) == "10.0.0.1"
    assert address_of("10.0.0.1", "203.0.113.9, 198.51.100.7", 1) == "198.51.100.7"
    assert address_of("10.0.0.1", "203.0.113.9, 198.51.100.7", 2) == "203.0.113.9"
    assert address_of("10.0.0.1", "", 2) == "10.0.0.1"


def test_every_zone_exists() -> None:
    named = set(zones.ZONES.values()) | {zone for codes in zones.BY_POSTAL_CODE.values() for zone in codes.values()}
    assert {ZoneInfo(name).key for name in named} == named
