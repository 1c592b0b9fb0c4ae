"""The wiring of order-release."""

from collections.abc import Sequence
from functools import partial

from canonical.carrier import Delivered, ProofOfDeliveryReceived
from canonical.inventory import AllocationFailed, AllocationReleased, InventoryAllocated
from canonical.warehouse import PickCompleted, PickShorted, ReturnReceived, ShipmentDispatched
from chassis import Quotas, Service

from order_release import handlers
from order_release.api import router
from order_release.connectors.erp.client import ErpClient
from order_release.connectors.inventory.client import InventoryClient
from order_release.jobs import FEED, read_feed, take_again
from order_release.ports import Erp, WriteStatus
from order_release.settings import ServiceSettings
from order_release.store import OrderStore

BURST_SECONDS = 2.0


async def write_statuses(
    effects: Sequence[WriteStatus], *, keys: Sequence[str], erp: Erp
) -> Sequence[Exception | None]:
    """Write statuses back; the ERP tells repeats by the update's own id, so the keys are not needed."""
    del keys
    return await erp.write(effects)


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("order-release", settings)
    limits = {"timeout_seconds": settings.erp_timeout_seconds, "calls_per_second": settings.erp_calls_per_second}
    erp = ErpClient(service.http(base_url=settings.erp_url, system="ERP", **limits))
    items = InventoryClient(service.http(base_url=settings.inventory_url, system="inventory-sync", timeout_seconds=1.0))
    service.once(InventoryAllocated, handlers.note_allocation, orders=OrderStore)
    service.once(AllocationFailed, handlers.note_allocation_failure, orders=OrderStore)
    service.once(AllocationReleased, handlers.note_release, orders=OrderStore)
    service.once(PickCompleted, handlers.note_pick, orders=OrderStore)
    service.once(PickShorted, handlers.note_short_pick, orders=OrderStore)
    service.on(ShipmentDispatched, handlers.note_dispatch, orders=OrderStore)
    service.on(Delivered, handlers.note_delivery, orders=OrderStore)
    service.on(ProofOfDeliveryReceived, handlers.note_proof, orders=OrderStore)
    service.on(ReturnReceived, handlers.close_return, orders=OrderStore)
    service.effect(WriteStatus, call=write_statuses, batch=settings.erp_updates_per_call, concurrency=2, erp=erp)
    service.every(settings.erp_poll_seconds, partial(read_feed, service, erp))
    service.redo(FEED, partial(take_again, service))
    quotas = Quotas(settings.pushed_orders_per_second, BURST_SECONDS, replicas=settings.replicas)
    service.routes(router(service, items, quotas))
    return service
