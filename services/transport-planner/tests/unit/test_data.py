"""The data files that come with the service say what they should."""

from pathlib import Path

import pytest

from chassis import StartupError

from transport_planner.app import read
from transport_planner.domain import RoutingRules, Sites, decide
from transport_planner.settings import ServiceSettings

from ..fakes import NORD, SWIFT, load

SETTINGS = ServiceSettings()
RULES = read(SETTINGS.routing_rules_file, RoutingRules).rules


@pytest.mark.parametrize(
    ("changes", "carrier", "rule"),
    [
        ({}, "nordfreight", "standard-cheapest-in-time"),
        ({"service_level": "express"}, "swiftparcel", "express-goes-fastest"),
        ({"service_level": "express", "weight_grams": 30_001}, "nordfreight", "express-goes-fastest"),
        ({"country": "SE"}, "nordfreight", "nordics-with-nordfreight"),
        ({"parcels": 9, "service_level": "express"}, "nordfreight", "express-goes-fastest"),
    ],
)
def test_shipped_rules_choose(changes: dict, carrier: str, rule: str) -> None:
    decision = decide(load(**changes), [SWIFT, NORD], RULES)
    assert decision.chosen
    assert (decision.chosen.quote.carrier_code, decision.rule) == (carrier, rule)


def test_shipped_sites_have_addresses() -> None:
    sites = read(SETTINGS.sites_file, Sites).sites
    assert {code: site.address.country for code, site in sites.items()} == {"DC-BER": "DE", "DC-LYO": "FR"}


@pytest.mark.parametrize("text", ["rules = [", "rules = [{name = 'r', chose = 'cheapest'}]", None])
def test_unusable_file_stops_the_start_with_a_sentence(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "rules.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StartupError, match=r"rules.toml cannot be used as RoutingRules"):
        read(path, RoutingRules)
