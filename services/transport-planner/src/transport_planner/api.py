"""Questions to transport-planner."""

from typing import Any

from chassis import Service
from fastapi import APIRouter, HTTPException

from transport_planner.domain import Plan, Routing, plan_of
from transport_planner.store import PlanStore


def _shown(plan: Plan) -> dict[str, Any]:
    return {
        "shipment_id": plan.shipment_id,
        "order_id": plan.pack.order_id,
        "chosen": plan.chosen.model_dump(mode="json") if plan.chosen else None,
        "rule": plan.rule,
        "refused_by": plan.refused_by,
        "quotes": [quote.model_dump(mode="json") for quote in plan.quotes],
        "waits": plan.waits and {"reason": f"waits for {plan.waits}", "owner": "transport-planner"},
    }


def router(service: Service, routing: Routing) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()

    @routes.get("/shipments/{shipment_id}")
    async def show(shipment_id: str) -> dict[str, Any]:
        """Return a shipment's plan: the quotes, the choice, the rule that decided, why it waits."""
        async with service.store(PlanStore) as plans:
            plan = await plans.read(plan_of(shipment_id))
        if plan is None:
            raise HTTPException(404, f"shipment {shipment_id} is not known")
        return _shown(plan)

    @routes.get("/routing-rules")
    async def rules() -> dict[str, Any]:
        """Return the routing rules in force."""
        return routing.model_dump(mode="json")

    return routes
