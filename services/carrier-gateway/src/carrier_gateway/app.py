"""The wiring of carrier-gateway."""

from canonical.transport import ShipmentPlanned
from canonical.warehouse import PickShorted
from chassis import Service

from carrier_gateway import handlers
from carrier_gateway.api import Door, router
from carrier_gateway.connectors.nordfreight.client import NordfreightClient, NordfreightHook
from carrier_gateway.connectors.swiftparcel.client import SwiftparcelClient, SwiftparcelHook
from carrier_gateway.ports import BookShipment, CancelBooking, Carrier
from carrier_gateway.settings import SecretFile, ServiceSettings
from carrier_gateway.store import CarrierDesk


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("carrier-gateway", settings)
    carriers = _carriers(service, settings)
    doors = {
        "swiftparcel": Door(SwiftparcelHook(), SecretFile(settings.swiftparcel_secret_file).live),
        "nordfreight": Door(NordfreightHook(), SecretFile(settings.nordfreight_secret_file).live),
    }
    service.on(ShipmentPlanned, handlers.book_shipment, desk=CarrierDesk)
    service.on(PickShorted, handlers.stop_shipments, desk=CarrierDesk, clock=service.clock)
    service.effect(
        BookShipment,
        call=handlers.make_booking,
        done=handlers.note_booking,
        failed=handlers.note_booking_failure,
        concurrency=settings.carrier_calls_at_once,
        carriers=carriers,
        desk=CarrierDesk,
        clock=service.clock,
    )
    service.effect(
        CancelBooking,
        call=handlers.make_cancel,
        done=handlers.note_cancel,
        failed=handlers.note_cancel_failure,
        concurrency=4,
        carriers=carriers,
        desk=CarrierDesk,
        clock=service.clock,
    )
    service.routes(router(service, carriers, doors))
    return service


def _carriers(service: Service, settings: ServiceSettings) -> dict[str, Carrier]:
    swiftparcel = service.http(
        base_url=settings.swiftparcel_url, system="swiftparcel", timeout_seconds=settings.carrier_timeout_seconds
    )
    nordfreight = service.http(
        base_url=settings.nordfreight_url, system="nordfreight", timeout_seconds=settings.carrier_timeout_seconds
    )
    return {
        "swiftparcel": SwiftparcelClient(swiftparcel, base_url=settings.swiftparcel_url),
        "nordfreight": NordfreightClient(nordfreight, base_url=settings.nordfreight_url),
    }
