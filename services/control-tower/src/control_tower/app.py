"""The wiring of control-tower."""

from canonical.tracking import keys_of
from chassis import LiveFile, Service

from control_tower.api import Links, public, router
from control_tower.directory import Brands, Regions
from control_tower.domain.visitors import Visitors
from control_tower.jobs import Collector, Keeper, Mirror, Monitor, Refresher, Registrar
from control_tower.records.sla import Sla
from control_tower.settings import ServiceSettings
from control_tower.store import EventArchive

JUDGE_SECONDS = 0.5
DAYS_SECONDS = 3600.0
REFRESH_SECONDS = 2.0
REGISTER_SECONDS = 3600.0
MIRROR_SECONDS = 1.0
AUDIT_SECONDS = 15.0
COUNT_SECONDS = 300.0


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("control-tower", settings)
    archiver = service.archive(EventArchive)
    service.every(JUDGE_SECONDS, Monitor(service, archiver).judge)
    service.every(DAYS_SECONDS, Keeper(service, settings.days_of_classes()).keep)
    service.every(REGISTER_SECONDS, Registrar(service, settings.contracts_dir).register)
    service.every(MIRROR_SECONDS, Mirror(service).write)
    regions = Regions(service, settings.addresses())
    collector = Collector(service, regions)
    service.every(AUDIT_SECONDS, collector.collect)
    limits = Sla(service.engine)
    service.every(COUNT_SECONDS, limits.count_ahead)
    service.routes(router(service, regions, collector, archiver, limits))
    _track(service, settings)
    return service


def _track(service: Service, settings: ServiceSettings) -> None:
    """Serve the customers' tracking pages."""
    brands = Brands(settings.brands_dir)
    brands.refresh()
    service.every(REFRESH_SECONDS, Refresher(brands).refresh)
    keys = LiveFile(settings.tracking_keys_file, keys_of) if settings.tracking_keys_file else None
    visitors = Visitors(settings.visits_per_minute)
    service.routes(public(service, Links(service, keys), brands, visitors, settings.proxies))
