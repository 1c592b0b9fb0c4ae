"""The wiring of notification."""

from typing import Any

from canonical import carrier, inventory, orders, warehouse
from canonical.metadata import Brand
from canonical.tracking import keys_of
from chassis import Clock, LiveFile, Service
from chassis.metadata import Metadata

from notification import handlers
from notification.api import router
from notification.connectors.crm.client import CrmClient
from notification.connectors.portal.client import PortalHooks
from notification.connectors.smtp.client import SmtpMailer
from notification.directory import NoLinks, TrackingLinks
from notification.ports import CloseCase, Links, OpenCase, PostWebhook, SendMail
from notification.settings import ServiceSettings
from notification.store import OrderStore, PreferencesStore


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("notification", settings)
    clock = service.clock
    gate = service.systems.gate("mail", settings.smtp_calls_per_second)
    mailer = SmtpMailer(host=settings.smtp_host, port=settings.smtp_port, sender=settings.mail_from, gate=gate)
    portal = PortalHooks(
        service.http(base_url=settings.portal_url, system="portal", calls_per_second=settings.portal_calls_per_second),
        settings.portal_secret(),
    )
    crm = CrmClient(
        service.http(base_url=settings.crm_url, system="CRM", calls_per_second=settings.crm_calls_per_second)
    )
    stores = {"orders": OrderStore, "preferences": PreferencesStore}
    service.on(orders.OrderReleased, handlers.confirm_order, **stores)
    service.on(orders.OrderCompleted, handlers.tell_end, **stores)
    service.on(inventory.AllocationFailed, handlers.tell_backorder, **stores)
    service.on(warehouse.ShipmentDispatched, handlers.tell_dispatch, **stores)
    service.on(carrier.OutForDelivery, handlers.tell_tour, **stores)
    service.on(carrier.DeliveryAttempted, handlers.tell_attempt, **stores)
    service.on(carrier.DeliveryException, handlers.tell_exception, **stores)
    service.on(carrier.DeliveryDelayed, handlers.tell_delay, **stores)
    service.on(carrier.AvailableForPickup, handlers.tell_pickup_point, **stores)
    service.on(carrier.Delivered, handlers.tell_delivery, **stores)
    sent, refused = handlers.note_sent, handlers.note_failed
    told: dict[str, Any] = {"done": sent, "failed": refused, "links": _links(settings, clock), "clock": clock}
    brands = Metadata(service, Brand)
    service.effect(SendMail, call=handlers.make_mail, concurrency=4, mailer=mailer, brands=brands, **told)
    service.effect(PostWebhook, call=handlers.make_webhook, portal=portal, **told)
    service.effect(OpenCase, call=handlers.make_case, done=handlers.note_case, crm=crm, orders=OrderStore, clock=clock)
    service.effect(CloseCase, call=handlers.make_closing, done=handlers.note_closing, crm=crm, clock=clock)
    service.routes(router(service))
    return service


def _links(settings: ServiceSettings, clock: Clock) -> Links:
    if settings.tracking_url is None or settings.tracking_keys_file is None:
        return NoLinks()
    keys = LiveFile(settings.tracking_keys_file, keys_of)
    return TrackingLinks(base_url=settings.tracking_url, keys=keys, days=settings.tracking_days, clock=clock)
