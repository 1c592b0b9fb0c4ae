"""Ways into notification: preferences, and what was told about an order."""

from typing import Any

from fastapi import APIRouter, HTTPException

from chassis import Outcome, Service, new_id

from notification.domain import Preferences
from notification.store import OrderStore, PreferencesStore


async def keep_preferences(wishes: Preferences, *, preferences: PreferencesStore) -> Outcome:
    """Keep what a customer wants to hear."""
    preferences.put(wishes.customer_id, wishes)
    return []


def router(service: Service) -> APIRouter:
    """Return the HTTP interface."""
    routes = APIRouter()

    @routes.get("/preferences/{customer_id}")
    async def show_preferences(customer_id: str) -> Preferences:
        """Return what a customer wants to hear."""
        async with service.store(PreferencesStore) as store:
            return await store.read(customer_id) or Preferences(customer_id=customer_id)

    @routes.put("/preferences/{customer_id}")
    async def put_preferences(customer_id: str, wishes: Preferences) -> Preferences:
        """Change what a customer wants to hear."""
        wishes = wishes.model_copy(update={"customer_id": customer_id})
        await service.accept("api-preferences", new_id(), wishes, keep_preferences, preferences=PreferencesStore)
        return wishes

    @routes.get("/notifications")
    async def told(order_id: str) -> dict[str, Any]:
        """Return what was told about an order, and its open cases."""
        async with service.store(OrderStore) as orders:
            order = await orders.read(order_id)
        if order is None:
            raise HTTPException(404, f"nothing is known about order {order_id}")
        return {"order_id": order_id, "told": order.told, "cases": order.cases}

    return routes
