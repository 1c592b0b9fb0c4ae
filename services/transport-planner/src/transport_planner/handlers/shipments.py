"""Plans of packed warehouse orders: rate, choose, and choose again when a carrier refuses."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from canonical.carrier import DeliveryException
from canonical.transport import ShipmentPlanned, TenderRejected
from canonical.values import Money
from canonical.warehouse import PackCompleted
from chassis import Clock, Outcome, Permanent

from transport_planner.domain import (
    Decision,
    Load,
    OrderIndex,
    Plan,
    Quote,
    Site,
    Sites,
    decide,
    first_plan,
    pickup_after,
    plan_key,
    plan_of,
)
from transport_planner.ports import Consignment, Orders, Plans, Rates, RateShipment, Routing

BOOKING_REJECTED = "booking-rejected"


class Rejection(BaseModel):
    """A carrier's no to a shipment it was planned for."""

    shipment_id: str
    carrier_code: str
    reason: str = Field(min_length=1, max_length=200)
    at: datetime


class Replan(BaseModel):
    """A person's wish to plan a held shipment again, all carriers open."""

    shipment_id: str


async def plan_shipment(event: PackCompleted, *, plans: Plans, orders: Orders, sites: Sites) -> Outcome:
    """Ask for rates of a packed order; goods that are packed are shipped, cancelled or not.

    Raises:
        Permanent: nobody knows where the site is.
    """
    key = plan_key(event.warehouse_order_id)
    if await plans.get(key):
        return []
    plan = first_plan(event)
    plans.put(key, plan)
    index = await orders.get(event.order_id) or OrderIndex()
    index.plans.append(key)
    orders.put(event.order_id, index)
    return [_rate(plan, sites)]


async def plan_again(event: DeliveryException, *, plans: Plans, sites: Sites) -> Outcome:
    """Plan anew, without the carrier that refused the booking; other exceptions are not ours."""
    if event.reason != BOOKING_REJECTED:
        return []
    rejection = Rejection(
        shipment_id=event.shipment_id,
        carrier_code=event.carrier_code,
        reason=event.description[:200] or BOOKING_REJECTED,
        at=event.occurred_at,
    )
    return await note_rejection(rejection, plans=plans, sites=sites)


async def note_rejection(rejection: Rejection, *, plans: Plans, sites: Sites) -> Outcome:
    """Tell that the carrier declined and ask for rates again; a no to an earlier attempt changes nothing.

    Raises:
        Permanent: the shipment is not known here.
    """
    key = plan_of(rejection.shipment_id)
    plan = await known(key, plans)
    if rejection.shipment_id != plan.current.shipment_id or plan.status != "planned":
        return []
    plan.refuse(rejection.carrier_code, rejection.reason, rejection.at)
    plans.put(key, plan)
    declined = TenderRejected(
        occurred_at=rejection.at,
        order_id=plan.pack.order_id,
        shipment_id=rejection.shipment_id,
        carrier_code=rejection.carrier_code,
        reason=rejection.reason,
    )
    return [declined, _rate(plan, sites)]


async def fetch_quotes(effect: RateShipment, *, key: str, rates: Rates) -> list[Quote]:
    """Call the TMS; rating changes nothing there, so the key is not needed."""
    del key
    return await rates.quotes(effect.consignment)


async def choose_carrier(
    effect: RateShipment, quotes: Sequence[Quote], *, plans: Plans, routing: Routing, sites: Sites, clock: Clock
) -> Outcome:
    """Take the quote the routing rules choose, and keep why.

    Raises:
        Permanent: no carrier is left; a person has to plan.
    """
    key = plan_of(effect.shipment_id)
    plan = await known(key, plans)
    if plan.current.shipment_id != effect.shipment_id or plan.status == "planned":
        return []
    load = load_of(effect.consignment, site_of(plan.pack.site, sites), plan.since, plan.pack.promised_at)
    decision = decide(load, quotes, routing.rules, refused_by=plan.refused_by)
    if decision.chosen is None:
        raise Permanent(f"no carrier is left: {_why(decision)}", remedy="re-plan-by-hand")
    plan.current.decision = decision
    plan.plan(clock.now())
    plans.put(key, plan)
    return [_planned(plan, decision, effect.consignment)]


