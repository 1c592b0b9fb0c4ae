"""The wiring of carrier-gateway."""

from functools import partial
from typing import Any, get_args

from canonical.transport import ShipmentPlanned
from canonical.warehouse import PickShorted
from chassis import Service, StartupError

from carrier_gateway import handlers
from carrier_gateway.api import router
from carrier_gateway.connectors.nordfreight.client import NordfreightClient
from carrier_gateway.connectors.swiftparcel.client import SwiftparcelClient
from carrier_gateway.directory import Profiles, PublishedKeys, SecretFiles
from carrier_gateway.domain.reports import Channel
from carrier_gateway.ingress import Doors, quotas
from carrier_gateway.jobs import Asker, Mapper, drop_old
from carrier_gateway.ports import BookShipment, CallBackCarrier, CancelBooking, Carrier, CloseOut
from carrier_gateway.settings import ServiceSettings
from carrier_gateway.store import CarrierDesk, LabelStore

REFRESH_SECONDS = 2.0
DROP_SECONDS = 3600.0


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("carrier-gateway", settings)
    carriers = _carriers(service, settings)
    known: dict[str, Any] = {"carriers": carriers, "desk": CarrierDesk, "clock": service.clock}
    service.on(ShipmentPlanned, handlers.book_shipment, desk=CarrierDesk)
    service.on(PickShorted, handlers.stop_shipments, desk=CarrierDesk, clock=service.clock)
    service.effect(
        BookShipment,
        call=handlers.make_booking,
        done=handlers.note_booking,
        failed=handlers.note_booking_failure,
        concurrency=settings.carrier_calls_at_once,
        labels=LabelStore,
        **known,
    )
    service.effect(
        CancelBooking,
        call=handlers.make_cancel,
        done=handlers.note_cancel,
        failed=handlers.note_cancel_failure,
        concurrency=4,
        **known,
    )
    service.effect(
        CloseOut,
        call=handlers.make_close_out,
        done=handlers.note_close_out,
        failed=handlers.note_close_out_failure,
        concurrency=2,
        **known,
    )
    service.effect(CallBackCarrier, call=handlers.call_back, outside=service.http(base_url="", system="carrier"))
    _listen(service, settings, carriers)
    return service


def _listen(service: Service, settings: ServiceSettings, carriers: dict[str, Carrier]) -> None:
    """Take what carriers tell, and ask for what they do not."""
    profiles, secrets = _profiles(settings), SecretFiles(settings.secrets_dir)
    mapper = Mapper(service, profiles)
    keys = PublishedKeys(service.http(base_url="", system="published keys", timeout_seconds=3.0), secrets)
    doors = Doors(
        service,
        profiles,
        secrets,
        keys,
        wake=mapper.wake,
        backlog=lambda: mapper.backlog,
        backlog_limit=settings.backlog_limit,
        quotas=quotas(service, settings, lambda: mapper.backlog),
    )
    urls = {"swiftparcel": settings.swiftparcel_url, "nordfreight": settings.nordfreight_url, **settings.carrier_urls}
    rate = settings.carrier_calls_per_second
    asked = {
        carrier: service.http(base_url=url, system=carrier, calls_per_second=rate) for carrier, url in urls.items()
    }
    service.every(0.0, mapper.map_waiting)
    for channel in get_args(Channel):
        service.redo(channel, mapper.map_again)
    service.every(REFRESH_SECONDS, partial(_refresh, profiles))
    service.every(settings.poll_seconds, Asker(service, profiles, asked, secrets).ask)
    service.every(DROP_SECONDS, partial(drop_old, service, settings.raw_keep_days))
    service.routes(router(service, carriers, doors, profiles))


async def _refresh(profiles: Profiles) -> None:
    profiles.refresh()


def _profiles(settings: ServiceSettings) -> Profiles:
    if not settings.carriers_dir.is_dir():
        raise StartupError(
            f"There is no folder of carrier profiles at {settings.carriers_dir}: set CROSSDOCK_CARRIERS_DIR."
        )
    profiles = Profiles(settings.carriers_dir)
    profiles.refresh()
    return profiles


def _carriers(service: Service, settings: ServiceSettings) -> dict[str, Carrier]:
    limits = {
        "timeout_seconds": settings.carrier_timeout_seconds,
        "calls_per_second": settings.carrier_calls_per_second,
    }
    swiftparcel = service.http(base_url=settings.swiftparcel_url, system="swiftparcel", **limits)
    nordfreight = service.http(base_url=settings.nordfreight_url, system="nordfreight", **limits)
    return {
        "swiftparcel": SwiftparcelClient(swiftparcel, base_url=settings.swiftparcel_url),
        "nordfreight": NordfreightClient(nordfreight, base_url=settings.nordfreight_url),
    }
