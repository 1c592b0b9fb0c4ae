"""Routing rules, times of pickup and delivery, and shipment numbers."""

from datetime import UTC, datetime, time

import pytest
from pydantic import ValidationError

from transport_planner.domain import (
    Decision,
    RoutingRules,
    Rule,
    Site,
    decide,
    delivery_after,
    first_plan,
    pickup_after,
    plan_key,
    plan_of,
    return_shipment_id,
)

from ..fakes import BERLIN, CHEAPEST, MONDAY, NORD, PICKUP, SWIFT, load, pack, quote

BOTH = [SWIFT, NORD]
SITE = Site(address=BERLIN, pickup_utc=time(15))


def carrier(decision: Decision) -> str | None:
    return decision.chosen.quote.carrier_code if decision.chosen else None


def verdicts(decision: Decision) -> dict[str, str]:
    return {item.quote.carrier_code: item.verdict for item in decision.considered}


@pytest.mark.parametrize(("choose", "expected"), [("cheapest", "nordfreight"), ("fastest", "swiftparcel")])
def test_rule_says_what_counts(choose: str, expected: str) -> None:
    decision = decide(load(), BOTH, [Rule(name="r", choose=choose)])  # type: ignore[arg-type]
    assert (carrier(decision), decision.rule) == (expected, "r")
    assert verdicts(decision)[expected] == "chosen by r"
    assert "" not in verdicts(decision).values()


@pytest.mark.parametrize(
    ("conditions", "applies"),
    [
        ({"countries": ("FR",)}, True),
        ({"countries": ("DE",)}, False),
        ({"service_levels": ("express",)}, False),
        ({"min_weight_grams": 900}, True),
        ({"min_weight_grams": 901}, False),
        ({"max_weight_grams": 899}, False),
        ({"min_parcels": 2}, False),
        ({"max_parcels": 1}, True),
        ({"countries": ("FR",), "max_weight_grams": 899}, False),
    ],
)
def test_rule_applies_when_all_its_conditions_hold(conditions: dict, applies: bool) -> None:
    assert Rule(name="r", **conditions).applies(load()) is applies


def test_first_rule_that_chooses_decides_and_every_rule_may_forbid() -> None:
    rules = [
        Rule(name="no-swift", forbid=("swiftparcel",)),
        Rule(name="fast", choose="fastest"),
        Rule(name="late", choose="cheapest", forbid=("nobody",)),
    ]
    decision = decide(load(), BOTH, rules)
    assert (carrier(decision), decision.rule) == ("nordfreight", "fast")
    assert verdicts(decision)["swiftparcel"] == "forbidden by no-swift"


def test_preferred_carrier_wins_where_it_quotes() -> None:
    rule = Rule(name="swift-first", prefer=("swiftparcel",), choose="cheapest")
    assert carrier(decide(load(), BOTH, [rule])) == "swiftparcel"
    assert carrier(decide(load(), [NORD], [rule])) == "nordfreight"


def test_promise_is_kept_where_a_carrier_can() -> None:
    rule = Rule(name="in-time", keep_promise=True, choose="cheapest")
    in_time = load(promised_at=datetime(2026, 3, 4, tzinfo=UTC))
    assert carrier(decide(in_time, BOTH, [rule])) == "swiftparcel"
    assert verdicts(decide(in_time, BOTH, [rule]))["nordfreight"] == "would arrive after the promised time"
    assert carrier(decide(load(promised_at=MONDAY), BOTH, [rule])) == "nordfreight"


def test_carrier_that_refused_is_out_and_nobody_may_be_left() -> None:
    decision = decide(load(), BOTH, [CHEAPEST], refused_by=["nordfreight"])
    assert carrier(decision) == "swiftparcel"
    nobody = decide(load(), BOTH, [CHEAPEST], refused_by=["nordfreight", "swiftparcel"])
    assert nobody.chosen is None
    assert set(verdicts(nobody).values()) == {"the carrier refused the booking"}


def test_choice_does_not_depend_on_the_order_of_quotes() -> None:
    even = [quote("b", "5", 1), quote("a", "5", 1)]
    assert carrier(decide(load(), even, [CHEAPEST])) == carrier(decide(load(), even[::-1], [CHEAPEST])) == "a"


def test_without_rules_the_cheapest_goes() -> None:
    decision = decide(load(), BOTH, [])
    assert (carrier(decision), decision.rule) == ("nordfreight", "no-rule-applies")


def test_rule_with_an_unknown_word_is_refused() -> None:
    with pytest.raises(ValidationError, match="favour"):
        RoutingRules.model_validate({"rules": [{"name": "r", "favour": ["x"]}]})


@pytest.mark.parametrize(
    ("ready", "pickup"),
    [
        (MONDAY, PICKUP),
        (PICKUP, PICKUP),
        (datetime.fromisoformat("2026-03-02T16:30:00+02:00"), PICKUP),
        (datetime.fromisoformat("2026-03-03T00:30:00+09:00"), datetime(2026, 3, 3, 15, tzinfo=UTC)),
        (datetime(2026, 3, 2, 15, 1, tzinfo=UTC), datetime(2026, 3, 3, 15, tzinfo=UTC)),
        (datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 3, 9, 15, tzinfo=UTC)),
        (datetime(2026, 3, 7, 8, tzinfo=UTC), datetime(2026, 3, 9, 15, tzinfo=UTC)),
    ],
)
def test_pickup_is_the_next_of_a_working_day(ready: datetime, pickup: datetime) -> None:
    assert pickup_after(ready, SITE) == pickup


@pytest.mark.parametrize(("days", "day"), [(0, 2), (1, 3), (4, 6), (5, 9)])
def test_delivery_counts_working_days(days: int, day: int) -> None:
    assert delivery_after(PICKUP, days) == datetime(2026, 3, day, 15, tzinfo=UTC)


def test_shipment_number_follows_from_warehouse_order_and_attempt() -> None:
    plan = first_plan(pack())
    assert plan.current.shipment_id == "SH-1-SO-1-1"
    plan.refuse("nordfreight", "full", MONDAY)
    assert plan.current.shipment_id == "SH-1-SO-1-2"
    assert plan_of(plan.current.shipment_id) == plan_key("WO-1-SO-1") == "SH-1-SO-1"
    assert (plan.attempts[0].refusal, plan.refused_by) == ("full", ["nordfreight"])
    assert len(f"{plan_key('WO-' + 'x' * 61)}-99") <= 64
    assert return_shipment_id("RMA-1") == "SR-RMA-1"


def test_what_waits_says_why() -> None:
    plan = first_plan(pack())
    waits = plan.waits()
    assert waits
    assert waits["reason"] == "waits until the TMS quotes"
    plan.hold("no carrier is left", MONDAY)
    assert plan.waits() == {
        "reason": "held: no carrier is left",
        "since": MONDAY.isoformat(),
        "owner": "transport-planner",
    }
    plan.plan(MONDAY)
    assert plan.waits() is None
