"""The wiring of transport-planner."""

from canonical.carrier import DeliveryException
from canonical.orders import ReturnAuthorized
from canonical.warehouse import PackCompleted
from chassis import Service

from transport_planner import handlers
from transport_planner.api import router
from transport_planner.connectors.tms.client import TmsClient
from transport_planner.domain import parse_routing
from transport_planner.ports import RateReturn, RateShipment
from transport_planner.settings import ServiceSettings
from transport_planner.store import PlanStore


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("transport-planner", settings)
    routing = parse_routing(settings.routing_rules_file.read_text(encoding="utf-8"))
    rates = TmsClient(service.http(base_url=settings.tms_url, system="TMS"))
    deps = {"plans": PlanStore, "routing": routing, "clock": service.clock, "rates": rates}
    service.on(PackCompleted, handlers.plan_shipment, plans=PlanStore, routing=routing)
    service.on(DeliveryException, handlers.plan_again, plans=PlanStore, routing=routing)
    service.on(ReturnAuthorized, handlers.plan_return, routing=routing)
    service.effect(
        RateShipment, call=handlers.fetch_quotes, done=handlers.choose_carrier, failed=handlers.hold_plan, **deps
    )
    service.effect(RateReturn, call=handlers.fetch_return_quotes, done=handlers.choose_return_carrier, **deps)
    service.routes(router(service, routing))
    return service
