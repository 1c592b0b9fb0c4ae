"""What happens to plans: each function takes a fact and returns the facts and calls that follow."""

from collections.abc import Sequence
from datetime import timedelta

from canonical.carrier import DeliveryException
from canonical.orders import ReturnAuthorized
from canonical.transport import ReturnShipmentPlanned, ShipmentPlanned
from canonical.values import Contact, Money
from canonical.warehouse import PackCompleted
from chassis import Clock, Outcome, Permanent

from transport_planner.domain import Plan, Quote, Routing, choose, plan_key, plan_of
from transport_planner.ports import Plans, RateReturn, Rates, RateShipment

BOOKING_REJECTED = "booking-rejected"


async def plan_shipment(event: PackCompleted, *, plans: Plans, routing: Routing) -> Outcome:
    """Ask for rates of a packed order."""
    key = plan_key(event.warehouse_order_id)
    if await plans.get(key):
        return []
    plan = Plan(pack=event)
    plans.put(key, plan)
    return [_rate(plan, routing)]


async def plan_again(event: DeliveryException, *, plans: Plans, routing: Routing) -> Outcome:
    """A carrier refused the booking: plan anew without it."""
    if event.reason != BOOKING_REJECTED:
        return []
    key = plan_of(event.shipment_id)
    plan = await plans.get(key)
    if plan is None or event.shipment_id != plan.shipment_id:
        return []
    plan.refused_by.append(event.carrier_code)
    plan.attempt += 1
    plan.waits = "rates from the TMS"
    plans.put(key, plan)
    return [_rate(plan, routing)]


async def fetch_quotes(effect: RateShipment, *, key: str, rates: Rates) -> list[Quote]:
    """Call the TMS; rating changes nothing there, so the key is not needed."""
    del key
    return await rates.quotes(
        shipment_id=effect.shipment_id,
        ship_from=effect.ship_from,
        ship_to=effect.ship_to,
        service_level=effect.service_level,
        parcels=effect.parcels,
    )


async def choose_carrier(
    effect: RateShipment, quotes: Sequence[Quote], *, plans: Plans, routing: Routing, clock: Clock
) -> Outcome:
    """Take the quote the routing rules prefer.

    Raises:
        Permanent: every carrier is out; a person has to plan.
    """
    plan = await plans.get(effect.plan)
    if plan is None or plan.shipment_id != effect.shipment_id:
        return []
    chosen = choose(plan, quotes, routing.rules)
    if chosen is None:
        raise Permanent("no carrier is left for the shipment", remedy="plan-by-hand")
    plan.chosen, plan.rule = chosen
    plan.quotes, plan.waits = list(quotes), None
    plans.put(effect.plan, plan)
    return [_planned(plan, effect, clock)]


async def hold_plan(effect: RateShipment, failure: Permanent, *, plans: Plans) -> Outcome:
    """Nothing can be planned: keep why, for the person who mends it."""
    plan = await plans.get(effect.plan)
    if plan:
        plan.waits = f"a person: {failure}"
        plans.put(effect.plan, plan)
    return []


async def plan_return(event: ReturnAuthorized, *, routing: Routing) -> Outcome:
    """Ask for rates of a return."""
    return [
        RateReturn(
            lane=event.return_id,
            return_id=event.return_id,
            order_id=event.order_id,
            customer_id=event.customer_id,
            contact_email=event.contact.email,
            contact_language=event.contact.language,
            site=event.return_site,
            ship_from=event.ship_from,
            ship_to=routing.sites[event.return_site],
        )
    ]


async def fetch_return_quotes(effect: RateReturn, *, key: str, rates: Rates) -> list[Quote]:
    """Call the TMS for a return."""
    del key
    return await rates.quotes(
        shipment_id=effect.return_id,
        ship_from=effect.ship_from,
        ship_to=effect.ship_to,
        service_level="standard",
        parcels=(),
    )


async def choose_return_carrier(effect: RateReturn, quotes: Sequence[Quote], *, clock: Clock) -> Outcome:
    """Take the cheapest quote for a return.

    Raises:
        Permanent: no carrier brings it back.
    """
    if not quotes:
        raise Permanent("no carrier quotes for the return", remedy="plan-by-hand")
    best = min(quotes, key=lambda quote: (quote.amount, quote.carrier_code))
    return [
        ReturnShipmentPlanned(
            occurred_at=clock.now(),
            order_id=effect.order_id,
            shipment_id=f"SR-{effect.return_id}"[:64],
            return_id=effect.return_id,
            customer_id=effect.customer_id,
            carrier_code=best.carrier_code,
            service_code=best.service_code,
            ship_from=effect.ship_from,
            ship_to=effect.ship_to,
            contact=Contact(email=effect.contact_email, language=effect.contact_language),
            site=effect.site,
        )
    ]


def _rate(plan: Plan, routing: Routing) -> RateShipment:
    site = routing.sites.get(plan.pack.site)
    if site is None:
        raise Permanent(f"site {plan.pack.site} has no address in the routing rules", remedy="add-site")
    key = plan_key(plan.pack.warehouse_order_id)
    return RateShipment(
        lane=key,
        plan=key,
        shipment_id=plan.shipment_id,
        ship_from=site,
        ship_to=plan.pack.ship_to,
        service_level=plan.pack.service_level,
        parcels=plan.pack.parcels,
    )


def _planned(plan: Plan, effect: RateShipment, clock: Clock) -> ShipmentPlanned:
    quote = plan.chosen
    if quote is None:
        raise Permanent("a plan without a carrier", remedy="plan-by-hand")
    pickup = plan.pack.occurred_at + timedelta(hours=2)
    return ShipmentPlanned(
        occurred_at=clock.now(),
        order_id=plan.pack.order_id,
        shipment_id=plan.shipment_id,
        warehouse_order_id=plan.pack.warehouse_order_id,
        site=plan.pack.site,
        customer_id=plan.pack.customer_id,
        mode=quote.mode,
        carrier_code=quote.carrier_code,
        service_code=quote.service_code,
        ship_from=effect.ship_from,
        ship_to=plan.pack.ship_to,
        contact=plan.pack.contact,
        parcels=plan.pack.parcels,
        planned_pickup_at=pickup,
        planned_delivery_at=pickup + timedelta(days=quote.transit_days),
        cost=Money(amount=quote.amount, currency=quote.currency),
    )
