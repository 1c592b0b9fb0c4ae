"""The wiring of inventory-sync on one screen."""

from datetime import timedelta

from canonical.orders import OrderCancelled, OrderChanged, OrderReleased
from canonical.warehouse import GoodsReceived, PickShorted, ReturnReceived, ShipmentDispatched
from chassis import Service

from inventory_sync import handlers
from inventory_sync.api import router
from inventory_sync.ports import GraceOver
from inventory_sync.settings import InventorySettings
from inventory_sync.store import InventoryStore


def build(settings: InventorySettings) -> Service:
    """Make the service; nothing is connected to before it runs."""
    service = Service("inventory-sync", settings)
    clock, ledger = service.clock, InventoryStore
    service.on(OrderReleased, handlers.allocate_order, ledger=ledger, clock=clock)
    service.once(OrderChanged, handlers.change_order, ledger=ledger)
    service.on(OrderCancelled, handlers.cancel_order, ledger=ledger, clock=clock)
    service.once(PickShorted, handlers.settle_short_pick, ledger=ledger, clock=clock)
    service.once(ShipmentDispatched, handlers.take_off_shelf, ledger=ledger, clock=clock)
    service.once(GoodsReceived, handlers.receive_goods, ledger=ledger, clock=clock)
    service.once(ReturnReceived, handlers.restock_return, ledger=ledger, clock=clock)

    grace = timedelta(seconds=settings.unknown_sku_grace_seconds)

    async def sweep_unknown_skus() -> None:
        async with service.store(InventoryStore) as reader:
            overdue = await reader.unknown_since(clock.now() - grace)
        for order_id in overdue:
            over = GraceOver(order_id=order_id)
            await service.accept("grace-over", order_id, over, handlers.give_up_unknown, ledger=ledger, clock=clock)

    service.every(settings.unknown_sku_sweep_seconds, sweep_unknown_skus)
    service.routes(router(service))
    return service
