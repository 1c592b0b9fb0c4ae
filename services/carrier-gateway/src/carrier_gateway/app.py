"""The wiring of carrier-gateway."""

from datetime import timedelta

from canonical.transport import ShipmentPlanned
from chassis import Service

from carrier_gateway import handlers
from carrier_gateway.api import Webhook, router
from carrier_gateway.connectors.nordfreight import client as nordfreight
from carrier_gateway.connectors.swiftparcel import client as swiftparcel
from carrier_gateway.ports import BookShipment
from carrier_gateway.settings import ServiceSettings, secrets
from carrier_gateway.store import ParcelStore, ShipmentStore


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("carrier-gateway", settings)
    carriers = {
        "swiftparcel": swiftparcel.SwiftParcel(service.http(base_url=settings.swiftparcel_url, system="SwiftParcel")),
        "nordfreight": nordfreight.Nordfreight(service.http(base_url=settings.nordfreight_url, system="Nordfreight")),
    }
    window = settings.replay_window_seconds
    webhooks = {
        "swiftparcel": Webhook(
            swiftparcel.is_genuine, swiftparcel.scans, secrets(settings.swiftparcel_secret_file), window
        ),
        "nordfreight": Webhook(
            nordfreight.is_genuine, nordfreight.scans, secrets(settings.nordfreight_secret_file), window
        ),
    }
    eta_threshold = timedelta(minutes=settings.eta_threshold_minutes)
    service.on(ShipmentPlanned, handlers.book_shipment, shipments=ShipmentStore)
    service.effect(
        BookShipment,
        call=handlers.make_booking,
        done=handlers.note_booking,
        failed=handlers.note_refusal,
        carriers=carriers,
        shipments=ShipmentStore,
        parcels=ParcelStore,
        clock=service.clock,
        eta_threshold=eta_threshold,
    )
    service.routes(router(service, webhooks, eta_threshold))
    return service
