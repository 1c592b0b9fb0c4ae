"""What follows from each fact."""

from typing import Any

import pytest

from canonical.carrier import DeliveryException
from canonical.orders import ReturnAuthorized
from canonical.transport import ReturnShipmentPlanned, ShipmentPlanned, TenderRejected
from chassis import FixedClock, Permanent
from chassis.testing import FakeBook

from transport_planner import handlers
from transport_planner.domain import OrderIndex, Plan, ReturnPlan, RoutingRules
from transport_planner.ports import RateReturn, RateShipment

from ..fakes import BERLIN, CHEAPEST, CONTACT, LINE, MONDAY, NORD, PARIS, PICKUP, SITES, SWIFT, pack

CLOCK = FixedClock(PICKUP)
ROUTING = RoutingRules(rules=(CHEAPEST,))
KEY = "SH-1-SO-1"
RETURN = ReturnAuthorized(
    occurred_at=MONDAY,
    order_id="SO-1",
    return_id="RMA-1",
    customer_id="C-1",
    lines=(LINE,),
    ship_from=PARIS,
    contact=CONTACT,
    return_site="DC-BER",
)


class Desk:
    """The handlers with their dependencies at hand."""

    def __init__(self) -> None:
        self.plans, self.orders = FakeBook[Plan](), FakeBook[OrderIndex]()
        self.returns = FakeBook[ReturnPlan]()

    async def packed(self, **changes: Any) -> Any:
        return await handlers.plan_shipment(pack(**changes), plans=self.plans, orders=self.orders, sites=SITES)

    async def quoted(self, effect: RateShipment, *quotes: Any) -> Any:
        return await handlers.choose_carrier(
            effect, quotes, plans=self.plans, routing=ROUTING, sites=SITES, clock=CLOCK
        )

    async def refused(self, planned: ShipmentPlanned, reason: str = "booking-rejected") -> Any:
        event = DeliveryException(
            occurred_at=PICKUP,
            order_id="SO-1",
            shipment_id=planned.shipment_id,
            carrier_code=planned.carrier_code,
            customer_id="C-1",
            tracking_number="none",
            carrier_status_code="422",
            description="no capacity",
            reason=reason,
        )
        return await handlers.plan_again(event, plans=self.plans, sites=SITES)

    async def planned(self) -> ShipmentPlanned:
        (effect,) = await self.packed()
        (planned,) = await self.quoted(effect, SWIFT, NORD)
        return planned


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_packed_order_is_rated_once(desk: Desk) -> None:
    (effect,) = await desk.packed()
    assert isinstance(effect, RateShipment)
    assert (effect.shipment_id, effect.lane, effect.consignment.ship_from) == ("SH-1-SO-1-1", KEY, BERLIN)
    assert await desk.packed() == []
    assert desk.orders.by_key["SO-1"].plans == [KEY]


async def test_order_from_a_site_nobody_knows_is_refused(desk: Desk) -> None:
    with pytest.raises(Permanent, match="DC-X has no address"):
        await desk.packed(site="DC-X")


async def test_quote_of_the_rules_becomes_the_plan(desk: Desk) -> None:
    planned = await desk.planned()
    assert (planned.carrier_code, planned.service_code, planned.shipment_id) == (
        "nordfreight",
        "nordfreight-std",
        "SH-1-SO-1-1",
    )
    assert (planned.planned_pickup_at, planned.planned_delivery_at.day) == (PICKUP, 5)
    assert planned.cost.amount == NORD.amount
    decision = desk.plans.by_key[KEY].current.decision
    assert decision
    assert (decision.rule, len(decision.considered)) == ("cheapest", 2)


async def test_second_answer_to_the_same_question_plans_nothing(desk: Desk) -> None:
    (effect,) = await desk.packed()
    assert await desk.quoted(effect, SWIFT)
    assert await desk.quoted(effect, NORD) == []


async def test_refused_booking_is_planned_anew_without_the_carrier(desk: Desk) -> None:
    first = await desk.planned()
    declined, effect = await desk.refused(first)
    assert isinstance(declined, TenderRejected)
    assert (declined.carrier_code, declined.reason) == ("nordfreight", "no capacity")
    (second,) = await desk.quoted(effect, SWIFT, NORD)
    assert (second.carrier_code, second.shipment_id) == ("swiftparcel", "SH-1-SO-1-2")
    assert await desk.refused(first) == []


async def test_other_exceptions_are_not_the_planners(desk: Desk) -> None:
    assert await desk.refused(await desk.planned(), reason="damaged") == []


async def test_refusal_of_a_shipment_nobody_knows_is_permanent(desk: Desk) -> None:
    stranger = await Desk().planned()
    with pytest.raises(Permanent, match="not known"):
        await desk.refused(stranger)


async def test_plan_is_held_when_no_carrier_is_left_and_planned_again_by_hand(desk: Desk) -> None:
    _, effect = await desk.refused(await desk.planned())
    with pytest.raises(Permanent, match=r"no carrier is left: nordfreight \(the carrier refused") as failure:
        await desk.quoted(effect, NORD)
    assert failure.value.remedy == "re-plan-by-hand"
    assert await handlers.hold_plan(effect, failure.value, plans=desk.plans, clock=CLOCK) == []
    waits = desk.plans.by_key[KEY].waits()
    assert waits
    assert waits["reason"].startswith("held: no carrier is left")
    wish = handlers.Replan(shipment_id="SH-1-SO-1-2")
    (again,) = await handlers.replan_by_hand(wish, plans=desk.plans, sites=SITES, clock=CLOCK)
    (planned,) = await desk.quoted(again, NORD)
    assert (planned.shipment_id, planned.carrier_code) == ("SH-1-SO-1-3", "nordfreight")
    with pytest.raises(Permanent, match="not held"):
        await handlers.replan_by_hand(wish, plans=desk.plans, sites=SITES, clock=CLOCK)


async def test_return_is_planned_back_to_its_site(desk: Desk) -> None:
    (effect,) = await handlers.plan_return(RETURN, returns=desk.returns, orders=desk.orders, sites=SITES)
    assert isinstance(effect, RateReturn)
    assert effect.consignment.parcels[0].weight_grams == 1000
    again = await handlers.plan_return(RETURN, returns=desk.returns, orders=desk.orders, sites=SITES)
    assert again == []
    deps: dict[str, Any] = {"returns": desk.returns, "routing": ROUTING, "sites": SITES, "clock": CLOCK}
    (planned,) = await handlers.choose_return_carrier(effect, [SWIFT, NORD], **deps)
    assert isinstance(planned, ReturnShipmentPlanned)
    assert (planned.shipment_id, planned.carrier_code, planned.ship_from, planned.ship_to) == (
        "SR-RMA-1",
        "nordfreight",
        PARIS,
        BERLIN,
    )
    assert await handlers.choose_return_carrier(effect, [SWIFT], **deps) == []


async def test_return_nobody_carries_is_held(desk: Desk) -> None:
    (effect,) = await handlers.plan_return(RETURN, returns=desk.returns, orders=desk.orders, sites=SITES)
    with pytest.raises(Permanent) as failure:
        await handlers.choose_return_carrier(
            effect, [], returns=desk.returns, routing=ROUTING, sites=SITES, clock=CLOCK
        )
    await handlers.hold_return(effect, failure.value, returns=desk.returns, clock=CLOCK)
    assert desk.returns.by_key["RMA-1"].status == "held"
