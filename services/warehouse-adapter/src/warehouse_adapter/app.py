"""The wiring of warehouse-adapter."""

from functools import partial
from typing import Any

from canonical.carrier import CarrierBooked
from canonical.inventory import InventoryAllocated
from canonical.orders import OrderCancelled
from chassis import Quotas, Service

from warehouse_adapter import handlers
from warehouse_adapter.api import SOURCE, router, take_again
from warehouse_adapter.connectors.wms.client import WmsClient
from warehouse_adapter.ports import CancelWarehouseOrder, CreateWarehouseOrder, SendLabels
from warehouse_adapter.settings import ServiceSettings
from warehouse_adapter.store import OrderStore, WarehouseOrderStore

BURST_SECONDS = 2.0


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("warehouse-adapter", settings)
    wms = WmsClient(
        service.http(base_url=settings.wms_url, system="WMS", calls_per_second=settings.wms_calls_per_second)
    )
    stores = {"warehouse_orders": WarehouseOrderStore, "orders": OrderStore}
    to_wms: dict[str, Any] = {
        "concurrency": settings.wms_calls_at_once,
        "warehouse": wms,
        "warehouse_orders": WarehouseOrderStore,
        "clock": service.clock,
    }
    service.on(InventoryAllocated, handlers.order_from_warehouse, **stores)
    service.on(OrderCancelled, handlers.stop_order, **stores)
    service.on(CarrierBooked, handlers.send_labels, warehouse_orders=WarehouseOrderStore)
    service.effect(
        CreateWarehouseOrder,
        call=handlers.make_create,
        done=handlers.confirm_creation,
        failed=handlers.hold_order,
        resume=handlers.send_again,
        **to_wms,
    )
    service.effect(
        CancelWarehouseOrder,
        call=handlers.make_cancel,
        done=handlers.note_cancel,
        failed=handlers.note_cancel_failure,
        **to_wms,
    )
    service.effect(
        SendLabels, call=handlers.make_labels, failed=handlers.hold_labels, resume=handlers.send_again, **to_wms
    )
    service.redo(SOURCE, partial(take_again, service))
    quotas = Quotas(settings.wms_events_per_second, BURST_SECONDS, replicas=settings.replicas)
    service.routes(router(service, quotas))
    return service
