"""Ways into transport-planner: questions about shipments and rules, rates on request, and a person's decisions."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, BaseModel, Field

from canonical.orders import ServiceLevel
from canonical.values import Address, Parcel
from chassis import Service

from transport_planner import handlers
from transport_planner.domain import Decision, Plan, ReturnPlan, RoutingRules, Sites, decide, plan_of
from transport_planner.ports import Consignment, Rates, Routing
from transport_planner.store import OrderStore, PlanStore, ReturnStore


class RateWish(BaseModel):
    """A shipment somebody thinks of."""

    site: str = Field(max_length=16)
    ship_to: Address
    service_level: ServiceLevel = "standard"
    parcels: tuple[Parcel, ...] = Field(min_length=1, max_length=500)
    promised_at: AwareDatetime | None = None


class Decline(BaseModel):
    """A carrier's no, as told by a person or the TMS."""

    carrier_code: str = Field(max_length=32)
    reason: str = Field(min_length=1, max_length=200)


def router(service: Service, rates: Rates, routing: Routing, sites: Sites) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()
    _questions(routes, service, routing)
    _decisions(routes, service, sites)

    @routes.post("/rates")
    async def quote(wish: RateWish) -> Decision:
        """Ask the TMS for rates and apply the routing rules; nothing is planned."""
        site = sites.sites.get(wish.site)
        if site is None:
            raise HTTPException(422, f"site: {wish.site} is not known")
        consignment = Consignment(
            shipment_id="rate-request",
            ship_from=site.address,
            ship_to=wish.ship_to,
            service_level=wish.service_level,
            parcels=wish.parcels,
        )
        load = handlers.load_of(consignment, site, service.clock.now(), wish.promised_at)
        return decide(load, await rates.quotes(consignment), routing.rules)

    return routes


def _questions(routes: APIRouter, service: Service, routing: Routing) -> None:
    @routes.get("/shipments/{shipment_id}")
    async def show(shipment_id: str) -> dict[str, Any]:
        """Return a shipment's plan: each attempt with its quotes and rule, and why it waits."""
        if shipment_id.startswith("SR-"):
            async with service.store(ReturnStore) as returns:
                back = await returns.read(shipment_id.removeprefix("SR-"))
            if back:
                return shown_return(back)
        async with service.store(PlanStore) as plans:
            plan = await plans.read(plan_of(shipment_id))
        if plan is None or shipment_id not in {attempt.shipment_id for attempt in plan.attempts}:
            raise HTTPException(404, f"shipment {shipment_id} is not known")
        return shown(plan)

    @routes.get("/shipments")
    async def of_order(order_id: str) -> list[dict[str, Any]]:
        """Return the shipments of an order, returns included."""
        async with service.store(OrderStore) as orders:
            index = await orders.read(order_id)
        if index is None:
            return []
        async with service.store(PlanStore) as plans:
            found = [await plans.read(key) for key in index.plans]
        async with service.store(ReturnStore) as returns:
            back = [await returns.read(key) for key in index.returns]
        return [shown(plan) for plan in found if plan] + [shown_return(plan) for plan in back if plan]

    @routes.get("/routing-rules")
    async def rules() -> RoutingRules:
        """Return the routing rules in force, those of central metadata first, in the order in which they are asked."""
        return RoutingRules(rules=tuple(routing.rules))


def _decisions(routes: APIRouter, service: Service, sites: Sites) -> None:
    @routes.post("/shipments/{shipment_id}/rejections", status_code=202)
    async def reject(shipment_id: str, decline: Decline) -> dict[str, bool]:
        """Tell that a carrier declined: the shipment is planned anew without it."""
        no = handlers.Rejection(shipment_id=shipment_id, at=service.clock.now(), **decline.model_dump())
        done = await service.accept(
            "api-rejection", shipment_id, no, handlers.note_rejection, plans=PlanStore, sites=sites
        )
        return {"duplicate": done is None}

    @routes.post("/shipments/{shipment_id}/replan", status_code=202)
    async def replan(shipment_id: str) -> dict[str, bool]:
        """Plan a held shipment again, with every carrier open again."""
        wish = handlers.Replan(shipment_id=shipment_id)
        done = await service.accept(
            "api-replan",
            shipment_id,
            wish,
            handlers.replan_by_hand,
            plans=PlanStore,
            sites=sites,
            clock=service.clock,
        )
        return {"duplicate": done is None}


def shown(plan: Plan) -> dict[str, Any]:
    """Return a plan for showing, without personal data."""
    pack = plan.pack
    return {
        "shipment_id": plan.current.shipment_id,
        "warehouse_order_id": pack.warehouse_order_id,
        "order_id": pack.order_id,
        "site": pack.site,
        "status": plan.status,
        "promised_at": pack.promised_at,
        "refused_by": plan.refused_by,
        "attempts": [attempt.model_dump(mode="json") for attempt in plan.attempts],
        "waits": plan.waits(),
    }


def shown_return(plan: ReturnPlan) -> dict[str, Any]:
    """Return the plan of a return for showing, without personal data."""
    return {
        "shipment_id": plan.shipment_id,
        "return_id": plan.authorized.return_id,
        "order_id": plan.authorized.order_id,
        "site": plan.authorized.return_site,
        "status": plan.status,
        "decision": plan.decision.model_dump(mode="json") if plan.decision else None,
        "waits": plan.waits(),
    }