async def hold_plan(effect: RateShipment, failure: Permanent, *, plans: Plans, clock: Clock) -> Outcome:
    """Nothing can be planned: keep why, for the person who plans by hand."""
    key = plan_of(effect.shipment_id)
    plan = await known(key, plans)
    if plan.current.shipment_id == effect.shipment_id:
        plan.hold(str(failure), clock.now())
        plans.put(key, plan)
    return []


async def replan_by_hand(wish: Replan, *, plans: Plans, sites: Sites, clock: Clock) -> Outcome:
    """Plan a held shipment again, with every carrier open again.

    Raises:
        Permanent: the shipment is not known, or not held.
    """
    key = plan_of(wish.shipment_id)
    plan = await known(key, plans)
    if plan.status != "held" or plan.current.shipment_id != wish.shipment_id:
        raise Permanent(f"shipment {wish.shipment_id} is not held", remedy="nothing-to-do")
    plan.current.refusal = plan.held
    plan.refused_by.clear()
    plan.try_again(clock.now())
    plans.put(key, plan)
    return [_rate(plan, sites)]


async def plan_held(effect: RateShipment, *, plans: Plans, sites: Sites, clock: Clock) -> Outcome:
    """Plan a held shipment again."""
    return await replan_by_hand(Replan(shipment_id=effect.shipment_id), plans=plans, sites=sites, clock=clock)


def load_of(consignment: Consignment, site: Site, ready_at: datetime, promised_at: datetime | None = None) -> Load:
    """Return what the routing rules look at."""
    return Load(
        country=consignment.ship_to.country,
        service_level=consignment.service_level,
        weight_grams=sum(parcel.weight_grams for parcel in consignment.parcels),
        parcels=len(consignment.parcels),
        pickup_at=pickup_after(ready_at, site),
        promised_at=promised_at,
    )


def site_of(code: str, sites: Sites) -> Site:
    """Return a site.

    Raises:
        Permanent: nobody told us where it is.
    """
    site = sites.sites.get(code)
    if site is None:
        raise Permanent(f"site {code} has no address here", remedy="add-site")
    return site


async def known(key: str, plans: Plans) -> Plan:
    """Return a plan.

    Raises:
        Permanent: there is none.
    """
    plan = await plans.get(key)
    if plan is None:
        raise Permanent(f"plan {key} is not known here", remedy="check-shipment")
    return plan


def _why(decision: Decision) -> str:
    verdicts = [f"{item.quote.carrier_code} ({item.verdict})" for item in decision.considered]
    return ", ".join(verdicts) or "nobody quotes"


def _rate(plan: Plan, sites: Sites) -> RateShipment:
    pack, shipment_id = plan.pack, plan.current.shipment_id
    return RateShipment(
        lane=plan_key(pack.warehouse_order_id),
        shipment_id=shipment_id,
        consignment=Consignment(
            shipment_id=shipment_id,
            ship_from=site_of(pack.site, sites).address,
            ship_to=pack.ship_to,
            service_level=pack.service_level,
            parcels=pack.parcels,
        ),
    )


def _planned(plan: Plan, decision: Decision, consignment: Consignment) -> ShipmentPlanned:
    chosen = decision.chosen
    if chosen is None:
        raise Permanent("a decision without a carrier", remedy="re-plan-by-hand")
    quote, pack = chosen.quote, plan.pack
    return ShipmentPlanned(
        occurred_at=plan.since,
        order_id=pack.order_id,
        shipment_id=plan.current.shipment_id,
        warehouse_order_id=pack.warehouse_order_id,
        site=pack.site,
        customer_id=pack.customer_id,
        mode=quote.mode,
        carrier_code=quote.carrier_code,
        service_code=quote.service_code,
        ship_from=consignment.ship_from,
        ship_to=pack.ship_to,
        contact=pack.contact,
        parcels=pack.parcels,
        planned_pickup_at=decision.pickup_at,
        planned_delivery_at=chosen.delivery_at,
        cost=Money(amount=quote.amount, currency=quote.currency),
    )
