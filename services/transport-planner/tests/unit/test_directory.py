"""Which routing rules are in force."""

from collections.abc import Mapping

from canonical.metadata import RoutingRule

from transport_planner.directory import CentralRouting
from transport_planner.domain import RoutingRules, Rule, decide

from ..fakes import CHEAPEST, NORD, SWIFT, load


class Central:
    def __init__(self, **rules: RoutingRule) -> None:
        self.rules = rules

    def all(self) -> Mapping[str, RoutingRule]:
        return self.rules


def test_central_rules_are_asked_by_their_place_and_before_the_services_own() -> None:
    central = Central(later=RoutingRule(place=2), first=RoutingRule(place=1), also_later=RoutingRule(place=2))
    routing = CentralRouting(central, RoutingRules(rules=(CHEAPEST,)))
    assert [rule.name for rule in routing.rules] == ["first", "also_later", "later", CHEAPEST.name]


def test_whatever_a_central_rule_may_say_is_understood() -> None:
    assert RoutingRule.model_fields.keys() - {"place"} <= Rule.model_fields.keys()


def test_a_central_rule_decides_and_the_next_look_sees_that_it_is_gone() -> None:
    central = Central(strike=RoutingRule(place=1, min_parcels=1, forbid=(NORD.carrier_code,)))
    routing = CentralRouting(central, RoutingRules(rules=(CHEAPEST,)))
    struck = decide(load(), [SWIFT, NORD], routing.rules)
    assert struck.chosen
    assert struck.chosen.quote == SWIFT
    assert {one.verdict for one in struck.considered if one.quote == NORD} == {"forbidden by strike"}
    del central.rules["strike"]
    later = decide(load(), [SWIFT, NORD], routing.rules)
    assert later.chosen
    assert later.chosen.quote == NORD
