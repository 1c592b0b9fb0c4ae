"""The wiring of transport-planner."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from canonical.carrier import DeliveryException
from canonical.metadata import RoutingRule
from canonical.orders import ReturnAuthorized
from canonical.warehouse import PackCompleted
from chassis import Service, StartupError
from chassis.metadata import Metadata

from transport_planner import handlers
from transport_planner.api import router
from transport_planner.connectors.tms.client import TmsClient
from transport_planner.directory import CentralRouting
from transport_planner.domain import RoutingRules, Sites
from transport_planner.ports import RateReturn, RateShipment
from transport_planner.settings import ServiceSettings
from transport_planner.store import OrderStore, PlanStore, ReturnStore

M = TypeVar("M", bound=BaseModel)


def read(path: Path, model: type[M]) -> M:
    """Read a data file.

    Raises:
        StartupError: it is missing, no TOML, or says something we do not know.
    """
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise StartupError(f"{path} cannot be used as {model.__name__}: {error}") from error


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("transport-planner", settings)
    own, sites = read(settings.routing_rules_file, RoutingRules), read(settings.sites_file, Sites)
    routing = CentralRouting(Metadata(service, RoutingRule), own)
    tms = TmsClient(
        service.http(base_url=settings.tms_url, system="TMS", calls_per_second=settings.tms_calls_per_second)
    )
    service.on(PackCompleted, handlers.plan_shipment, plans=PlanStore, orders=OrderStore, sites=sites)
    service.on(DeliveryException, handlers.plan_again, plans=PlanStore, sites=sites)
    service.on(ReturnAuthorized, handlers.plan_return, returns=ReturnStore, orders=OrderStore, sites=sites)
    service.effect(
        RateShipment,
        call=handlers.fetch_quotes,
        done=handlers.choose_carrier,
        failed=handlers.hold_plan,
        resume=handlers.plan_held,
        concurrency=settings.tms_calls_at_once,
        rates=tms,
        plans=PlanStore,
        routing=routing,
        sites=sites,
        clock=service.clock,
    )
    service.effect(
        RateReturn,
        call=handlers.fetch_return_quotes,
        done=handlers.choose_return_carrier,
        failed=handlers.hold_return,
        concurrency=settings.tms_calls_at_once,
        rates=tms,
        returns=ReturnStore,
        routing=routing,
        sites=sites,
        clock=service.clock,
    )
    service.routes(router(service, tms, routing, sites))
    return service
