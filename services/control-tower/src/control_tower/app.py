"""The wiring of control-tower."""

from chassis import Service

from control_tower.api import router
from control_tower.directory import Region
from control_tower.jobs import Keeper, Monitor
from control_tower.settings import ServiceSettings
from control_tower.store import EventArchive

JUDGE_SECONDS = 0.5
DAYS_SECONDS = 3600.0


def build(settings: ServiceSettings) -> Service:
    """Return the service, wired."""
    service = Service("control-tower", settings)
    archiver = service.archive(EventArchive)
    service.every(JUDGE_SECONDS, Monitor(service, archiver).judge)
    service.every(DAYS_SECONDS, Keeper(service, settings.archive_days).keep)
    service.routes(router(service, Region(service, settings.services_url)))
    return service
